"""Recognises coded frames that come back as they were sent."""

import re
from collections.abc import Sequence

_START_CODE = re.compile(rb"\x00\x00\x01")
_SLICES = (1, 5)


class SentFrames:
    """The coded frames of a stream, by their contents."""

    def __init__(self, packets: Sequence[bytes], codec: str):
        """Keep them.

        Args:
            packets: a coded frame each, H.264 with start codes.
            codec: ``H264`` or ``VP8``.
        """
        self._codec = codec
        self._indices: dict[bytes, int] = {}
        for index, packet in enumerate(packets):
            self._indices.setdefault(self._content(packet), index)

    def index(self, frame: bytes) -> int | None:
        """Return the index of the packet with the pictures of this frame; None if there is none.

        Of packets with equal contents it is the first one.
        """
        return self._indices.get(self._content(frame))

    def _content(self, frame: bytes) -> bytes:
        """Return what stays equal on the way: of H.264 the slices, because parameter sets may be repeated."""
        if self._codec != "H264":
            return frame
        units = (unit.rstrip(b"\x00") for unit in _START_CODE.split(frame)[1:])
        return b"\x00\x00\x01".join(unit for unit in units if unit and unit[0] & 0x1F in _SLICES)
