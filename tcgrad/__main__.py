"""``python -m tcgrad`` and the ``tcgrad`` command."""

from __future__ import annotations

import signal
import sys
import time
from _thread import interrupt_main, start_new_thread
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_INTERRUPTED = 130
_AGAIN = 0.5  # seconds, in which an interrupt that is not dropped has ended the program


def main() -> None:
    """Run the command line and exit with its status; an interrupt is quiet from the first import to the last flush."""
    sys.unraisablehook = _say_nothing_of_interrupts
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # in the background of a shell it is ignored
        signal.signal(signal.SIGINT, _interrupt)
    try:
        from tcgrad.cli.run import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = _INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the work is done: what Python still takes down changes no status
    exec("")  # noqa: S102 - of the last text that ran, ``python -m`` asks whether it was interrupted, and dies of it
    sys.exit(status)


def _interrupt(*_: object) -> NoReturn:
    """Interrupt, and once more where the program goes on all the same.

    Python drops what is raised in ``__del__`` and in the callback of a weak reference, libraries what is raised where
    they try something. No lock is needed to start this thread, as one of `threading` needs: it may be held here.
    """
    start_new_thread(_interrupt_again, ())
    raise KeyboardInterrupt


def _interrupt_again() -> None:
    time.sleep(_AGAIN)
    interrupt_main()


def _say_nothing_of_interrupts(lost: UnraisableHookArgs) -> None:
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)


if __name__ == "__main__":
    main()
