"""Finds the ``loom`` program, runs it and parses its JSON output."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Union, cast

from .errors import LoomError, LoomNotFoundError, error_from_document

PathLike = Union[str, "os.PathLike[str]"]

_NAME = "loom.exe" if os.name == "nt" else "loom"


def program() -> str:
    """Returns the path of the ``loom`` program.

    The program is searched for in this order: ``LOOM_BIN``, the script folder of this Python environment, the user's
    script folder, ``PATH``.

    Raises:
        LoomNotFoundError: if there is no such program, or ``LOOM_BIN`` does not name an executable file.
    """
    configured = os.environ.get("LOOM_BIN")
    if configured:
        return _configured_program(configured)
    # ``None`` makes ``which`` search PATH.
    for folder in (*_script_folders(), None):
        found = shutil.which(_NAME, path=folder)
        if found is not None:
            return found
    hint = "install it with `pip install loom`, or set LOOM_BIN to the path of a loom program"
    raise LoomNotFoundError(
        "loom program not found in this Python environment or on PATH", exit_code=127, hint=hint
    )


def _configured_program(configured: str) -> str:
    found = shutil.which(configured)
    if found is None:
        hint = "set LOOM_BIN to the path of a loom program, or unset it"
        raise LoomNotFoundError(f"LOOM_BIN={configured} is not an executable file", exit_code=127, hint=hint)
    return found


def _script_folders() -> list[str]:
    """Returns the folders into which pip installs programs: of this environment, then of the user."""
    folders = [sysconfig.get_path("scripts")]
    user_scheme = "osx_framework_user" if sysconfig.get_config_var("PYTHONFRAMEWORK") else f"{os.name}_user"
    if user_scheme in sysconfig.get_scheme_names():
        folders.append(sysconfig.get_path("scripts", user_scheme))
    return folders


def run_json(
    *arguments: str,
    cwd: Optional[PathLike] = None,
    env: Optional[Mapping[str, str]] = None,
) -> Any:
    """Runs ``loom --json ARGUMENTS…`` and waits for its exit.

    The program's messages and progress go to the stderr of this process.

    Args:
        arguments: command and options.
        cwd: the working directory; by default that of this process.
        env: variables that are added to the environment of this process.

    Returns:
        The JSON document that the program printed.

    Raises:
        LoomError: with the program's exit code, message and hint.
    """
    completed = subprocess.run(
        [program(), "--json", *arguments],
        cwd=None if cwd is None else os.fspath(cwd),
        env=merged_environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    return parse_document(completed.stdout, completed.returncode, arguments)


def merged_environment(additions: Optional[Mapping[str, str]]) -> Optional[dict[str, str]]:
    """Returns the environment of this process with ``additions``; ``None`` (inherit) if nothing is added."""
    return {**os.environ, **additions} if additions else None


def parse_document(output: bytes, exit_code: int, arguments: Sequence[str]) -> Any:
    """Parses what ``loom --json`` printed.

    Args:
        output: stdout of the program.
        exit_code: exit code of the program.
        arguments: its arguments, for the error message.

    Returns:
        The JSON document.

    Raises:
        LoomError: the error that the document describes, or that ``output`` is not JSON.
    """
    try:
        document: Any = json.loads(output)
    except ValueError:
        command = " ".join(["loom", *arguments])
        printed = output.decode(errors="replace").strip() or "nothing"
        message = f"`{command}` exited with code {exit_code}: expected a JSON document on stdout, got {printed}"
        raise LoomError(message, exit_code=exit_code or 1) from None
    error = cast("Mapping[str, Any]", document).get("error") if isinstance(document, dict) else None
    if error is not None:
        raise error_from_document(error)
    return cast(Any, document)


def as_path(value: Any) -> Path:
    """Converts a path from a JSON document."""
    return Path(str(value))
