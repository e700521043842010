"""A network that loses and delays media packets, below the SRTP of a peer."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from acutance.server.rtc.aiortc_private.receiver import FrameFeed
from tests.server.peers import Peer, until


class Direction(Enum):
    """Direction of a packet, as seen from the peer."""

    OUT = auto()
    BACK = auto()


class ImpairedNetwork:
    """Both directions of one ICE transport. DTLS and the data channel pass through unharmed.

    Attributes:
        loses: called for each RTP or RTCP packet with its bytes, encrypted after the header, and its direction; returns
            whether the packet is lost.
        delay: delay of each media packet in seconds.
        jitter: called for each media packet; returns seconds added to the delay. Later packets may overtake it.
        lost: number of lost packets.
    """

    def __init__(self) -> None:
        self.loses: Callable[[bytes, Direction], bool] = lambda data, direction: False
        self.delay = 0.0
        self.jitter: Callable[[], float] = lambda: 0.0
        self.lost = 0
        self._tasks: list[asyncio.Task[None]] = []

    def attach(self, ice: Any) -> None:
        """Put the network below an `RTCIceTransport`."""
        send, receive = ice._send, ice._recv
        going: asyncio.Queue[bytes] = asyncio.Queue()
        coming: asyncio.Queue[bytes | ConnectionError] = asyncio.Queue()

        async def out() -> None:
            while True:
                try:
                    await send(await going.get())
                except ConnectionError:  # a media sender does not wait until a packet has arrived
                    return

        async def back() -> None:
            while True:
                try:
                    self._pass(await receive(), Direction.BACK, coming)
                except ConnectionError as error:
                    coming.put_nowait(error)
                    return

        async def lossy_send(data: bytes) -> None:
            if _is_media(data):
                self._pass(data, Direction.OUT, going)
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

    def lose_for_good(self, direction: Direction) -> None:
        """Lose the next large packet in this direction, and every retransmission of it."""
        lost: set[int] = set()

        def chosen(number: int, size: int) -> bool:
            if not lost and size > 300:
                lost.add(number)
            return number in lost

        self._lose_beyond_repair(direction, chosen)

    def lose_every_second(self, direction: Direction) -> None:
        """Lose every second packet in this direction, and every retransmission of it."""
        self._lose_beyond_repair(direction, lambda number, size: bool(number & 1))

    def _lose_beyond_repair(self, direction: Direction, chosen: Callable[[int, int], bool]) -> None:
        sources: set[bytes] = set()

        def loses(data: bytes, on: Direction) -> bool:
            if on is not direction or _is_rtcp(data):
                return False
            source = data[8:12]
            if not sources:
                sources.add(source)
            # Retransmissions have their own SSRC (RFC 4588).
            return source not in sources or chosen(int.from_bytes(data[2:4]), len(data))

        self.loses = loses

    async def close(self) -> None:
        """End both directions."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _pass(self, data: bytes, direction: Direction, on: asyncio.Queue[Any]) -> None:
        if not _is_media(data):
            on.put_nowait(data)
        elif self.loses(data, direction):
            self.lost += 1
        elif late := self.delay + self.jitter():
            asyncio.get_running_loop().call_later(late, on.put_nowait, data)
        else:
            on.put_nowait(data)


class ImpairedCall:
    """A call over an impaired network, of a peer whose receiver copes with loss as a browser's does.

    Attributes:
        peer: the peer.
        network: its network.
        arrivals: times at which whole frames arrived, in seconds on the event loop's clock.
    """

    def __init__(self, peer: Peer) -> None:
        """Impair the network of a peer that has just joined."""
        self.peer = peer
        self.network = ImpairedNetwork()
        self.arrivals: list[float] = []
        loop, receiver = asyncio.get_running_loop(), peer.connection.getReceivers()[0]
        feed = FrameFeed(receiver, lambda *_: self.arrivals.append(loop.time()), lambda: None)
        self._watching = asyncio.create_task(feed.watch())
        self.network.attach(receiver.transport.transport)

    async def seconds_until_news(self) -> float:
        """Wait for three frames that have not been sent yet; return the seconds that took."""
        loop = asyncio.get_running_loop()
        begun, sent, seen = loop.time(), self.peer.camera.sent, len(self.peer.order)
        await until(lambda: sum(number >= sent for number in self.peer.order[seen:]) >= 3)
        return loop.time() - begun

    async def close(self) -> None:
        self._watching.cancel()
        await self.peer.close()
        await self.network.close()


def _is_media(data: bytes) -> bool:
    # RFC 7983: RTP and RTCP begin with 128 to 191.
    return 128 <= data[0] <= 191


def _is_rtcp(data: bytes) -> bool:
    # RFC 5761, section 4.
    return 64 <= data[1] & 0x7F <= 95
