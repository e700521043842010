"""Frame metadata: hints for the student, read from the encoded frame and matched to the decoded one."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from av import VideoFrame

from acutance.model.bitstream.quantiser import Codec, QuantiserReader
from acutance.model.hints import Hints, StreamHints

_CODECS: dict[str, Codec] = {"H264": "h264", "VP8": "vp8"}
_MOST_WAITING = 64
"""Encoded frames kept until their decoded frame arrives: a decoder that fails on all of them must not fill memory."""


@dataclass(frozen=True)
class FrameMetadata:
    """Metadata of a decoded frame.

    Attributes:
        hints: for the student.
        arrived: when its last packet arrived, in seconds on the clock; None if its encoded frame is unknown.
    """

    hints: Hints
    arrived: float | None = None


@dataclass(frozen=True)
class _Coded:
    """An encoded frame: its arrival in seconds, its size in bytes, and its quantiser step if it could be read."""

    arrived: float
    size: int
    step: float | None


class FrameHints:
    """Reads hints from encoded frames and matches them to decoded frames by timestamp. For one event loop."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._readers: dict[str, QuantiserReader] = {}
        self._coded: OrderedDict[int, _Coded] = OrderedDict()
        self._stream = StreamHints()

    def note(self, codec: str, data: bytes, timestamp: int) -> float | None:
        """Take an encoded frame before it is decoded; return its quantiser step in grey levels if it can be read.

        Args:
            codec: its name in SDP, ``H264`` or ``VP8``; other codecs are not read.
            data: a VP8 frame, or an H.264 access unit with Annex B start codes.
            timestamp: the pts that the decoded frame will have.
        """
        step = None
        if codec in _CODECS:
            step = self._readers.setdefault(codec, QuantiserReader(_CODECS[codec])).read(data)
        self._coded[timestamp] = _Coded(self._clock(), len(data), step)
        if len(self._coded) > _MOST_WAITING:
            self._coded.popitem(last=False)
        return step

    def skip(self, timestamp: int, pixels: int) -> None:
        """Note that the frame with this timestamp and number of pixels is not decoded."""
        coded = self._coded.pop(timestamp, None)
        if coded is not None:
            self._stream.add(coded.step, coded.size, pixels)

    def metadata_for(self, frame: VideoFrame) -> FrameMetadata:
        """Return the metadata of a decoded frame; if its encoded frame is unknown, with the hints of the last one."""
        coded = self._coded.pop(frame.pts, None) if frame.pts is not None else None
        if coded is None:
            return FrameMetadata(self._stream.last)
        return FrameMetadata(self._stream.add(coded.step, coded.size, frame.width * frame.height), coded.arrived)
