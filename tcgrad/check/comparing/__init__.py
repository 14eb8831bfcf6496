"""Comparisons at one sample: derivatives and the module's functions against their references."""
