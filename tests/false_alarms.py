"""Verdicts of the checker on generated programs. What tcgrad derives and emits is right: every failure is an alarm that
is false, or a fault that was not known.

As a script: ``python tests/false_alarms.py LANGUAGE FIRST LAST FILE``, with a language of ``SPECS``, appends a line of
JSON for every program to FILE, leaves out those that stand there, and prints a summary of all of them.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from deep_programs import deep_spec
from graph_programs import graph_spec
from hypothesis import HealthCheck, Phase, given, seed, settings
from masked_programs import masked_spec
from programs import specs
from recurrent_programs import recurrent_spec
from rich_programs import rich_spec
from whole_programs import whole_spec

from tcgrad.api import loads
from tcgrad.check import check

DTYPES = ("float16", "float32", "float64")

# How many programs of each language count. Those of the plain one are drawn together, and follow from their number.
MANY = {"plain": 1500, "whole": 500}


@cache
def plain_specs() -> list[str]:
    """Random specs of the plain language, always the same ones."""
    drawn: list[str] = []

    @seed(0)
    @settings(
        max_examples=MANY["plain"],
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(specs())
    def draw(text: str) -> None:
        drawn.append(text)

    draw()
    return drawn


SPECS: dict[str, Callable[[int], str]] = {
    "plain": lambda number: plain_specs()[number],
    "whole": whole_spec,
    "rich": rich_spec,
    "masked": masked_spec,
    "graph": graph_spec,
    "recurrent": recurrent_spec,
    "deep": deep_spec,
}


def verdicts(kind: str, number: int, trials: int = 1) -> dict[str, Any]:
    """What a check of one program says in each type: how many results of each status, and those that are not well."""
    started = process_time()
    made = loads(SPECS[kind](number), f"{kind}-{number}")
    found: dict[str, Any] = {"kind": kind, "number": number, "statuses": {}, "unwell": []}
    try:
        results = check(
            made.program, derivation=made.derivation, module=made.compile(), dtype=DTYPES, trials=trials
        ).results
    except Exception as error:  # noqa: BLE001 - a program that stops the checker is what is looked for, too
        found["error"] = f"{type(error).__name__}: {error}"
        results = ()
    for dtype in DTYPES:
        found["statuses"][dtype] = Counter(result.status for result in results if result.dtype == dtype)
    for result in results:
        if result.status in ("fail", "inconclusive"):
            row = f"{result.kind} ({result.subject}) of {result.of} by {result.wrt}"
            found["unwell"].append((result.dtype, result.status, row, result.message))
    return found | {"seconds": round(process_time() - started, 2)}


def summary(found: Iterable[dict[str, Any]]) -> str:
    """Programs, verdicts and results in each type, and the programs that are not well, by their numbers."""
    rows = list(found)
    lines = [f"{len(rows)} programs, {sum(row['seconds'] for row in rows):.0f} s"]
    for dtype in DTYPES:
        statuses = sum((Counter(row["statuses"][dtype]) for row in rows), Counter())
        verdict = Counter(worst(row, dtype) for row in rows)
        lines.append(f"  {dtype}: {dict(sorted(verdict.items()))}, results {dict(sorted(statuses.items()))}")
    lines += [f"  {row['kind']} {row['number']}: {row['error']}" for row in rows if "error" in row]
    lines += [
        f"  {row['kind']} {row['number']} {dtype} {status}: {what} {message}"
        for row in rows
        for dtype, status, what, message in row["unwell"]
        if status == "fail"
    ]
    return "\n".join(lines)


def worst(row: dict[str, Any], dtype: str) -> str:
    """The verdict on a program in one type."""
    statuses = row["statuses"][dtype]
    if "error" in row:
        return "error"
    return next((status for status in ("fail", "inconclusive") if statuses.get(status)), "pass")


def main(kind: str, first: str, last: str, file: str) -> None:
    if kind == "plain" and int(last) > MANY[kind]:
        sys.exit(f"there are {MANY[kind]} plain programs, not {last}")
    warnings.simplefilter("ignore")
    path = Path(file)
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    there = {(row["kind"], row["number"]) for row in rows}
    with path.open("a") as log:
        for number in range(int(first), int(last)):
            if (kind, number) not in there:
                rows.append(verdicts(kind, number))
                log.write(json.dumps(rows[-1]) + "\n")
                log.flush()
    print(summary(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
