"""From the IR to the array program."""
