"""The commands: a file each, with its options, its examples and what it does."""
