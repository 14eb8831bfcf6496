"""The ``check`` report as one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

from tcgrad.check.judging.results import CheckResult, Place, Result


def render_json(results: Sequence[CheckResult]) -> dict[str, Any]:
    """All results as data: ``ok``, and ``specs`` with ``spec``, ``name``, ``ok``, ``results`` and ``notes`` each.

    A result has what `Result` has; ``worst`` is the worst element's position, with ``worst_text``, ``worst_found``,
    ``worst_reference`` and ``worst_sizes`` beside it. A number that is not finite is null.
    """
    specs = [_spec(result) for result in results]
    return {"ok": all(spec["ok"] for spec in specs) and bool(specs), "specs": specs}


def _spec(result: CheckResult) -> dict[str, Any]:
    return {
        "spec": result.spec,
        "name": result.name,
        "ok": result.ok,
        "results": [_result(each) for each in result.results],
        "notes": list(result.notes),
        "seconds": round(result.seconds, 6),
        "evaluations": result.evaluations,
    }


def _result(result: Result) -> dict[str, Any]:
    data = asdict(result) | {"worst": None, "seconds": round(result.seconds, 6)}
    data |= _worst(result.worst)
    del data["evidence"]
    if result.evidence is not None:
        data["histogram"] = dict(result.evidence.histogram)
        data["worst_elements"] = [_element(place) for place in result.evidence.worst]
    del data["terms"]
    if result.kind != "expect":
        del data["proved"], data["equation"], data["formula"]
    elif result.terms:
        data["terms"] = [
            {name: _finite_or_none(value) for name, value in asdict(term).items()} for term in result.terms
        ]
    if result.kind != "self_test":
        del data["mistake"], data["planted"]
    return {name: _finite_or_none(value) for name, value in data.items()}


def _worst(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {}
    return {
        "worst": list(place.position),
        "worst_text": place.text,
        "worst_found": place.found,
        "worst_reference": place.reference,
        "worst_sizes": place.sizes or None,
        **({"worst_sample": place.sample} if place.samples else {}),
    }


def _element(place: Place) -> dict[str, Any]:
    numbers = {"found": place.found, "reference": place.reference, "tolerance": place.tolerance}
    named = {"position": list(place.position), "text": place.text}
    return named | {name: _finite_or_none(value) for name, value in numbers.items()}


def _finite_or_none(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    return None if isinstance(value, float) and not isfinite(value) else value
