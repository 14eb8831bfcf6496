"""Which values each index takes."""
