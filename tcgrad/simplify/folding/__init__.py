"""Definitions recognised in expressions, which are written with their components."""
