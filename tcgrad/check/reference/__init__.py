"""Derivatives by difference quotients, complex steps and exact arithmetic, each with a bound on its error."""
