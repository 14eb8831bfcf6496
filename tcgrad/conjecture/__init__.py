"""Shorter names for parts of a formula: guessed from their values at a few points, and written once they are proved.

A definition says more than its formula shows: ``1[i]*z[i]^2`` is ``N`` where ``z`` is standardised. Which of a thousand
such relations a formula needs is quickly seen in numbers, and an identity that is known is quickly proved.
"""
