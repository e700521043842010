"""Reads the quantiser step of an encoded frame.

The step says more about the quality of a frame than its size: a still wall needs no bits and looks perfect. Its unit is
grey levels of an orthonormal transform, so that codecs can be compared. Only headers are read. Unreadable bytes give
None instead of an error, because they are from an untrusted peer.
"""

import math
from collections.abc import Callable
from typing import Literal

from acutance.model.bitstream import h264_header, vp8_header
from acutance.model.bitstream.unreadable import UnreadableError

Codec = Literal["h264", "vp8"]


class QuantiserReader:
    """Reads the frames of one stream in order; keeps the H.264 parameter sets of the stream."""

    def __init__(self, codec: Codec) -> None:
        self._sets = h264_header.ParameterSets()
        self._read: Callable[[bytes], float] = _vp8_step if codec == "vp8" else self._h264_step

    def read(self, frame: bytes) -> float | None:
        """Return the quantiser step of luma's AC coefficients in grey levels, 0.6 to 227; None if it cannot be read.

        Args:
            frame: One encoded frame: VP8 as in RFC 6386, or H.264 with Annex B start codes.
        """
        try:
            return self._read(frame)
        except UnreadableError:
            return None

    def _h264_step(self, frame: bytes) -> float:
        # H.264, section 8.5.9: the step is 0.625 at QP 0 and doubles every 6.
        return 0.625 * math.pow(2, self._sets.slice_qp(frame) / 6)


def _vp8_step(frame: bytes) -> float:
    # VP8's transform is twice an orthonormal one (RFC 6386, section 14.3).
    return vp8_header.ac_step(frame) / 2
