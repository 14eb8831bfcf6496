"""From syntax trees to expressions of the IR, with every sum where the summation convention puts it."""
