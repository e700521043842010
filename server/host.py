"""The sessions of a server: admits them, gives them what they share, ends them."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from server.admission import obstacle
from server.encoder_choice import EncoderChoice
from server.enhancer import Enhancer
from server.ladder import Ladder
from server.load import Load
from server.session import Session
from server.shared import Limits, Shared
from server.telemetry import LoopLag
from server.wishes import Wishes

log = logging.getLogger(__name__)

# The tasks that still hold a closed session have ended by then.
_COLLECT_AFTER_S = 1.0


class FullError(RuntimeError):
    """There is no room for another session; the message says why."""


class Host:
    """Holds the sessions. Lives on one event loop: ``start`` and ``close`` are called there.

    Attributes:
        ladder: the students that all sessions share.
        max_sessions: more are refused.
        loop_lag: of the event loop that it lives on.
        load: of the machine.
        encoders: what it affords.
    """

    def __init__(
        self,
        ladder: Ladder,
        limits: Limits,
        max_sessions: int,
        admission: bool = True,
        encoders: EncoderChoice | None = None,
        enhancers: Callable[[Ladder], Enhancer] = Enhancer,
    ):
        """Make it.

        Args:
            ladder: the students.
            limits: what a session may take.
            max_sessions: at most.
            admission: whether to refuse a session that the machine cannot carry beside the others.
            encoders: what was measured of them; None for those that every machine affords.
            enhancers: makes a session's.
        """
        self.ladder = ladder
        self.max_sessions = max_sessions
        self.loop_lag = LoopLag()
        self.load = Load(lambda: sum(session.running().student for session in self._sessions))
        self.encoders = encoders or EncoderChoice()
        # On the CPU two at a time, each on half of it; on a GPU as many as it takes in batches. Each session has one
        # frame there at most, so turns are fair.
        inference = ThreadPoolExecutor(ladder.best.at_once, thread_name_prefix="inference")
        self._shared = Shared(ladder, inference, limits, self.loop_lag, self.load, self.encoders)
        self._inference = inference
        self._admission = admission
        self._enhancers = enhancers
        self._sessions: set[Session] = set()
        self._watches: list[asyncio.Task[None]] = []

    @property
    def session_count(self) -> int:
        """How many sessions are negotiating, running or closing."""
        return len(self._sessions)

    def start(self) -> None:
        """Begin to watch the event loop and the machine."""
        self._watches = [asyncio.create_task(watched.watch()) for watched in (self.loop_lag, self.load)]

    async def open(self, offer: str, wishes: Wishes | None = None) -> tuple[str, str]:
        """Answer an offer, a checked session description, with a new session.

        Returns:
            The session's id and the answer's SDP.

        Raises:
            FullError: one more would be more than ``max_sessions``, or than the machine can carry.
            OfferError: the offer cannot be answered.
            WishError: the server has no such student.
        """
        self._check_room()
        session = Session(self._shared, wishes or Wishes(), self._forget, self._enhancers(self.ladder))
        self._sessions.add(session)
        return session.id, await session.answer(offer)

    def _forget(self, session: Session) -> None:
        self._sessions.discard(session)
        # aiortc's connections are knots of references, with some MiB of codecs and buffers on each, and Python's full
        # collections are rare: memory would grow from call to call (tests/soak). What the start left is frozen
        # (serve.py), so that only the garbage of the session is looked through.
        asyncio.get_running_loop().call_later(_COLLECT_AFTER_S, gc.collect)

    def _check_room(self) -> None:
        if len(self._sessions) >= self.max_sessions:
            raise FullError(
                f"All {self.max_sessions} sessions of this server are in use: try again in a few seconds, "
                "or start it with a higher --max-sessions."
            )
        if not self._admission:
            return
        load = self.load
        why = obstacle([session.running() for session in self._sessions], load.rest, load.own, load.cpus)
        if why is not None:
            raise FullError(
                f"This server cannot carry another session without slowing down the others ({why}): "
                "try again in a few seconds."
            )

    async def close(self) -> None:
        """End every session and what is shared."""
        await asyncio.gather(*(session.close("the server is stopping") for session in list(self._sessions)))
        for watch in self._watches:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
        self._inference.shutdown(wait=False)
