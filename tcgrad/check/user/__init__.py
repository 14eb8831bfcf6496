"""A user's own forward and backward: found, called, and what they return."""
