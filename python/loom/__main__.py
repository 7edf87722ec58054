"""``python -m loom``: runs the ``loom`` program of this Python environment."""

import os
import subprocess
import sys

from .command import program


def main() -> int:
    """Runs the program with the arguments of this process; on POSIX, the program replaces this process.

    Returns:
        The program's exit code.
    """
    command = [program(), *sys.argv[1:]]
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main())
