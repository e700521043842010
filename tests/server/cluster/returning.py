"""A peer that behaves as the page does when its video stops: it asks for its session, and begins another one."""

import asyncio
import random
import time
from contextlib import suppress
from itertools import pairwise

import av
from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.server.peers import Peer, SoftCamera

# As in static/call/path-watch.js.
_SILENCE_S, _LOOK_S = 0.6, 0.1
_ASK = ClientTimeout(total=1.5)


class _Timed(Peer):
    """Notes when each frame arrives."""

    def __init__(self, camera: SoftCamera, times: list[float]) -> None:
        super().__init__(camera)
        self.times = times

    def record(self, frame: av.VideoFrame) -> None:
        self.times.append(time.monotonic())


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
        self._peer: _Timed | None = None
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
        if self._peer is not None:
            await self._peer.close()

    def longest_gap(self, since: float) -> float:
        """Return the longest time without a frame, from a moment on until now."""
        times = [since, *(each for each in self.times if each > since), time.monotonic()]
        return max(after - before for before, after in pairwise(times))

    async def _run(self) -> None:
        while True:
            with suppress(AssertionError, ClientError, TimeoutError):  # refused or unreachable: again, later
                await self._join()
                while not await self._lost():  # noqa: ASYNC110 - there is no event for silence
                    await asyncio.sleep(_LOOK_S)
            await asyncio.sleep(random.uniform(0, 0.25))

    async def _join(self) -> None:
        former, self._peer = self._peer, _Timed(SoftCamera(30), self.times)
        if former is not None:
            closing = asyncio.create_task(former.close())
            closing.add_done_callback(lambda task: task.exception())
        await self._peer.join(self._client, "H264")
        self.urls.append(self._peer.url)
        self._joined = time.monotonic()

    async def _lost(self) -> bool:
        if time.monotonic() - max(self.times[-1] if self.times else 0.0, self._joined) < _SILENCE_S:
            return False
        try:
            async with self._client.get(self.urls[-1], timeout=_ASK) as response:
                return response.status in (404, 410)
        except (ClientError, TimeoutError):
            return False
