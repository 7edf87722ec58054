"""Exceptions of the package: one class for each exit code of the ``loom`` program."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence


class LoomError(RuntimeError):
    """A failure of the ``loom`` program; base class of all exceptions in this module.

    ``str(error)`` has several lines: the message, a line ``because: …`` for each cause, and ``hint: …``.
    """

    exit_code: int
    """Exit code of the program."""
    kind: str
    """Machine-readable kind of the failure in snake case, such as ``absent`` or ``port_taken``."""
    message: str
    """What failed, in one line."""
    hint: Optional[str]
    """A command or setting that helps, if one is known."""
    chain: Sequence[str]
    """Causes, from the direct cause to the root cause."""

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
        self.exit_code = exit_code
        self.kind = kind
        self.message = message
        self.hint = hint
        self.chain = tuple(chain)

    def __reduce__(self) -> Any:
        # pickle passes no keyword arguments: it calls the class with the message, then restores the attributes.
        return (type(self), (self.message,), dict(self.__dict__, args=self.args))

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)
        self.args = self.__dict__.pop("args")


class ConfigurationError(LoomError):
    """Exit code 2: invalid usage or configuration, or a project that is not trusted."""


class NotAvailableError(LoomError):
    """Exit code 3: the version does not exist, or is not installed."""


class CredentialsError(LoomError):
    """Exit code 4: credentials are missing or were rejected."""


class UnreachableError(LoomError):
    """Exit code 5: every source failed."""


class IntegrityError(LoomError):
    """Exit code 6: checksum mismatch, invalid signature, or missing checksum."""


class OfflineError(LoomError):
    """Exit code 7: the network is required but disabled."""


class LockError(LoomError):
    """Exit code 8: the lock file does not allow this release."""


class BusyError(LoomError):
    """Exit code 9: a port is taken, or a runtime is already running with other settings."""


class DiskFullError(LoomError):
    """Exit code 10: the disk is full."""


class RuntimeCrashedError(LoomError):
    """The runtime exited before it was ready; ``exit_code`` is the exit code of the runtime."""


class LoomNotFoundError(LoomError, FileNotFoundError):
    """The ``loom`` program was not found."""


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
"""Exception class for each exit code; others are a plain :class:`LoomError`."""


def error_from_document(error: Mapping[str, Any]) -> LoomError:
    """Returns the exception for the ``error`` object of a JSON document."""
    exit_code = int(error["code"])
    kind = str(error["kind"])
    if kind == "crashed":
        # The exit code is that of the runtime, so it does not select a class.
        error_class: type[LoomError] = RuntimeCrashedError
    else:
        error_class = BY_EXIT_CODE.get(exit_code, LoomError)
    return error_class(
        str(error["message"]),
        exit_code=exit_code,
        kind=kind,
        hint=error.get("hint"),
        chain=[str(cause) for cause in error.get("chain") or ()],
    )
