"""Before lowering, on the IR: forms that neither overflow nor lose digits, and that arrays do fast."""
