"""What a spec says that is right and yet may not be meant: warnings with a code and a place."""

from tcgrad.lint.lint import lint

__all__ = ["lint"]
