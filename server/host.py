"""The sessions that run on one Engine: admits them, shares the inference, ends them."""

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor

from server.enhancer import Enhancer
from server.session import Limits, Session
from server.telemetry import LoopLag

log = logging.getLogger(__name__)


class FullError(RuntimeError):
    """As many sessions as allowed are running."""


class Host:
    """Holds the sessions. Lives on one event loop: ``start`` and ``close`` are called there.

    Attributes:
        enhancer: shared by all sessions.
        max_sessions: more are refused.
        loop_lag: of the event loop that it lives on.
    """

    def __init__(self, enhancer: Enhancer, limits: Limits, max_sessions: int):
        self.enhancer = enhancer
        self.max_sessions = max_sessions
        self.loop_lag = LoopLag()
        self._limits = limits
        # One at a time on the device: each session has at most one frame waiting, so turns are fair.
        self._inference = ThreadPoolExecutor(1, thread_name_prefix="inference")
        self._sessions: set[Session] = set()
        self._watch: asyncio.Task[None] | None = None

    @property
    def session_count(self) -> int:
        """How many sessions are negotiating, running or closing."""
        return len(self._sessions)

    def start(self) -> None:
        """Begin to watch the event loop."""
        self._watch = asyncio.create_task(self.loop_lag.watch())

    async def open(self, offer: str) -> tuple[str, str]:
        """Answer an offer, a checked session description, with a new session.

        Returns:
            The session's id and the answer's SDP.

        Raises:
            FullError: ``max_sessions`` are running.
            OfferError: the offer cannot be answered.
        """
        if len(self._sessions) >= self.max_sessions:
            raise FullError(
                f"All {self.max_sessions} sessions of this server are in use: try again in a few seconds, "
                "or start it with a higher --max-sessions."
            )
        session = Session(self.enhancer, self._inference, self._limits, self.loop_lag, self._sessions.discard)
        self._sessions.add(session)
        return session.id, await session.answer(offer)

    async def close(self) -> None:
        """End every session and what is shared."""
        await asyncio.gather(*(session.close("the server is stopping") for session in list(self._sessions)))
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        self._inference.shutdown(wait=False)
