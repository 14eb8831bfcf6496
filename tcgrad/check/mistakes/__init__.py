"""Mistakes that derivatives may have: told of wrong ones, and planted in right ones."""
