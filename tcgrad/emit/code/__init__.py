"""From the array program to Python."""
