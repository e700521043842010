"""What the server knows of each decoded frame: read from its encoded form, told to the student."""

from collections import OrderedDict

from av import VideoFrame

from model.hints import UNCODED, BitMeter, Hints
from model.quantiser import Codec, QuantiserReader

_CODECS: dict[str, Codec] = {"H264": "h264", "VP8": "vp8"}
_MOST_WAITING = 64
"""Encoded frames without a decoded one that are remembered: a decoder that fails on them all must not fill memory."""


class FrameHints:
    """Matches encoded and decoded frames by time stamp. Lives on one event loop."""

    def __init__(self) -> None:
        self._readers: dict[str, QuantiserReader] = {}
        self._told: OrderedDict[int, tuple[float, int]] = OrderedDict()
        self._meter = BitMeter()
        self._last = UNCODED

    def note(self, codec: str, data: bytes, timestamp: int) -> None:
        """Take an encoded frame on its way to the decoder.

        Args:
            codec: as in SDP, ``H264`` or ``VP8``; others are not read.
            data: the frame: VP8, or H.264 with Annex B start codes.
            timestamp: what the decoded frame will have as its pts.
        """
        if codec not in _CODECS:
            return
        reader = self._readers.setdefault(codec, QuantiserReader(_CODECS[codec]))
        step = reader.read(data)
        if step is not None:
            self._told[timestamp] = step, len(data)
            if len(self._told) > _MOST_WAITING:
                self._told.popitem(last=False)

    def of(self, frame: VideoFrame) -> Hints:
        """Return what is known of a decoded frame; where nothing was read, what its neighbour had."""
        told = self._told.pop(frame.pts, None) if frame.pts is not None else None
        if told is not None:
            step, size = told
            self._last = Hints(step, self._meter.add(size, frame.width * frame.height))
        return self._last
