"""Garbage is searched for rarely while a program is worked on, and as before afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier, Thread

import pytest

import tcgrad
from tcgrad import collecting
from tcgrad.collecting import collecting_rarely

Setting = tuple[int, int, int]


@pytest.fixture(autouse=True)
def _setting_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing waits for a search that other tests have put off."""
    monkeypatch.setattr(collecting, "_SEARCH", collecting.Search())
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize(
    ("before", "inside"),
    [((700, 10, 10), 500_000), ((0, 10, 10), 0), ((900_000, 5, 5), 900_000)],
    ids=["as by default", "turned off", "rarer still"],
)
def test_it_is_rare_inside_and_as_before_afterwards(before: Setting, inside: int):
    gc.set_threshold(*before)
    with collecting_rarely():
        assert gc.get_threshold() == (inside, *before[1:])
        with collecting_rarely():
            assert gc.get_threshold()[0] == inside
        assert gc.get_threshold()[0] == inside
    assert gc.get_threshold() == before


def test_threads_that_overlap_leave_it_as_it_was():
    gc.set_threshold(700, 10, 10)
    both_inside, first_is_out = Barrier(2), Barrier(2)
    seen: list[int] = []

    def first() -> None:
        with collecting_rarely():
            both_inside.wait(10)
        first_is_out.wait(10)

    def second() -> None:
        with collecting_rarely():
            both_inside.wait(10)
            first_is_out.wait(10)
            seen.append(gc.get_threshold()[0])

    threads = [Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert seen == [500_000]
    assert gc.get_threshold() == (700, 10, 10)


def test_an_error_leaves_it_as_it_was():
    gc.set_threshold(700, 10, 10)
    function = tcgrad.loads("inputs: {x: [3]}\nequations: ['y[i] = x[i]^2']\n")
    with pytest.raises(tcgrad.TcgradError):
        function.derive(wrt=["z"])
    assert gc.get_threshold() == (700, 10, 10)


@contextmanager
def _searches() -> Iterator[list[int]]:
    """The generations that are searched inside, in order."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            found.append(info["generation"])

    gc.callbacks.append(note)
    try:
        yield found
    finally:
        gc.callbacks.remove(note)


def _objects(count: int) -> list[list[int]]:
    """As many new objects that may hold others."""
    return [[number] for number in range(count)]


def test_what_is_left_waits_for_a_search():
    gc.set_threshold(700, 10, 10)
    gc.collect()
    with _searches() as found:
        with collecting_rarely():
            kept = _objects(100_000)
        assert gc.get_count()[0] < 700
    assert found == []
    assert len(kept) == 100_000


LAYERS = """
dims: {T: 3, D: 4}
inputs: {x: [T, D], w: [D, D], v: [D, D]}
equations:
  - s[i,j] = x[i,d]*w[d,e]*x[j,e]/sqrt(D)
  - a[i,j] = exp(s[i,j])/(1[k]*exp(s[i,k]))
  - u[i,d] = x[i,d] + a[i,j]*x[j,e]*v[e,d]
  - r[i] = sqrt(1[d]*u[i,d]^2/D + 0.00001)
  - y[i,d] = tanh(u[i,d]/r[i])
"""


def test_little_waits_for_a_search():
    """Nodes and what is emitted do not hold themselves: they are gone as soon as nothing else holds them."""
    tcgrad.loads(LAYERS).emit()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        function = tcgrad.loads(LAYERS)
        function.derive()
        function.emit()
        made = len(gc.get_objects()) - before
        assert gc.collect() < made / 4
    finally:
        gc.enable()


def test_much_that_is_left_is_searched_at_once():
    gc.set_threshold(700, 10, 10)
    gc.collect()
    with _searches() as found:
        for _ in range(30):
            with collecting_rarely():
                _objects(100_000).append([])
        kept = []
        for _ in range(30):
            with collecting_rarely():
                kept.append(_objects(100_000))
    assert 2 <= found.count(2) <= 4


def test_what_the_caller_has_set_apart_stays_so():
    gc.set_threshold(700, 10, 10)
    gc.collect()
    gc.freeze()
    try:
        apart = gc.get_freeze_count()
        with collecting_rarely():
            kept = _objects(10_000)
        assert gc.get_freeze_count() <= apart
        assert gc.get_freeze_count() > apart - 1000
        assert kept
    finally:
        gc.unfreeze()
