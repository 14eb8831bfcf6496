"""Equations, recurrences and expectations as statements of a program."""
