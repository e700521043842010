"""A peer that behaves as the page does when its video stops, or when it is asked to move."""

import asyncio
import random
import time
from contextlib import suppress
from itertools import pairwise

import av
from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.server.peers import Peer, SoftCamera

# As in static/call/path-watch.js.
_SILENCE_S, _LOOK_S = 0.6, 0.05
_ASK = ClientTimeout(total=1.5)
_FRAME_S = 10.0


class _Timed(Peer):
    """Notes when each frame arrives.

    Attributes:
        joined: when the session was begun.
    """

    def __init__(self, times: list[float]) -> None:
        super().__init__(SoftCamera(30))
        self.all_times = times
        self.times: list[float] = []
        self.joined = time.monotonic()

    def record(self, frame: av.VideoFrame) -> None:
        self.times.append(time.monotonic())
        self.all_times.append(self.times[-1])

    @property
    def asked_to_move(self) -> bool:
        return any(message["type"] == "moving" for message in self.statistics)


class ReturningPeer:
    """Sends and receives until it is closed, over one session after the other.

    Attributes:
        times: when each frame arrived, on the monotonic clock.
        urls: of its sessions, in order.
    """

    def __init__(self, client: ClientSession) -> None:
        self.times: list[float] = []
        self.urls: list[str] = []
        self._client = client
        self._peers: list[_Timed] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when the first frame has returned."""
        self._task = asyncio.create_task(self._run())
        async with asyncio.timeout(30):
            while not self.times:  # noqa: ASYNC110 - there is no event for a frame
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*(peer.close() for peer in self._peers), return_exceptions=True)

    def longest_gap(self, since: float) -> float:
        """Return the longest time without a frame, from a moment on until now."""
        times = [since, *(each for each in self.times if each > since), time.monotonic()]
        return max(after - before for before, after in pairwise(times))

    async def _run(self) -> None:
        while True:
            with suppress(AssertionError, ClientError, TimeoutError):  # refused or unreachable: again, later
                peer = await self._join()
                while not await self._lost(peer):
                    await asyncio.sleep(_LOOK_S)
                    if peer.asked_to_move:
                        peer = await self._move(peer)
            await asyncio.sleep(random.uniform(0, 0.25))

    async def _join(self) -> _Timed:
        peer = _Timed(self.times)
        self._peers.append(peer)
        await peer.join(self._client, "H264")
        self.urls.append(peer.url)
        return peer

    async def _move(self, peer: _Timed) -> _Timed:
        """Begin another session before the present one ends, at a random moment as all pages of a node do."""
        await asyncio.sleep(random.uniform(0, 0.5))
        other = await self._join()
        async with asyncio.timeout(_FRAME_S):
            while not other.times:  # noqa: ASYNC110 - there is no event for a frame
                await asyncio.sleep(0.02)
        async with self._client.delete(peer.url):
            pass
        return other

    async def _lost(self, peer: _Timed) -> bool:
        if time.monotonic() - max([peer.joined, *peer.times[-1:]]) < _SILENCE_S:
            return False
        try:
            async with self._client.get(peer.url, timeout=_ASK) as response:
                return response.status in (404, 410)
        except (ClientError, TimeoutError):
            return False
