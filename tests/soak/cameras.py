"""The streams that callers send, encoded beforehand: callers must use less processor time than the server."""

import asyncio
import pickle
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import cast

import av
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE, MediaStreamTrack

from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder import VideoPacket
from acutance.server.encoding.h264 import H264Encoder
from tests.frames import frame_of, lumas

# Sizes of a sender that changes its size each second.
SIZES = ((160, 96), (320, 192), (256, 144))


@dataclass(frozen=True)
class Stream:
    """H.264 to be sent repeatedly.

    Attributes:
        packets: access units; the first is a keyframe.
        rate: frames per second.
    """

    packets: list[bytes]
    rate: int


def write_streams(file: Path) -> None:
    """Encode the streams of all callers into a file, by name: ``small``, ``resizing`` and ``large``."""
    streams = {
        "small": Stream(_encoded(160, 96, 30, 100_000), 30),
        "resizing": Stream([packet for size in SIZES for packet in _encoded(*size, 30, 150_000)], 30),
        "large": Stream(_encoded(1920, 1080, 30, 2_000_000), 60),
    }
    file.write_bytes(pickle.dumps(streams))


def read_streams(file: Path) -> dict[str, Stream]:
    """Return the streams that `write_streams` wrote."""
    return cast(dict[str, Stream], pickle.loads(file.read_bytes()))


def _encoded(width: int, height: int, frames: int, bitrate: int) -> list[bytes]:
    encoder = H264Encoder(RateControl(bitrate))
    return [bytes(encoder.encode(frame_of(luma, number))) for number, luma in enumerate(lumas(width, height, frames))]


class Camera(MediaStreamTrack):
    """Sends a stream in real time, and repeats it when it ends."""

    kind = "video"

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self._numbers = count()
        self._begun: float | None = None

    async def recv(self) -> VideoPacket:
        loop, number, rate = asyncio.get_running_loop(), next(self._numbers), self._stream.rate
        self._begun = loop.time() if self._begun is None else self._begun
        await asyncio.sleep(max(0.0, self._begun + number / rate - loop.time()))
        packet = cast(VideoPacket, av.Packet(self._stream.packets[number % len(self._stream.packets)]))
        packet.pts = packet.dts = VIDEO_CLOCK_RATE // rate * number
        packet.time_base = VIDEO_TIME_BASE
        return packet
