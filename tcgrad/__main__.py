"""``python -m tcgrad`` and the ``tcgrad`` command."""

from __future__ import annotations

import signal
import sys
from _thread import interrupt_main
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_INTERRUPTED = 130
_MOMENT = 0.01  # seconds, in which a callback returns


def main() -> None:
    """Run the command line and exit with its status; an interrupt is quiet from the first import to the last flush."""
    sys.unraisablehook = _interrupt_again
    try:
        from tcgrad.cli.run import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = _INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the work is done: what Python still takes down changes no status
    exec("")  # noqa: S102 - of the last text that ran, ``python -m`` asks whether it was interrupted, and dies of it
    sys.exit(status)


def _interrupt_again(lost: UnraisableHookArgs) -> None:
    """Python drops what is raised in the callback of a weak reference or in ``__del__``, an interrupt too."""
    if lost.exc_type is KeyboardInterrupt:
        Timer(_MOMENT, interrupt_main).start()
    else:
        sys.__unraisablehook__(lost)


if __name__ == "__main__":
    main()
