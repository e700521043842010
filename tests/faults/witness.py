"""A peer that records each returned frame: its number, size and time."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import av
from aiohttp.test_utils import TestClient
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE, MediaStreamTrack

from acutance.server.bench import barcode
from acutance.server.encoding.encoder import Encoder
from acutance.server.frames.planes import copy_of, plane_view
from acutance.server.rtc.aiortc_private.feedback import watch_feedback
from tests.server.peers import Peer, SoftCamera, until

type Client = TestClient  # type: ignore[type-arg]

# The time before a fault with which the time after it is compared: other programs may need the host too.
_BEFORE_S = 1.0


@dataclass(frozen=True)
class Seen:
    """A returned frame: its number if it has one, its size in pixels, and the time of its arrival in seconds."""

    number: int | None
    size: tuple[int, int]
    at: float = field(default_factory=monotonic)


class Witness(Peer):
    """A peer with any camera.

    Attributes:
        seen: the returned frames, in order of arrival.
    """

    def __init__(self, camera: MediaStreamTrack | None = None) -> None:
        super().__init__(camera or SoftCamera(30))  # type: ignore[arg-type]
        self.seen: list[Seen] = []

    async def join(self, client: Client, codec: str = "H264", *, with_audio: bool = False, **fields: str) -> None:
        await super().join(client, codec, with_audio=with_audio, **fields)
        if isinstance(self.camera, CodedCamera):
            watch_feedback(
                self.connection.getSenders()[0], self.camera.encoder.request_keyframe, lambda _: None, lambda _: None
            )

    @property
    def ended(self) -> str | None:
        """The reason that the server gave for ending the call."""
        return next((message["reason"] for message in self.statistics if message["type"] == "closing"), None)

    @property
    def last(self) -> dict[str, Any]:
        """The last statistics message."""
        return next(message for message in reversed(self.statistics) if message["type"] == "stats")

    async def sees(self, count: int = 15) -> None:
        """Wait for this many more frames."""
        wanted = len(self.seen) + count
        await until(lambda: len(self.seen) >= wanted)

    async def is_told(self, **fields: object) -> None:
        """Wait until the last statistics message has these fields."""
        await until(
            lambda: (
                any(message["type"] == "stats" for message in self.statistics) and fields.items() <= self.last.items()
            )
        )

    def longest_gap(self, since: float = 0.0) -> float:
        """Return the longest time between two returned frames, in seconds, that ended after `since`."""
        return self._longest_gap(since, float("inf"))

    def share_seen(self, since: float, until: float) -> float:
        """Return the share of returned frames among those sent in a period, 30 per second without the one under way."""
        return sum(since <= seen.at <= until for seen in self.seen) / max(1.0, 30 * (until - since) - 1)

    def share_before(self, at: float) -> float:
        """Return the share of returned frames in the second before a fault, at most 1: what the busy host carries."""
        return min(1.0, self.share_seen(max(at - _BEFORE_S, self.seen[0].at), at))

    def gap_before(self, at: float) -> float:
        """Return the longest time between two returned frames in the second before a fault, in seconds."""
        return self._longest_gap(at - _BEFORE_S, at)

    def _longest_gap(self, since: float, until: float) -> float:
        times = [seen.at for seen in self.seen]
        gaps = (after - before for before, after in itertools.pairwise(times) if since <= after <= until)
        return max(gaps, default=until - since)

    def record(self, frame: av.VideoFrame) -> None:
        """Record a returned frame."""
        number = barcode.read(plane_view(frame, 0))
        self.seen.append(Seen(number, (frame.width, frame.height)))
        if number is not None:
            self.order.append(number)


class CodedCamera(MediaStreamTrack):
    """Sends the test's shots in real time: frames, which it encodes, or bytes in place of an encoded frame.

    Starts again with the first one after the last.

    Attributes:
        shots: the frames and bytes.
        encoder: encoder of the frames.
        sent: number of shots sent.
        rate: shots per second.
        ahead: seconds added to the timestamps.
    """

    kind = "video"

    def __init__(self, shots: Sequence[av.VideoFrame | bytes], encoder: Encoder, rate: int = 30) -> None:
        super().__init__()
        self.rate = rate
        self.shots = shots
        self.encoder = encoder
        self.sent = 0
        self.ahead = 0.0
        self._begun: float | None = None

    async def recv(self) -> Any:
        loop = asyncio.get_running_loop()
        self._begun = self._begun or loop.time()
        await asyncio.sleep(max(0, self._begun + self.sent / self.rate - loop.time()))
        shot = self.shots[self.sent % len(self.shots)]
        pts = self.sent * VIDEO_CLOCK_RATE // self.rate + int(self.ahead * VIDEO_CLOCK_RATE)
        self.sent += 1
        if isinstance(shot, bytes):
            packet: Any = av.Packet(shot)
        else:
            frame = copy_of(shot)
            frame.pts, frame.time_base = pts, VIDEO_TIME_BASE
            packet = await loop.run_in_executor(None, self.encoder.encode, frame)
        packet.pts = packet.dts = pts
        packet.time_base = VIDEO_TIME_BASE
        return packet
