"""Reading files that a setting or an argument names."""

from __future__ import annotations

import os
import stat

from .command import PathLike

# Opening a FIFO or a device returns at once, where there are such.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: PathLike) -> int:
    """Opens a regular file and returns its descriptor.

    Raises:
        OSError: if the file cannot be opened or is not a regular file; a FIFO without a writer is not waited for.
    """
    descriptor = os.open(path, _FLAGS)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(None, "not a regular file", os.fspath(path))


def read_bounded(path: PathLike, limit: int) -> bytes:
    """Reads a regular file of at most ``limit`` bytes.

    Raises:
        OSError: if the file cannot be read, is not a regular file, or is larger.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(None, f"larger than {limit >> 20} MiB", os.fspath(path))
    return content
