"""The functions of the table by mpmath, as functions of one number; where they have more arguments these are fixed."""

from fractions import Fraction

# The arguments behind the first one.
MORE = {"leaky_relu": (Fraction(1, 4),), "max": (Fraction(1, 4),), "min": (Fraction(1, 4),),
        "atan2": (Fraction(1, 4),), "clip": (Fraction(-1, 2), Fraction(1, 2))}  # fmt: skip


def by_mpmath(name, a):
    """The value at ``a``: of polygamma, whose order is 2, at its second argument."""
    import mpmath

    formulas = {
        "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
        "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
        "gelu": lambda z: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2,
        "gelu_tanh": lambda z: (
            z * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (z + mpmath.mpf("0.044715") * z**3))) / 2
        ),
        "silu": lambda z: z / (1 + mpmath.exp(-z)),
        "elu": lambda z: z if z > 0 else mpmath.expm1(z),
        "relu": lambda z: max(z, mpmath.mpf(0)),
        "lgamma": mpmath.loggamma,
        "abs": abs,
        "cbrt": lambda z: mpmath.sign(z) * mpmath.cbrt(abs(z)),
        "leaky_relu": lambda z: z if z > 0 else z / 4,
        "clip": lambda z: min(max(z, mpmath.mpf(-0.5)), mpmath.mpf(0.5)),
        "max": lambda z: max(z, mpmath.mpf(0.25)),
        "min": lambda z: min(z, mpmath.mpf(0.25)),
        "atan2": lambda z: mpmath.atan2(z, mpmath.mpf(0.25)),
        "polygamma": lambda z: mpmath.psi(2, z),
    }  # fmt: skip
    return formulas.get(name, getattr(mpmath, name, None))(mpmath.mpf(a))
