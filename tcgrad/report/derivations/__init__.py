"""The ``derive`` report."""
