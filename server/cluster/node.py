"""The sessions of one machine, for the doors of the cluster."""

import asyncio
import logging
import secrets
from typing import Protocol, cast

from acutance.server.cluster.claims import Claims
from acutance.server.cluster.link import CONNECT_S, admit, node_context
from acutance.server.cluster.members import Member
from acutance.server.signalling.door import Door
from acutance.server.signalling.requests import ClaimStream, Drain, Request
from acutance.server.workers.processes.serving import Reporter, Serving

log = logging.getLogger(__name__)


class Sessions(Door, Protocol):
    """A door with sessions behind it, which can describe them: `workers.fleet.Fleet`."""

    @property
    def reporter(self) -> Reporter:
        """Describes the sessions."""
        ...


class Node:
    """Listens for doors, and answers them from the sessions of this machine. Belongs to one event loop.

    Attributes:
        sessions: the sessions; they start and close with the node.
    """

    def __init__(self, sessions: Sessions, token: str, host: str, processors: float, machine: str = "", head: str = ""):
        """Create it.

        Args:
            sessions: the sessions.
            token: the cluster's token.
            host: private address on which it listens.
            processors: number of processors that it may use.
            machine: identifier of the machine in Ray.
            head: ``HOST:PORT`` of Ray's head.
        """
        self.sessions = sessions
        self._token = token
        self._host = host
        self._processors = processors
        self._machine = machine
        self._head = head
        self._claims = Claims()
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    async def start(self) -> Member:
        """Start the sessions, listen, and return what is to be announced.

        Raises:
            StartError: the sessions cannot start.
            OSError: it cannot listen on the address.
        """
        context, fingerprint = await asyncio.to_thread(node_context)
        await self.sessions.start()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(reader, writer, fingerprint)

        self._server = await asyncio.start_server(serve, self._host, 0, ssl=context, ssl_handshake_timeout=CONNECT_S)
        port = self._server.sockets[0].getsockname()[1]
        return Member(
            name=f"n{secrets.token_hex(4)}",
            host=self._host,
            port=port,
            fingerprint=fingerprint,
            processors=self._processors,
            machine=self._machine,
            head=self._head,
        )

    async def ask[Reply](self, request: Request[Reply]) -> Reply:
        """Return the reply to a request of a door; raises `RequestError`."""
        if isinstance(request, ClaimStream):
            return cast(Reply, self._claims.claim(request))
        return await self.sessions.ask(request)

    async def drain(self, seconds: float) -> None:
        """Admit no session from now on, and ask pages to begin theirs elsewhere.

        Returns when the last publisher has ended, or after ``seconds``.
        """
        await self.sessions.ask(Drain())
        try:
            async with asyncio.timeout(seconds):
                await self.sessions.wait_for_last_publisher()
        except TimeoutError:
            log.info("%d session(s) did not end within %g s", self.sessions.publisher_count(), seconds)

    async def close(self) -> None:
        """End all links and sessions."""
        if self._server is not None:
            self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        await self.sessions.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fingerprint: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        try:
            if await admit(reader, self._token, fingerprint):
                await Serving(self, self.sessions.reporter, reader, writer).run()
            else:
                log.warning("refused a connection from %s, which has not the cluster's token", _peer(writer))
        finally:
            self._links.discard(task)
            writer.close()


def _peer(writer: asyncio.StreamWriter) -> str:
    return str((writer.get_extra_info("peername") or ("nowhere",))[0])
