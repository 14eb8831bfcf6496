"""The version of the package; reports name it."""

__version__ = "0.1.0"
