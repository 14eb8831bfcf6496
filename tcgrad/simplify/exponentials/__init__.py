"""Exponentials, their sums, quotients and logarithms: as they are read, and so that none overflows."""
