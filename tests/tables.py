"""Tables of text at the head of test files, a case a line."""

import pytest


def rows(table):
    """The cases for ``parametrize``: of ``name: one | other`` the parts, called by the name."""
    split = [line.partition(": ") for line in table.strip().splitlines()]
    return [pytest.param(*rest.split(" | "), id=name) for name, _, rest in split]
