"""The subjects of a check at a sample: derived formulas and the emitted module."""
