"""Downloads and locates binaries of the runtime."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Optional

from .command import PathLike, as_path, run_json
from .defaults import LATEST, is_given
from .files import open_regular, read_bounded

__all__ = [
    "BINARY",
    "binary_path",
    "cache_dir",
    "find_local_build",
    "get_binary",
    "platform_tag",
    "verify_checksum",
]

BINARY = "loom-bridge-server"
"""Name of the runtime's binary."""

_BLOCK_SIZE = 1 << 20
"""Bytes that are read at once for a checksum."""

_MAX_MANIFEST_SIZE = 1 << 20
"""The size limit of a ``Cargo.toml``, in bytes."""


def platform_tag() -> str:
    """Returns the platform name in releases for this machine, such as ``linux-x86_64``."""
    return str(run_json("store", "path")["platform"])


def cache_dir() -> Path:
    """Returns the folder of installed versions, by default ``~/.cache/loom/bin``."""
    return as_path(run_json("store", "path")["root"]) / "bin"


def binary_path(binary_name: str = BINARY, version: str = "latest") -> Path:
    """Returns the path at which a version of a binary is, or would be, installed.

    Args:
        binary_name: the binary.
        version: ``latest`` or a version.
    """
    arguments = ("--binary", binary_name, "store", "path", "--expected", "--version", version)
    return as_path(run_json(*arguments)["path"])


def get_binary(
    binary_name: str = BINARY,
    version: str = LATEST,
    allow_local: bool = True,
    prefer_release: bool = True,
    force_download: bool = False,
    locked: bool = False,
    frozen: bool = False,
) -> Path:
    """Installs a release unless it is installed already.

    Args:
        binary_name: the binary.
        version: ``latest``, a version, a range, or ``dev``; by default what environment and ``loom.toml`` select.
        allow_local: whether ``latest`` may select a local cargo build; if not, ``version`` MUST name a release.
        prefer_release: has no effect; the most recent cargo build is used.
        force_download: download the release even if it is installed.
        locked: require a lock file (``loom.lock``) that agrees with ``loom.toml``.
        frozen: let the lock file decide, whatever ``loom.toml`` says.

    Returns:
        The path of the installed binary.

    Raises:
        ValueError: if ``allow_local`` is false and ``version`` names no release.
        LoomError: with the program's exit code, message and hint.
    """
    del prefer_release
    if not allow_local and str(version) in ("latest", "dev"):
        raise ValueError(
            f"allow_local=False needs a release, such as version='0.2.0', but got version={str(version)!r}, "
            "which may select a cargo build"
        )
    options = ["--version", str(version)] if is_given(version) else []
    if force_download:
        options.append("--force-download")
    options += lock_options(locked, frozen)
    return as_path(run_json("--binary", binary_name, "get", *options)["path"])


def lock_options(locked: bool, frozen: bool) -> list[str]:
    """Returns the options of ``loom`` about the lock file."""
    return [*(["--locked"] if locked else []), *(["--frozen"] if frozen else [])]


def find_local_build(binary_name: str = BINARY, prefer_release: bool = True) -> Optional[Path]:
    """Finds a cargo build in the workspace that contains the current folder.

    The function reads the file system only. Whether a build is used is the decision of the ``loom`` program (see
    ``loom dev find``).

    Args:
        binary_name: the binary.
        prefer_release: whether a build in ``target/release`` is preferred to one in ``target/debug``.

    Returns:
        The path of the build; ``None`` without a workspace or a build.
    """
    workspace = _workspace()
    if workspace is None:
        return None
    profiles = ["release", "debug"] if prefer_release else ["debug", "release"]
    file_name = binary_name + (".exe" if os.name == "nt" else "")
    builds = (workspace / "target" / profile / file_name for profile in profiles)
    return next((build for build in builds if build.is_file()), None)


def _workspace() -> Optional[Path]:
    """Finds the nearest cargo workspace in the current folder and its parents."""
    current = Path.cwd()
    for folder in (current, *current.parents):
        try:
            manifest = read_bounded(folder / "Cargo.toml", _MAX_MANIFEST_SIZE).decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if "[workspace]" in manifest:
            return folder
    return None


def verify_checksum(file_path: PathLike, expected_sha256: Optional[str]) -> bool:
    """Compares the SHA-256 of a file with an expected one.

    Args:
        file_path: the file.
        expected_sha256: hexadecimal digest, in any case; with ``None`` or ``""`` there is nothing to compare.

    Returns:
        Whether the digests are equal; true without an expected digest, because the ``loom`` program decides whether
        a checksum is required.

    Raises:
        OSError: if the file cannot be read or is not a regular file.
    """
    if not expected_sha256:
        return True
    digest = hashlib.sha256()
    with os.fdopen(open_regular(file_path), "rb") as file:
        for block in iter(lambda: file.read(_BLOCK_SIZE), b""):
            digest.update(block)
    return digest.hexdigest() == expected_sha256.strip().lower()
