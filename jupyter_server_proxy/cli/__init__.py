"""The command `jupyter server-proxy`, which speaks to a running Jupyter server.

Here is only how it ends, whatever it does: nobody is shown a traceback for Ctrl-C or for not
reading on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

# As shells say it of a program that Ctrl-C has ended: 128 and the number of the signal.
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is one of `exit_codes.ExitCode`."""
    try:
        try:
            # Here, since loading takes a while, too.
            from .commands import run  # noqa: PLC0415

            return run(sys.argv[1:] if arguments is None else arguments)
        finally:
            # Else it would be for Python to complain when it ends.
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Who reads our output has had enough.
        _write_to_nowhere()
        return 0


def _write_to_nowhere() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
