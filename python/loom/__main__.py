"""``python -m loom``: the ``loom`` program of this environment."""

import os
import subprocess
import sys

from .command import program


def main() -> int:
    """Becomes the program, where the system knows how; else runs it."""
    command = [program(), *sys.argv[1:]]
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main())
