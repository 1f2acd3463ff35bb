"""The command line, ``servflow``: a desk over one SQLite file.

Exit codes: 0 fine, 1 problems found, 2 wrong usage, 3 refused by a rule.
"""

from __future__ import annotations

import io
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run ``servflow`` with the arguments of the process; never returns."""
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ImportError as error:
        sys.stderr.write(f"servflow: {error.name} is not installed; install servflow[cli]\n")
        sys.exit(2)
    from servflow.cli._app import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where whoever started us has closed it
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run(sys.argv[1:])
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # as with head: who reads has seen enough
            sys.stderr.write(f"servflow: {error}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or it is tried again at the end
        code = 1
    sys.exit(code)
