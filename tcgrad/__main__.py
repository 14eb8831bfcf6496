"""``python -m tcgrad`` and the ``tcgrad`` command."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its status; an interrupt is quiet from the first import on."""
    try:
        from tcgrad.cli.run import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = _INTERRUPTED
    sys.exit(status)


if __name__ == "__main__":
    main()
