"""What definitions say: of their components, and of what these are made of."""
