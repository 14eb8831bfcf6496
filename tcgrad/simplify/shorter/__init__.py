"""Sums and products written otherwise where that costs less to read."""
