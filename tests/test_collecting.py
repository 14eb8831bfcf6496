"""Garbage is searched for rarely while a program is worked on, and as before afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest

import tcgrad
from tcgrad.collecting import collecting_rarely

Setting = tuple[int, int, int]


@pytest.fixture(autouse=True)
def _setting_as_it_was() -> Iterator[None]:
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
