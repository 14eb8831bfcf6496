"""Cases that are many of a kind: CI runs a share of them, ``-m long`` the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def share(cases: Iterable[Any], every: int) -> list[Any]:
    """The cases for ``parametrize``, each but the first of every few marked as ``long``."""
    return [case if place % every == 0 else _long(case) for place, case in enumerate(cases)]


def _long(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)
