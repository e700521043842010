"""A call of `acutance peer`: connects, starts the media, waits for the last frames and ends everything."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from acutance.server.client.offer import OfferClient
from acutance.server.client.peer.connections import CallError, Connections, ConnectionStatistics
from acutance.server.client.peer.downlink import Downlink
from acutance.server.client.peer.uplink import Uplink
from acutance.server.client.whip import SignallingError, WhipClient

# The server's mailboxes hold two frames; a slow or distant server needs more than a round trip.
_LAST_FRAMES_S = 2.0
_NO_MEDIA_S = 10.0
_LOOK_S = 0.05
# A published stream must be live before it can be watched.
_PUBLISHED_S = 10.0
_NOT_YET = (404, 409, 503)
_AGAIN_S = 0.5


@dataclass
class Call:
    """A call and its state.

    Attributes:
        uplink: the sent media; None to watch only.
        downlink: the received media; None to publish only.
        offer_url: of a server that returns the sent media on the same connection.
        whip_url: of the endpoint to which the media are published.
        whep_url: of the endpoint from which a stream is watched.
        token: bearer token for each URL.
        codec: ``H264`` or ``VP8``.
        seconds: duration of watching; None for no limit.
        connections: the peer connections.
        ended: reason of the end, as text.
        began_at: time at which the media started, on the event loop's clock; None before.
        ended_at: time of the end, on the event loop's clock; None before.
    """

    uplink: Uplink | None
    downlink: Downlink | None
    offer_url: str | None
    whip_url: str | None
    whep_url: str | None
    token: str | None
    codec: str
    seconds: float | None = None
    ended: str = field(default="", init=False)
    began_at: float | None = field(default=None, init=False)
    ended_at: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.connections = Connections(self.uplink, self.downlink, self.codec)
        self._stop = asyncio.Event()

    async def run(self, watch: Callable[["Call"], Coroutine[Any, Any, None]]) -> ConnectionStatistics:
        """Make the call and wait for its end.

        Args:
            watch: makes a coroutine that shows the progress; it is cancelled at the end.

        Returns:
            The statistics of the connections.

        Raises:
            SignallingError: no answer, or the offer is refused.
            CallError: no connection is established, it breaks, or no video is received.
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
            return await self.connections.statistics()

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
            # Some servers list a stream as live only after its first frame.
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
                self.ended = "stopped by the user"
            elif uplink and uplink.error:
                raise CallError(str(uplink.error)) from uplink.error
            elif downlink and downlink.error:
                raise CallError(str(downlink.error)) from downlink.error
            elif self.connections.broken and sent_all_at is None:
                reason = self.connections.closing_reason
                reason = f" (the server's reason: {reason})" if reason else ""
                raise CallError(f"{self.connections.broken} after {now - self.began_at:.0f} s{reason}")
            elif sent_all_at is not None and (downlink is None or downlink.has_last()):
                self.ended = "all frames were sent" if downlink is None else "the last frame was returned"
            elif sent_all_at is not None and now - max(last, sent_all_at) > _LAST_FRAMES_S:
                self.ended = f"no further frame within {_LAST_FRAMES_S:g} s"
            elif self.seconds is not None and uplink is None and now - self.began_at >= self.seconds:
                self.ended = f"{self.seconds:g} s have passed"
            elif downlink and now - max(last, self.began_at) > _NO_MEDIA_S:
                raise CallError(f"no video frame was received for {_NO_MEDIA_S:g} s")


class _signals:  # noqa: N801 - used as a function
    """Ends a call on Ctrl-C and SIGTERM in the normal way, so that the recorded file is complete."""

    def __init__(self, stop: asyncio.Event):
        self._stop = stop

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # on Windows Ctrl-C interrupts the program
                asyncio.get_running_loop().add_signal_handler(number, self._stop.set)

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().remove_signal_handler(number)
