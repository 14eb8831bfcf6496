"""Formulas as single NumPy expressions."""
