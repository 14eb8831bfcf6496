"""What a user's own code is given and what it returns: arrays of NumPy, tensors of PyTorch, arrays of JAX."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.evaluate import Array
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Framework:
    """A way to hand arrays over and to take them back.

    hand: an array as what a function is given. take: what it returned as an array.
    kind: what it must return; None: anything that NumPy makes an array of.
    is_view: whether what is written to an array is seen in what was handed over of it.
    """

    name: str
    hand: Callable[[Array], Any]
    take: Callable[[Any], Array]
    kind: type | None = None
    has_longdouble: bool = False
    is_view: bool = True


NUMPY: Final = Framework("numpy", lambda array: array, np.asarray, None, True)


def load_framework(name: str) -> Framework:
    """The framework of that name, its package imported.

    Raises:
        TcgradError: with code TC505 if there is none, or the package is not installed.
    """
    if name not in _LOADERS:
        raise _refusal(f"there is no framework `{name}`", f"choose among {', '.join(_LOADERS)}")
    try:
        return _LOADERS[name]()
    except ImportError as error:
        help_line = f"install it beside tcgrad: `pip install {name}`"
        raise _refusal(f"`{name}` is not installed: {error}", help_line) from error


def _torch() -> Framework:
    torch: Any = importlib.import_module("torch")

    def take(tensor: Any) -> Array:
        """A tensor that is stored in another way, as sparse or negated ones are, as it reads."""
        return np.asarray(tensor.detach().to_dense().cpu().resolve_conj().resolve_neg().numpy())

    return Framework("torch", torch.from_numpy, take, torch.Tensor)


def _jax() -> Framework:
    jax: Any = importlib.import_module("jax")
    # Without this JAX makes float32 of every float64.
    jax.config.update("jax_enable_x64", True)
    return Framework("jax", jax.numpy.asarray, np.asarray, jax.Array, is_view=False)


_LOADERS: Final[dict[str, Callable[[], Framework]]] = {"numpy": lambda: NUMPY, "torch": _torch, "jax": _jax}
FRAMEWORK_NAMES: Final = tuple(_LOADERS)


def _refusal(message: str, help_line: str) -> TcgradError:
    return TcgradError((Diagnostic("TC505", message, help=help_line),))
