"""False alarms on 2,000 generated programs in three types; run with ``-m benchmark -s``, a hundred programs at a time.

``python tests/false_alarms.py`` does the same and can go on where it was stopped.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from false_alarms import MANY, summary, verdicts

pytestmark = pytest.mark.benchmark

TOGETHER = 100


@pytest.mark.parametrize(
    ("kind", "first"), [(kind, first) for kind, count in MANY.items() for first in range(0, count, TOGETHER)]
)
def test_generated_programs_raise_no_alarm(kind: str, first: int):
    warnings.simplefilter("ignore")
    found = [verdicts(kind, number) for number in range(first, first + TOGETHER)]
    print(f"\n{kind} programs from {first} on: {summary(found)}", end="")
    assert not [row for row in found if "error" in row or any(status == "fail" for _, status, *_ in row["unwell"])]
