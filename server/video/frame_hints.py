"""What the server knows of each decoded frame: read from its encoded form, told to the student."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from av import VideoFrame

from acutance.model.bitstream.quantiser import Codec, QuantiserReader
from acutance.model.hints import Hints, StreamHints

_CODECS: dict[str, Codec] = {"H264": "h264", "VP8": "vp8"}
_MOST_WAITING = 64
"""Encoded frames without a decoded one that are remembered: a decoder that fails on them all must not fill memory."""


@dataclass(frozen=True)
class FrameMetadata:
    """What is known of a decoded frame.

    Attributes:
        hints: what the student is told.
        arrived: when its last packet had come, on the clock; None where that was not seen.
    """

    hints: Hints
    arrived: float | None = None


@dataclass(frozen=True)
class _Coded:
    at: float
    size: int
    step: float | None


class FrameHints:
    """Matches encoded and decoded frames by time stamp. Lives on one event loop."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._readers: dict[str, QuantiserReader] = {}
        self._coded: OrderedDict[int, _Coded] = OrderedDict()
        self._stream = StreamHints()

    def note(self, codec: str, data: bytes, timestamp: int) -> None:
        """Take an encoded frame on its way to the decoder.

        Args:
            codec: as in SDP, ``H264`` or ``VP8``; others are not read.
            data: the frame: VP8, or H.264 with Annex B start codes.
            timestamp: what the decoded frame will have as its pts.
        """
        step = None
        if codec in _CODECS:
            step = self._readers.setdefault(codec, QuantiserReader(_CODECS[codec])).read(data)
        self._coded[timestamp] = _Coded(self._clock(), len(data), step)
        if len(self._coded) > _MOST_WAITING:
            self._coded.popitem(last=False)

    def metadata_for(self, frame: VideoFrame) -> FrameMetadata:
        """Return what is known of a decoded frame; where no quantiser was read, the hints of the frame before."""
        coded = self._coded.pop(frame.pts, None) if frame.pts is not None else None
        if coded is None:
            return FrameMetadata(self._stream.last)
        return FrameMetadata(self._stream.add(coded.step, coded.size, frame.width * frame.height), coded.at)
