"""The sessions of a server: admits them, gives them what they share, ends them."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from weakref import WeakSet

from aiortc import RTCPeerConnection
from aiortc.sdp import SessionDescription

from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.encoding.rendition import Variant
from acutance.server.errors import RETRY_LATER, RequestError
from acutance.server.forward.forward import Ingest
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.aiortc_private.transport import bind_within
from acutance.server.rtc.ice import Network
from acutance.server.security.quota import Client, Quota
from acutance.server.sessions.context import ServerContext
from acutance.server.sessions.headroom import refusal_reason
from acutance.server.sessions.memory_trim import MemoryTrim
from acutance.server.sessions.publisher.publisher import Publisher
from acutance.server.sessions.settings import SessionSettings
from acutance.server.sessions.streams import Streams
from acutance.server.sessions.viewer import Viewer
from acutance.server.students.inference import Inference
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.counters import Counters, LoopLag
from acutance.server.telemetry.load import Load
from acutance.server.video.enhancer import Enhancer

log = logging.getLogger(__name__)


class FullError(RequestError):
    """There is no room for another session; the message says why.

    Attributes:
        elsewhere: the URL of a server that may have room; None if no other is known.
    """

    def __init__(self, message: str, elsewhere: str | None = None, code: str = "full"):
        super().__init__(503, code, message, RETRY_LATER)
        self.elsewhere = elsewhere


class Host:
    """Holds the sessions. Lives on one event loop: ``start`` and ``close`` are called there.

    Attributes:
        ladder: the students that all sessions share.
        max_sessions: more are refused.
        max_viewers: the same, of those that only watch.
        draining: whether none is taken any more, because the server is about to stop.
        opened, ended: sessions since the start.
        observe: called with each frame's stage and the seconds that it took there.
        streams: those that are live.
        network: how peers and the server reach each other.
        loop_lag: of the event loop that it lives on.
        load: of the machine.
        encoders: what it affords.
        inference: where the students run.
    """

    def __init__(
        self,
        ladder: Ladder,
        limits: Limits,
        max_sessions: int,
        admission: bool = True,
        encoders: EncoderChoice | None = None,
        enhancers: Callable[[Ladder], Enhancer] = Enhancer,
        network: Network | None = None,
        max_viewers: int = 50,
        redirect: str | None = None,
        quota: Quota | None = None,
        forward: Ingest | None = None,
    ):
        """Make it.

        Args:
            ladder: the students.
            limits: what a session may take.
            max_sessions: at most.
            admission: whether to refuse a session that the machine cannot carry beside the others.
            encoders: what was measured of them; None for those that every machine affords.
            enhancers: makes a session's.
            network: how peers and the server reach each other; None for its own addresses and nothing else.
            max_viewers: at most, of all streams together.
            redirect: the URL of a server for peers that do not fit here.
            quota: how many sessions whom; None for any.
            forward: where every named stream goes on to.
        """
        self.ladder = ladder
        self.max_sessions = max_sessions
        self.max_viewers = max_viewers
        self.redirect = redirect
        self.draining = False
        self.opened = self.ended = 0
        self.observe: Callable[[str, float], None] = lambda stage, seconds: None
        self._quota = quota or Quota()
        self._frames = Counters()
        self._messages_refused = 0
        self._left = asyncio.Event()
        self.forward = forward
        self.streams = Streams()
        self.network = network or Network()
        self.loop_lag = LoopLag()
        self.load = Load(lambda: sum(session.running().student for session in self._sessions))
        self.encoders = encoders or EncoderChoice()
        # On the CPU two at a time, each on half of it; on a GPU as many as it takes in batches. Each session has one
        # frame there at most, so turns are fair.
        self.inference = Inference(ladder.best.at_once)
        self._context = ServerContext(
            ladder, self.inference, limits, self.loop_lag, self.load, self.encoders, self.network, self._observe
        )
        self._admission = admission
        self._enhancers = enhancers
        self._sessions: set[Publisher] = set()
        self._peers: WeakSet[RTCPeerConnection] = WeakSet()
        self._viewers: set[Viewer] = set()
        self._watches: list[asyncio.Task[None]] = []
        self._memory_trim = MemoryTrim()

    @property
    def viewer_count(self) -> int:
        """How many watch, or are about to."""
        return len(self._viewers)

    @property
    def alive(self) -> int:
        """How many peer connections are in memory, closed ones that nobody has collected yet among them."""
        return len(self._peers)

    @property
    def session_count(self) -> int:
        """How many sessions are negotiating, running or closing."""
        return len(self._sessions)

    @property
    def sessions(self) -> Collection[Publisher]:
        """Those that are negotiating, running or closing."""
        return self._sessions

    def frames(self) -> Counters:
        """Return the frames of all sessions since the start."""
        total = replace(self._frames)
        for session in self._sessions:
            total.add(session.telemetry.counters)
        return total

    def messages_refused(self) -> int:
        """Return how many messages of all sessions came too fast."""
        return self._messages_refused + sum(session.messages_refused for session in self._sessions)

    def start(self) -> None:
        """Begin to watch the event loop and the machine."""
        if self.network.udp_ports is not None:
            bind_within(asyncio.get_running_loop(), self.network.udp_ports)
        self._watches = [asyncio.create_task(watched.watch()) for watched in (self.loop_lag, self.load)]

    async def open(
        self,
        client: Client,
        offer: SessionDescription,
        settings: SessionSettings | None = None,
        stream: str | None = None,
        returns: bool = True,
    ) -> tuple[Publisher, str]:
        """Answer an offer, a checked session description, with a new session.

        Args:
            client: the sender of the offer.
            offer: of video that the peer sends.
            settings: of the peer's.
            stream: the name under which others may watch it; None for nobody.
            returns: whether the enhanced picture goes back to the peer.

        Returns:
            The session and the answer's SDP.

        Raises:
            FullError: one more would be more than ``max_sessions``, or than the machine can carry.
            RequestError: the offer cannot be answered.
            TakenError: the stream has a publisher.
            SettingError: the server has no such student.
        """
        self._check_client(client)
        self._check_room()
        enhancer = self._enhancers(self.ladder)
        session = Publisher(self._context, client, settings or SessionSettings(), self._forget, enhancer, returns)
        if stream is not None:
            self.streams.add(stream, session)
        self._sessions.add(session)
        self._peers.add(session.peer)
        self.opened += 1
        answer = await session.answer(offer)
        if stream is not None and self.forward is not None:
            session.pass_on(stream, self.forward)
        return session, answer

    async def watch(
        self, client: Client, offer: SessionDescription, stream: str, variant: Variant = Variant.ENHANCED
    ) -> tuple[Viewer, str]:
        """Answer an offer, a checked session description, with a stream that is live.

        Returns:
            The viewer and the answer's SDP.

        Raises:
            FullError: one more would be more than ``max_viewers``.
            NoStreamError: nobody publishes it.
            RequestError: the offer cannot be answered.
        """
        publisher = self.streams.publisher(stream)
        self._check_client(client)
        if len(self._viewers) >= self.max_viewers:
            raise FullError(
                f"All {self.max_viewers} viewers that this server takes are there: try again in a few seconds, "
                "or start it with a higher --max-viewers."
            )
        viewer = Viewer(self._context, client, publisher, variant, self._viewer_left)
        self._viewers.add(viewer)
        self._peers.add(viewer.peer)
        return viewer, await viewer.answer(offer)

    def peer(self, id: str) -> Publisher | Viewer | None:
        """Return the session or viewer of this id, if there is one."""
        everybody: list[Publisher | Viewer] = [*self._sessions, *self._viewers]
        return next((each for each in everybody if each.id == id), None)

    def _viewer_left(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)
        self._memory_trim.collect_soon()

    def _forget(self, session: Publisher) -> None:
        if session not in self._sessions:  # refused before it began
            return
        self._sessions.discard(session)
        self.ended += 1
        self._frames.add(session.telemetry.counters)
        self._messages_refused += session.messages_refused
        self._left.set()
        self.streams.remove(session)
        for viewer in self._viewers:
            if viewer.publisher is session:
                viewer.end("the publisher has left")
        self._memory_trim.collect_soon()

    def _check_client(self, client: Client) -> None:
        if self.draining:
            raise FullError("This server is about to stop: try another one, or again in a minute.", code="draining")
        why = self._quota.refusal_reason(client, (each.held for each in (*self._sessions, *self._viewers)))
        if why is not None:
            raise FullError(f"No further session: {why}. Try again when one has ended.", code="quota")

    def _check_room(self) -> None:
        if len(self._sessions) >= self.max_sessions:
            raise FullError(
                f"All {self.max_sessions} sessions of this server are in use: try again in a few seconds, "
                "or start it with a higher --max-sessions.",
                self.redirect,
            )
        if not self._admission:
            return
        load = self.load
        why = refusal_reason([session.running() for session in self._sessions], load.rest, load.own, load.cpus)
        if why is not None:
            raise FullError(
                f"This server cannot carry another session without slowing down the others ({why}): "
                "try again in a few seconds.",
                self.redirect,
            )

    async def drain(self) -> None:
        """Take no session any more; return when the last one has ended."""
        self.draining = True
        while self._sessions:
            self._left.clear()
            await self._left.wait()

    def _observe(self, stage: str, seconds: float) -> None:
        self.observe(stage, seconds)

    async def close(self) -> None:
        """End every session and what is context."""
        everybody = (*self._viewers, *self._sessions)
        await asyncio.gather(*(each.close("the server is stopping") for each in everybody))
        for watch in self._watches:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
        await self.inference.close()
        self._memory_trim.close()
