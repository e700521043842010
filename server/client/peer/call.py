"""A call of `acutance peer`: connections made, media let go, the last frames waited for, everything ended."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

from acutance.server.client.offer import OfferClient
from acutance.server.client.peer.connections import CallError, Connections, Line
from acutance.server.client.peer.downlink import Downlink
from acutance.server.client.peer.uplink import Uplink
from acutance.server.client.whip import SignallingError, WhipClient

# The server's own mailboxes hold two frames; a slow machine and a far one need more than a round trip.
_LAST_FRAMES_S = 2.0
_NO_MEDIA_S = 10.0
_LOOK_S = 0.05
# A stream that is published a moment before has to be there before it can be watched.
_PUBLISHED_S = 10.0
_NOT_YET = (404, 409, 503)
_AGAIN_S = 0.5


@dataclass
class Call:
    """A call and how it goes.

    Attributes:
        uplink: what is sent; None for watching alone.
        downlink: what comes; None for publishing alone.
        offer_url: of a server that takes what is sent and returns it on the same connection.
        whip_url: of an endpoint that takes what is sent.
        whep_url: of an endpoint that gives what is watched.
        token: for all of them.
        codec: ``H264`` or ``VP8``.
        seconds: after which watching alone ends; None for never.
        connections: those that were made.
        ended: why it ended, in words.
        began_at, ended_at: when media were let go and when it was over, on the event loop's clock; None before.
    """

    uplink: Uplink | None
    downlink: Downlink | None
    offer_url: str | None
    whip_url: str | None
    whep_url: str | None
    token: str | None
    codec: str
    seconds: float | None = None
    ended: str = ""
    began_at: float | None = None
    ended_at: float | None = None

    def __post_init__(self) -> None:
        self.connections = Connections(self.uplink, self.downlink, self.codec)
        self._stop = asyncio.Event()

    async def run(self, watch: Callable[["Call"], Coroutine[Any, Any, None]]) -> Line:
        """Make the call and hold it until it is over.

        Args:
            watch: makes a coroutine that shows how it goes; it is cancelled at the end.

        Returns:
            What the line measured of itself.

        Raises:
            SignallingError: nobody answers, or the offer is refused.
            CallError: no connection comes about, it breaks, or no picture comes.
        """
        connected = self.connections.connected
        async with AsyncExitStack() as stack:
            stack.enter_context(_signals(self._stop))
            if self.uplink:
                stack.push_async_callback(self.uplink.close)
                self.uplink.prepare()
            if self.downlink:
                stack.push_async_callback(self.downlink.close)
            if self.offer_url:
                await stack.enter_async_context(connected(OfferClient(self.offer_url, self.token), True, True))
            if self.whip_url:
                await stack.enter_async_context(connected(WhipClient(self.whip_url, self.token), True, False))
            if self.whep_url:
                await self._watch_stream(self.whep_url, stack)
            self._begin()
            viewer = asyncio.create_task(watch(self))
            try:
                await self._until_over()
            finally:
                self.ended_at = asyncio.get_running_loop().time()
                viewer.cancel()
                await asyncio.gather(viewer, return_exceptions=True)
            return await self.connections.line()

    def _begin(self) -> None:
        if self.began_at is None:
            self.began_at = asyncio.get_running_loop().time()
            if self.uplink:
                self.uplink.begin()

    async def _watch_stream(self, url: str, stack: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (_PUBLISHED_S if self.uplink else 0)
        while True:
            try:
                await stack.enter_async_context(self.connections.connected(WhipClient(url, self.token), False, True))
                return
            except SignallingError as error:
                if error.status not in _NOT_YET or loop.time() > deadline:
                    raise
            # Some servers call a stream live only when its first picture is there.
            self._begin()
            await asyncio.sleep(_AGAIN_S)

    async def _until_over(self) -> None:
        loop = asyncio.get_running_loop()
        sent_all_at: float | None = None
        assert self.began_at is not None
        while not self.ended:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _LOOK_S)
            now, uplink, downlink = loop.time(), self.uplink, self.downlink
            if sent_all_at is None and uplink and uplink.ended.is_set():
                sent_all_at = now
            last = downlink.progress_at if downlink else 0.0
            if self._stop.is_set():
                self.ended = "stopped by hand"
            elif uplink and uplink.error:
                raise CallError(str(uplink.error)) from uplink.error
            elif downlink and downlink.error:
                raise CallError(str(downlink.error)) from downlink.error
            elif self.connections.broken and sent_all_at is None:
                reason = f" (the server said: {self.connections.goodbye})" if self.connections.goodbye else ""
                raise CallError(f"{self.connections.broken} after {now - self.began_at:.0f} s{reason}")
            elif sent_all_at is not None and (downlink is None or downlink.has_last()):
                self.ended = "everything was sent" if downlink is None else "the last frame is back"
            elif sent_all_at is not None and now - max(last, sent_all_at) > _LAST_FRAMES_S:
                self.ended = f"nothing more came within {_LAST_FRAMES_S:g} s"
            elif self.seconds is not None and uplink is None and now - self.began_at >= self.seconds:
                self.ended = f"{self.seconds:g} s are over"
            elif downlink and now - max(last, self.began_at) > _NO_MEDIA_S:
                raise CallError(f"no picture came for {_NO_MEDIA_S:g} s")


class _signals:  # noqa: N801 - used as a function
    """Lets Ctrl-C and SIGTERM end a call as its end would, with the file finished."""

    def __init__(self, stop: asyncio.Event):
        self._stop = stop

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows: Ctrl-C breaks it off there
                asyncio.get_running_loop().add_signal_handler(number, self._stop.set)

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().remove_signal_handler(number)
