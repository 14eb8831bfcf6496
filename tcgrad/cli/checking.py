"""Specs checked one after the other, or several at a time in processes of their own."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import tcgrad
from tcgrad.cli.status import pass_interrupt
from tcgrad.errors import TcgradError
from tcgrad.records import dataclass
from tcgrad.report.checks.places import locate
from tcgrad.report.checks.runs import Entry, issues

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Progress = Callable[[str], None]

_FEW = 8  # specs that are checked sooner than processes have started
_KILLED = "a process ended without a result, perhaps for want of memory; with --jobs 1 less is needed"
_GLANCE = 0.5  # seconds between two looks at a process that works
_SAFE = "PYTHONSAFEPATH"  # Python that starts with it does not look for modules in the current folder
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True)
class Task:
    """One spec to check; ``text``: what it holds, if it is not a file."""

    spec: str
    strict: bool | None = None
    text: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


def check_spec(task: Task, progress: Progress | None = None) -> Entry:
    """Check one spec. What a user's own code prints goes to standard error, for the report is on standard output.

    Raises:
        TcgradError: for what is wrong with the options, and so for every other spec.
    """
    try:
        with redirect_stdout(sys.stderr):
            function = _load(task)
            result = function.check(progress=progress, **task.options)
            warnings = issues(function.program.warnings, function.spec.source)
            places = locate(function.program, result.results)
            return Entry(task.spec, result.name, result, places, warnings=warnings)
    except TcgradError as error:
        if error.source is None:
            raise
        return Entry(task.spec, _name(task), errors=issues(error.diagnostics, error.source))
    except Exception as error:  # noqa: BLE001 (a bug met at one spec does not hide what there is to say of others)
        pass_interrupt(error)
        text = "".join(traceback.format_exception(error))
        return Entry(task.spec, _name(task), bug=f"{type(error).__name__}: {error}", traceback=text)


def _name(task: Task) -> str:
    """What a spec is called that could not be read."""
    return PurePath(task.spec).stem


def _load(task: Task) -> tcgrad.TensorFunction:
    if task.text is not None:
        return tcgrad.loads(task.text, task.spec, strict=task.strict)
    return tcgrad.load(task.spec, strict=task.strict)


def choose_jobs(wanted: int | None, tasks: int) -> int:
    """How many processes work on so many specs; ``wanted`` 0: one for each core, None: so if it is worth the start."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chosen = wanted or (1 if wanted is None and tasks <= _FEW else cores)
    return max(1, min(chosen, tasks))


def check_specs(
    tasks: Sequence[Task], jobs: int, begin: Callable[[str], None], progress: Progress
) -> Generator[Entry, None, None]:
    """Check all of them -> an entry for each, in their order, as soon as it and those before it are known.

    jobs: more than 1: so many processes. begin, progress: told which spec, and which part of it, comes next.
    Closing the iterator stops the work.
    """
    if jobs > 1:
        pool = _open_pool(jobs)
        if pool is not None:
            yield from _in_processes(pool, tasks, begin, progress)
            return
    _collect_seldom()
    for task in tasks:
        begin(task.spec)
        yield check_spec(task, progress)


def _open_pool(jobs: int) -> ProcessPoolExecutor | None:
    """Processes to work in; None on a machine that has not what they need to speak with each other."""
    from concurrent.futures import ProcessPoolExecutor

    # Processes are started anew rather than forked: a fork copies the threads' locks, but not the threads.
    context = multiprocessing.get_context("spawn")
    given = os.environ.get(_SAFE)
    try:
        with _variables(_SAFE):
            return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_work, initargs=(given,))
    except (ImportError, NotImplementedError, OSError):
        return None


def _in_processes(
    pool: ProcessPoolExecutor, tasks: Sequence[Task], begin: Callable[[str], None], progress: Progress
) -> Generator[Entry, None, None]:
    from concurrent.futures import wait
    from concurrent.futures.process import BrokenProcessPool

    try:
        with _interrupts_held_back(), _variables(_SAFE):  # processes are started as they are needed
            futures = [pool.submit(check_spec, task) for task in tasks]
        for task, future in zip(tasks, futures, strict=True):
            begin(task.spec)
            while not wait([future], timeout=_GLANCE).done:
                progress("")
            try:
                yield future.result()
            except BrokenProcessPool:
                yield Entry(task.spec, _name(task), bug=_KILLED)
    finally:
        for process in multiprocessing.active_children():
            process.terminate()
        pool.shutdown(cancel_futures=True)  # waits for the pool's own thread, which the end of Python would race with


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C reaches every process of the group, and the first one deals with it, after this.

    Those that are started meanwhile hold it back for ever: even while they import what they need.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_work(safe: str | None) -> None:
    """Where interrupts cannot be held back from the start, a process ignores them from now on.

    safe: the first process's value of `_SAFE`, which a user's own code finds here as well.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if safe is None:
        os.environ.pop(_SAFE, None)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _collect_seldom()


def _end_with_parent() -> None:
    """End this process when the first one does: one that is killed tells no other to stop, and they would wait on."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _collect_seldom() -> None:
    """Trees of expressions are many small objects, of which few are garbage: looking for it often is a waste."""
    gc.set_threshold(100_000, 50, 100)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let a BLAS that starts meanwhile, here or in other processes, have one thread.

    Its sums are then rounded alike, however many cores there are. They are better used by a process each.
    """
    with _variables(*_THREADS):
        yield


@contextmanager
def _variables(*names: str) -> Iterator[None]:
    """Let these be 1 in the environment meanwhile, unless they are something already."""
    new = {name: "1" for name in names if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)
