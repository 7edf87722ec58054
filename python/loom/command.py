"""The ``loom`` program: where it is, and what it answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Union, cast

from .errors import LoomError, LoomNotFoundError, failure

PathLike = Union[str, "os.PathLike[str]"]

_NAME = "loom.exe" if os.name == "nt" else "loom"


def program() -> str:
    """The ``loom`` program: ``LOOM_BIN``, else that of this environment, of the user, or on ``PATH``."""
    named = os.environ.get("LOOM_BIN")
    if named:
        found = shutil.which(named)
        if found is None:
            raise LoomNotFoundError(f"LOOM_BIN is {named}, which is no program that can be run", exit_code=127)
        return found
    for folder in _folders():
        found = shutil.which(_NAME, path=folder)
        if found is not None:
            return found
    found = shutil.which(_NAME)
    if found is None:
        hint = "`pip install loom` puts it beside python; LOOM_BIN may name another one"
        raise LoomNotFoundError("the loom program is not installed", exit_code=127, hint=hint)
    return found


def _folders() -> list[str]:
    """The folders into which installers put programs."""
    schemes = sysconfig.get_scheme_names()
    user = "osx_framework_user" if sysconfig.get_config_var("PYTHONFRAMEWORK") else f"{os.name}_user"
    folders = [sysconfig.get_path("scripts")]
    if user in schemes:
        folders.append(sysconfig.get_path("scripts", user))
    return folders


def ask(
    *arguments: str,
    cwd: Optional[PathLike] = None,
    env: Optional[Mapping[str, str]] = None,
) -> Any:
    """Runs ``loom --json ARGUMENTS…`` to its end and answers its document.

    What it has to say to people goes to this process's stderr.

    Raises:
        LoomError: with the program's exit code, message and hint.
    """
    done = subprocess.run(
        [program(), "--json", *arguments],
        cwd=None if cwd is None else os.fspath(cwd),
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    return answer(done.stdout, done.returncode, arguments)


def environment(more: Optional[Mapping[str, str]]) -> Optional[dict[str, str]]:
    """This process's environment and ``more``; ``None`` where nothing is added."""
    return {**os.environ, **more} if more else None


def answer(output: bytes, code: int, arguments: Sequence[str]) -> Any:
    """The document in ``output``; its error is raised."""
    try:
        document: Any = json.loads(output)
    except ValueError:
        said = output.decode(errors="replace").strip() or "nothing"
        command = " ".join(["loom", *arguments])
        raise LoomError(f"`{command}` ended with {code} and said {said}", exit_code=code or 1) from None
    error = cast("Mapping[str, Any]", document).get("error") if isinstance(document, dict) else None
    if error is not None:
        raise failure(error)
    return cast(Any, document)


def as_path(answered: Any) -> Path:
    """A path of a document."""
    return Path(str(answered))
