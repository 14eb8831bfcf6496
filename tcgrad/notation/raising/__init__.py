"""From index notation to matrix notation."""
