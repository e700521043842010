"""A network that loses and delays media packets, laid below a peer's SRTP."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Any


class Way(Enum):
    """Of a packet, from the peer that the line belongs to."""

    OUT = auto()
    BACK = auto()


class BadLine:
    """Both ways of one ICE transport. DTLS and the data channel pass through unharmed.

    Attributes:
        loses: asked for each RTP or RTCP packet: its bytes, still encrypted behind the header, and its way.
        delay: of each media packet, in seconds.
        jitter: asked for each media packet: what is added to that; later ones may overtake it.
        lost: how many it lost.
    """

    def __init__(self) -> None:
        self.loses: Callable[[bytes, Way], bool] = lambda data, way: False
        self.delay = 0.0
        self.jitter: Callable[[], float] = lambda: 0.0
        self.lost = 0
        self._tasks: list[asyncio.Task[None]] = []

    def lay(self, ice: Any) -> None:
        """Begin to stand between an `RTCIceTransport` and what is above it."""
        send, receive = ice._send, ice._recv
        going: asyncio.Queue[bytes] = asyncio.Queue()
        coming: asyncio.Queue[bytes | ConnectionError] = asyncio.Queue()

        async def out() -> None:
            while True:
                try:
                    await send(await going.get())
                except ConnectionError:  # of no interest: who sends media does not wait for it to arrive
                    return

        async def back() -> None:
            while True:
                try:
                    self._pass(await receive(), Way.BACK, coming)
                except ConnectionError as error:
                    coming.put_nowait(error)
                    return

        async def lossy_send(data: bytes) -> None:
            if _is_media(data):
                self._pass(data, Way.OUT, going)
            else:
                await send(data)

        async def lossy_receive() -> bytes:
            if not self._tasks:  # before this call ICE may not have connected yet
                self._tasks += [asyncio.create_task(out()), asyncio.create_task(back())]
            data = await coming.get()
            if isinstance(data, ConnectionError):
                raise data
            return data

        ice._send, ice._recv = lossy_send, lossy_receive

    def lose_for_good(self, way: Way) -> None:
        """Lose the next large packet that goes this way, and whatever would repair it."""
        lost: set[int] = set()

        def chosen(number: int, size: int) -> bool:
            if not lost and size > 300:
                lost.add(number)
            return number in lost

        self._lose_beyond_repair(way, chosen)

    def lose_every_second(self, way: Way) -> None:
        """Lose every second packet that goes this way, and whatever would repair it."""
        self._lose_beyond_repair(way, lambda number, size: bool(number & 1))

    def _lose_beyond_repair(self, way: Way, chosen: Callable[[int, int], bool]) -> None:
        sources: set[bytes] = set()

        def loses(data: bytes, on: Way) -> bool:
            if on is not way or _is_rtcp(data):
                return False
            source = data[8:12]
            if not sources:
                sources.add(source)
            # Another source is that of the retransmissions (RFC 4588).
            return source not in sources or chosen(int.from_bytes(data[2:4]), len(data))

        self.loses = loses

    async def close(self) -> None:
        """End both ways."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _pass(self, data: bytes, way: Way, on: asyncio.Queue[Any]) -> None:
        if not _is_media(data):
            on.put_nowait(data)
        elif self.loses(data, way):
            self.lost += 1
        elif late := self.delay + self.jitter():
            asyncio.get_running_loop().call_later(late, on.put_nowait, data)
        else:
            on.put_nowait(data)


def _is_media(data: bytes) -> bool:
    # RFC 7983: RTP and RTCP begin with 128 to 191.
    return 128 <= data[0] <= 191


def _is_rtcp(data: bytes) -> bool:
    # RFC 5761, section 4.
    return 64 <= data[1] & 0x7F <= 95
