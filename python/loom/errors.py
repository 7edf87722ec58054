"""What can go wrong: one exception for each exit code of the ``loom`` program."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence


class LoomError(RuntimeError):
    """The ``loom`` program failed, and says why and what to do about it."""

    exit_code: int
    """The program's exit code."""
    kind: str
    """A word for what kind of failure it is, such as ``absent`` or ``port_taken``."""
    message: str
    """What failed, in one line."""
    hint: Optional[str]
    """What to do, if there is anything."""
    chain: Sequence[str]
    """Why, outermost cause first."""

    def __init__(
        self,
        message: str,
        *,
        exit_code: int = 1,
        kind: str = "failure",
        hint: Optional[str] = None,
        chain: Sequence[str] = (),
    ) -> None:
        lines = [message, *(f"  because: {cause}" for cause in chain)]
        if hint:
            lines.append(f"hint: {hint}")
        super().__init__("\n".join(lines))
        self.exit_code, self.kind, self.message = exit_code, kind, message
        self.hint, self.chain = hint, tuple(chain)

    def __reduce__(self) -> Any:
        # Made anew from the message alone, then filled: keyword arguments are not what pickle knows.
        return (type(self), (self.message,), dict(self.__dict__, args=self.args))

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)
        self.args = self.__dict__.pop("args")


class ConfigurationError(LoomError):
    """Exit code 2: wrong usage or configuration, or a project that is not trusted yet."""


class NotAvailableError(LoomError):
    """Exit code 3: no such version, or not here."""


class CredentialsError(LoomError):
    """Exit code 4: credentials are missing or were refused."""


class UnreachableError(LoomError):
    """Exit code 5: no source could serve."""


class IntegrityError(LoomError):
    """Exit code 6: wrong bytes, a bad signature, or a checksum that is missing."""


class OfflineError(LoomError):
    """Exit code 7: the network is needed, and we are offline."""


class LockError(LoomError):
    """Exit code 8: the lock file disagrees."""


class BusyError(LoomError):
    """Exit code 9: a port is taken, or something runs already with other settings."""


class DiskFullError(LoomError):
    """Exit code 10: the disk is full."""


class RuntimeCrashedError(LoomError):
    """The runtime ended before it was ready; ``exit_code`` is its own."""


class LoomNotFoundError(LoomError, FileNotFoundError):
    """There is no ``loom`` program."""


BY_EXIT_CODE: Mapping[int, type[LoomError]] = {
    2: ConfigurationError,
    3: NotAvailableError,
    4: CredentialsError,
    5: UnreachableError,
    6: IntegrityError,
    7: OfflineError,
    8: LockError,
    9: BusyError,
    10: DiskFullError,
}


def failure(document: Mapping[str, Any]) -> LoomError:
    """The exception for the ``error`` of a document."""
    code, kind = int(document["code"]), str(document["kind"])
    # A crashed server's own code is passed on; it is none of ours.
    error = RuntimeCrashedError if kind == "crashed" else BY_EXIT_CODE.get(code, LoomError)
    return error(
        str(document["message"]),
        exit_code=code,
        kind=kind,
        hint=document.get("hint"),
        chain=[str(cause) for cause in document.get("chain") or ()],
    )
