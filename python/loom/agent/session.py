"""Keeps an agent connected to the bridge: retries, backoff, and senders that wait for a connection."""

from __future__ import annotations

import asyncio
import logging
from typing import Callable, Optional

from loom.v1 import bridge_pb2

from .connection import (
    CONNECTION_ERRORS,
    Connection,
    Registration,
    RegistrationRefused,
    describe,
    handshake_failure,
    is_unanswered,
    is_unavailable,
)
from .endpoint import Endpoint

_log = logging.getLogger("loom.agent")

MessageHandler = Callable[[Connection, bridge_pb2.ServerEvent], None]
"""Receives each message of the bridge with the connection that received it."""

_FIRST_DELAY = 0.5
"""Delay before the first retry, in seconds; each further delay is twice as long as the previous one."""

_MAX_DELAY = 10.0
"""Longest delay between two attempts, in seconds."""

_UNREGISTER_TIMEOUT = 2.0
"""Longest wait for the bridge to end the stream of an agent that stops, in seconds."""

_START_HINT = "start one with `loom up`"
_TLS_HINT = "check `ca`, `cert` and `key`, and whether the runtime uses TLS"


class Session:
    """One agent's registration at the bridge, across lost connections.

    Create and use a session in one event loop.

    Args:
        endpoint: the bridge.
        registration: what is registered on each connection.
        on_message: called for each message of the bridge, in order; it must not block.
    """

    def __init__(self, endpoint: Endpoint, registration: Registration, on_message: MessageHandler) -> None:
        self._endpoint = endpoint
        self._address = endpoint.address
        self._registration = registration
        self._on_message = on_message
        self._connection: Optional[Connection] = None
        self._refusal: Optional[str] = None
        self._outage = f"no response from the runtime at {endpoint.address}"
        self._hint: Optional[str] = None
        self._delay = _FIRST_DELAY
        self._stopping = False
        self._superseded = False
        self._changed = asyncio.Condition()
        self._task: Optional[asyncio.Task[None]] = None

    async def start(self, timeout: float) -> None:
        """Connects; returns when the agent receives events of its topics.

        Args:
            timeout: longest wait in seconds.

        Raises:
            ConnectionError: if the bridge refuses the agent, or there is no connection after ``timeout`` seconds.
        """
        self._task = asyncio.create_task(self._keep_connected())
        try:
            await asyncio.wait_for(self.connected(), timeout)
        except asyncio.TimeoutError:
            raise ConnectionError(self._outage_message(f"gave up after {timeout:g} s")) from None

    async def stop(self) -> None:
        """Unregisters the agent and closes the connection; senders that wait for a connection fail."""
        self._stopping = True
        task = self._task
        if task is None:
            return
        # A session whose place was taken must not unregister the agent that took it.
        if self._connection is not None and not self._superseded:
            try:
                await self._connection.half_close()
                await asyncio.wait({task}, timeout=_UNREGISTER_TIMEOUT)
            except CONNECTION_ERRORS:
                pass  # The connection is lost, which also ends the session.
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self._set_connection(None)

    async def supersede(self) -> None:
        """Ends the session because another agent of the same id has taken its place; senders fail."""
        self._superseded = True
        self._refusal = "another agent of this id was started in this process"
        _log.error("agent %s: %s and takes over", self._registration.agent_id, self._refusal)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._set_connection(None)

    async def connected(self) -> Connection:
        """Returns the connection; waits for one if there is none.

        Raises:
            ConnectionError: if the bridge refuses the agent.
            RuntimeError: if the session is stopped.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._stopping or self._connection is not None or self._refusal is not None
            )
        agent_id = self._registration.agent_id
        if self._stopping:
            raise RuntimeError(f"agent {agent_id!r} is stopped")
        if self._connection is None:
            subject = "" if self._superseded else f"the runtime at {self._address} refused "
            raise ConnectionError(f"{subject}agent {agent_id!r}: {self._refusal}")
        return self._connection

    async def send(self, message: bridge_pb2.ClientEvent) -> None:
        """Sends a message; waits for a connection if there is none, and sends again if the connection is lost.

        Raises:
            ValueError: if the message is larger than the bridge accepts.
            ConnectionError: if the bridge refuses the agent.
            RuntimeError: if the session is stopped.
        """
        while True:
            connection = await self.connected()
            try:
                return await connection.send(message)
            except CONNECTION_ERRORS:
                await self._discard(connection)

    async def _discard(self, lost: Connection) -> None:
        """Makes senders wait for the next connection, unless ``lost`` has been replaced already."""
        if self._connection is lost:
            await self._set_connection(None)

    async def _set_connection(self, connection: Optional[Connection]) -> None:
        async with self._changed:
            self._connection = connection
            self._changed.notify_all()

    async def _keep_connected(self) -> None:
        """Connects again whenever the connection is lost, until :meth:`stop` or a refused registration."""
        while not self._stopping:
            await self._connect_once()
            if self._stopping or self._refusal is not None:
                return
            message = self._outage_message(f"retrying in {self._delay:g} s")
            _log.warning("agent %s: %s", self._registration.agent_id, message)
            await asyncio.sleep(self._delay)
            self._delay = min(self._delay * 2, _MAX_DELAY)

    async def _connect_once(self) -> None:
        """Opens a connection and uses it until it ends; records the reason."""
        connection = Connection(self._endpoint)
        opened = False
        try:
            await connection.open(self._registration)
            opened = True
            await self._set_connection(connection)
            self._delay = _FIRST_DELAY
            await self._receive(connection)
            self._record_outage(f"the runtime at {self._address} closed the connection")
        except RegistrationRefused as refusal:
            self._refusal = str(refusal)
        except Exception as error:  # Any error ends this connection only; the next one may succeed.
            self._record_error(error, opened)
            if is_unanswered(error):
                # The attempt itself took seconds: while a runtime is replaced, its supervisor lets connections wait.
                self._delay = _FIRST_DELAY
        finally:
            await self._set_connection(None)
            await connection.close()

    async def _receive(self, connection: Connection) -> None:
        """Handles messages until the stream ends or a heartbeat fails."""
        heartbeat = asyncio.create_task(connection.send_heartbeats())
        receive = asyncio.create_task(self._handle_messages(connection))
        try:
            done, _ = await asyncio.wait({heartbeat, receive}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (heartbeat, receive):
                task.cancel()
            await asyncio.gather(heartbeat, receive, return_exceptions=True)

    async def _handle_messages(self, connection: Connection) -> None:
        async for message in connection.messages():
            self._on_message(connection, message)

    def _record_error(self, error: Exception, opened: bool) -> None:
        if opened:
            self._record_outage(f"lost the connection to the runtime at {self._address}: {describe(error)}")
        elif reason := handshake_failure(error):
            self._record_outage(f"no secure connection to the runtime at {self._address}: {reason}", _TLS_HINT)
        elif is_unavailable(error):
            self._record_outage(f"no runtime at {self._address}", _START_HINT)
            _log.debug("agent %s: %s", self._registration.agent_id, describe(error))
        else:
            self._record_outage(f"cannot connect to the runtime at {self._address}: {describe(error)}")

    def _record_outage(self, outage: str, hint: Optional[str] = None) -> None:
        self._outage = outage
        self._hint = hint

    def _outage_message(self, consequence: str) -> str:
        """Returns what failed, the consequence, and a hint if there is one, separated by semicolons."""
        return "; ".join(part for part in (self._outage, consequence, self._hint) if part)
