"""Notations of whole arrays: modified Einstein notation and ``np.einsum``."""
