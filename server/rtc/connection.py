"""A peer connection that the server answers: negotiation, time limits, end."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from secrets import token_hex, token_urlsafe
from time import monotonic
from typing import Any, Literal

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import SessionDescription

from acutance.server.errors import RequestError
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.aiortc_private.transport import configure_dtls, prepare_ice
from acutance.server.rtc.candidates import IceSession, TrickledCandidates
from acutance.server.rtc.h264_profile import raise_received_level, restore_profiles, substitute_profiles
from acutance.server.rtc.ice import Network
from acutance.server.rtc.session_description import serialised
from acutance.server.security.quota import ActiveSession, Client

log = logging.getLogger(__name__)

_CLOSE_S = 10.0


class Connection(ABC):
    """The session of one peer. Lives on one event loop.

    Attributes:
        id: secret identifier of the session, which its URL contains; whoever knows it may end the session.
        name: identifier for logs; it does not reveal the id.
        peer: aiortc's peer connection.
        ice: candidates and credentials of the peer.
        client: the sender of the offer.
        connected: set once ICE and DTLS have completed.
    """

    def __init__(
        self,
        network: Network,
        limits: Limits,
        client: Client,
        on_closed: Callable[[Any], None],
        clock: Callable[[], float] = monotonic,
    ):
        """Create the session; call `answer` next.

        Args:
            network: ICE servers, public address and UDP ports.
            limits: limits of the session.
            client: the sender of the offer.
            on_closed: called once with this session, after it was closed.
            clock: in seconds.
        """
        self.id = token_urlsafe(18)
        self.name = token_hex(3)
        self.client = client
        self.peer = RTCPeerConnection(network.configuration())
        configure_dtls(self.peer)
        self.ice = IceSession(self.peer, network, limits.max_candidates)
        self._network = network
        self._limits = limits
        self._on_closed = on_closed
        self._clock = clock
        self._offered = SessionDescription()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None
        self._reconnecting: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def answer(self, offer: SessionDescription) -> str:
        """Answer an offer; return the SDP of the answer with all candidates in it.

        Args:
            offer: from `parse_offer`; it is modified.

        Raises:
            RequestError: aiortc cannot answer the offer; the session is closed.
        """
        self.peer.on("connectionstatechange", self._on_state)
        # Started before the answer, so that the session ends even if the answer is never finished.
        self.spawn(self._watch_handshake())
        try:
            profiles = substitute_profiles(offer)
            self._offered = offer
            self.ice.begin(offer)
            self._prepare()
            await self.peer.setRemoteDescription(RTCSessionDescription(serialised(offer), "offer"))
            prepare_ice(self.peer)
            await self.peer.setLocalDescription(await self.peer.createAnswer())
            if self._closing is not None:  # closed meanwhile: tasks started now would never be stopped
                raise RuntimeError("the session has been closed")
            answer = SessionDescription.parse(self.peer.localDescription.sdp)
            self._negotiated(answer)
            raise_received_level(answer)
            restore_profiles(answer, profiles)
            self._network.add_public_address(answer)
            return serialised(answer)
        except RequestError:
            await self.close("the offer has too many candidates")
            raise
        except Exception as error:  # aiortc raises errors of every kind for an unusual offer
            await self.close("the offer could not be answered")
            raise RequestError(422, "not_answerable", f"The offer cannot be answered ({error!r})."[:200]) from error

    @property
    def state(self) -> Literal["connecting", "running", "closing"]:
        """State of the session; ``running`` means that the peer is connected."""
        if self._closing is not None:
            return "closing"
        return "running" if self.connected.is_set() else "connecting"

    @property
    def active_session(self) -> ActiveSession:
        """The entry that counts against the quota of the client."""
        return ActiveSession(self.client, connected=self.state != "connecting")

    async def restart_ice(self, trickled: TrickledCandidates) -> str:
        """Restart ICE, so that the session continues on another network of the peer; see `IceSession.restart`.

        Raises:
            RequestError: that is not possible; the session is unchanged.
        """
        fragment = await self.ice.restart(trickled)
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        self._reconnecting = self.spawn(self._reconnect())
        return fragment

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task that is cancelled when the session closes; it never starts in a closing session."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._closing is not None:
            task.cancel()
        return task

    async def close(self, reason: str) -> None:
        """End the session and wait for its end; the reason of the first call is logged and sent to the peer."""
        await asyncio.shield(self.end(reason))

    def end(self, reason: str) -> asyncio.Task[None]:
        """Start to end the session and return that task; for callers that the end cancels, which must not wait."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(reason))
        return self._closing

    @abstractmethod
    def _prepare(self) -> None:
        """Add tracks and listeners; called before the offer is applied."""

    @abstractmethod
    def _negotiated(self, answer: SessionDescription) -> None:
        """Start the work that needs no connected peer; called when the answer is ready."""

    @abstractmethod
    def _begin(self) -> None:
        """Start the work that needs a connected peer."""

    @abstractmethod
    def _path_changed(self) -> None:
        """Repair what was lost; called when the media take another network path."""

    @abstractmethod
    def _notify_closing(self, reason: str) -> None:
        """Send the peer the reason before its connection closes, if a channel to it is open."""

    @abstractmethod
    async def _release(self) -> None:
        """Release resources; the tasks have ended, the peer connection is still open."""

    async def _close(self, reason: str) -> None:
        log.info("session %s closed: %s", self.name, reason)
        try:
            with self._failure_logged("telling the peer"):
                self._notify_closing(reason)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            with self._failure_logged("releasing its resources"):
                await self._release()
            # aiortc may fail to close a half negotiated connection, or wait for ever for a task of its own that failed.
            with self._failure_logged("closing the peer connection"):
                async with asyncio.timeout(_CLOSE_S):
                    await self.peer.close()
        finally:
            self._on_closed(self)

    @contextmanager
    def _failure_logged(self, step: str) -> Iterator[None]:
        # A failed step must not prevent the next ones, or keep the slot of the session occupied.
        try:
            yield
        except Exception:
            log.exception("session %s: %s failed", self.name, step)

    def _on_state(self) -> None:
        state = self.peer.connectionState
        log.info("session %s: %s", self.name, state)
        if self._closing is not None:
            return
        if state == "connected" and not self.connected.is_set():
            self.connected.set()
            self.spawn(self._watch_length())
            self._begin()
        elif state in ("failed", "closed"):
            self.end("the peer is gone" if state == "closed" else "the connection failed")

    async def _watch_handshake(self) -> None:
        try:
            async with asyncio.timeout(self._limits.handshake_timeout):
                await self.connected.wait()
        except TimeoutError:
            self.end(f"not connected within {self._limits.handshake_timeout:g} s")

    async def _reconnect(self) -> None:
        try:
            async with asyncio.timeout(self._limits.handshake_timeout):
                await self.ice.reconnected()
        except TimeoutError:
            log.info("session %s: no path after an ICE restart", self.name)
            return
        log.info("session %s: connected on another path", self.name)
        self._path_changed()

    async def _watch_length(self) -> None:
        longest = self._limits.max_session_length
        if longest is not None:
            await asyncio.sleep(longest)
            self.end(f"a session may last {longest:g} s on this server")
