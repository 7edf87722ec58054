"""Where the bridge is and how a channel to it is secured."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from typing import Optional

import grpc
import grpc.aio

from ..command import PathLike
from ..errors import ConfigurationError
from ..files import read_bounded

# The runtime limits the size of messages; gRPC's own default of 4 MiB for the receiver would be a second limit.
_CHANNEL_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

# The size limit of a file of certificates, in bytes.
_MAX_PEM_SIZE = 16 << 20


@dataclass(frozen=True)
class Endpoint:
    """A bridge and the credentials for it."""

    address: str
    """``host:port``."""
    token: Optional[str] = field(default=None, repr=False)
    """Bearer token, if the bridge requires one."""
    tls: bool = False
    """Whether the channel uses TLS."""
    ca: Optional[bytes] = field(default=None, repr=False)
    """Certificates that are trusted, as PEM; ``None`` for those of gRPC."""
    cert: Optional[bytes] = field(default=None, repr=False)
    """Certificate of this client with its chain, as PEM."""
    key: Optional[bytes] = field(default=None, repr=False)
    """Private key of ``cert``, as PEM."""

    @classmethod
    def of(
        cls,
        address: str,
        *,
        token: Optional[str] = None,
        ca: Optional[PathLike] = None,
        cert: Optional[PathLike] = None,
        key: Optional[PathLike] = None,
    ) -> Endpoint:
        """Completes the arguments by environment variables and reads the files.

        Args:
            address: ``host:port``, or ``https://host:port`` for TLS with publicly trusted certificates.
            token: bearer token, by default ``LOOM_BRIDGE_TOKEN``.
            ca: PEM file of the trusted certificates, by default ``LOOM_BRIDGE_TLS_CA``; turns TLS on.
            cert: PEM file of the client certificate, by default ``LOOM_BRIDGE_TLS_CLIENT_CERT``; turns TLS on.
            key: PEM file of its private key, by default ``LOOM_BRIDGE_TLS_CLIENT_KEY``.

        Raises:
            ConfigurationError: if the token is empty or cannot be sent, if a file cannot be read, is not a regular file
                or is larger than 16 MiB, or if only one of ``cert`` and ``key`` is given.
        """
        ca_file = ca or _variable("LOOM_BRIDGE_TLS_CA")
        cert_file = cert or _variable("LOOM_BRIDGE_TLS_CLIENT_CERT")
        key_file = key or _variable("LOOM_BRIDGE_TLS_CLIENT_KEY")
        if bool(cert_file) != bool(key_file):
            raise ConfigurationError("a client certificate needs both its certificate and its key", exit_code=2)
        scheme, _, rest = address.rpartition("://")
        return cls(
            address=rest,
            token=_token(token),
            tls=scheme == "https" or bool(ca_file) or bool(cert_file),
            ca=_read(ca_file),
            cert=_read(cert_file),
            key=_read(key_file),
        )

    def channel(self) -> grpc.aio.Channel:
        """Opens a channel; a bridge on this machine is never asked through a proxy."""
        options = [*_CHANNEL_OPTIONS, *([("grpc.enable_http_proxy", 0)] if is_loopback(self.address) else [])]
        if not self.tls:
            return grpc.aio.insecure_channel(self.address, options=options)
        credentials = grpc.ssl_channel_credentials(self.ca, self.key, self.cert)
        return grpc.aio.secure_channel(self.address, credentials, options=options)

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Returns the metadata of each call."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()


def is_loopback(address: str) -> bool:
    """Returns whether the host of ``host:port`` is this machine."""
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def _token(argument: Optional[str]) -> Optional[str]:
    token, name = (argument, "token") if argument is not None else (os.environ.get("LOOM_BRIDGE_TOKEN"), "LOOM_BRIDGE_TOKEN")
    if token is not None and not token.strip():
        raise ConfigurationError(f"{name} is empty", exit_code=2, hint=f"give a token, or remove {name}")
    if token is None:
        return None
    token = token.strip()
    if not all("!" <= character <= "~" for character in token):
        # A header cannot hold it, and no runtime has such a token.
        raise ConfigurationError(f"{name} is not of visible ASCII characters without spaces", exit_code=2)
    return token


def _variable(name: str) -> Optional[str]:
    return os.environ.get(name, "").strip() or None


def _read(file: Optional[PathLike]) -> Optional[bytes]:
    if file is None:
        return None
    try:
        return read_bounded(file, _MAX_PEM_SIZE)
    except OSError as error:
        raise ConfigurationError(f"cannot read {os.fspath(file)}: {error.strerror}", exit_code=2) from error
