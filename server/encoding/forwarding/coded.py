"""The coded frames of an incoming stream: keyframes, size, and what keeps them from being forwarded."""

from dataclasses import dataclass, field
from itertools import islice

from acutance.model.bitstream.bits import Bits
from acutance.model.bitstream.sequence import read_sequence, read_size
from acutance.model.bitstream.unreadable import UnreadableError
from acutance.model.planes import Size
from acutance.server.rtc.coded_frame import begins_keyframe, first_units

# ITU-T H.264, table 7-1.
_IDR, _SPS, _PPS = 5, 7, 8
_START = b"\0\0\0\1"
# Annex A.2.1. Receivers negotiate Baseline, the only profile that aiortc knows. It has no B-frames: frames are sent in
# the order in which they are shown.
_BASELINE = 66
# RFC 6386, section 9.1: behind frame tag and start code, 14 bits for each side.
_VP8_SIZE, _VP8_SIDE = slice(6, 10), 0x3FFF
# Encoders have one set of each kind; the sets of a malicious sender must not fill memory.
_MOST_SETS, _LONGEST_SET, _MOST_FIELDS, _MAX_PPS = 16, 256, 900, 255
# Units before the first slice: a delimiter, parameter sets, SEI.
_MOST_UNITS = 32


@dataclass(frozen=True)
class CodedFrame:
    """A frame as its sender coded it, complete and in decoding order.

    Attributes:
        codec: name as in SDP.
        data: a VP8 frame, or an H.264 access unit with Annex B start codes; a keyframe has its parameter sets in it.
        pts: presentation time, in units of 1/90,000 s.
        size: width and height in pixels.
        is_keyframe: whether a decoder can begin with it, and needs nothing sent before.
        arrived: when its last packet arrived, in seconds on the monotonic clock.
        bitrate: of the stream in the last second, in bit/s.
        decoded: whether it is also decoded, and so are all frames after it until further notice.
    """

    codec: str
    data: bytes
    pts: int
    size: Size
    is_keyframe: bool
    arrived: float
    bitrate: int = 0
    decoded: bool = True


@dataclass
class CodedStream:
    """Follows a stream of coded frames in decoding order.

    Attributes:
        size: width and height in pixels of the frames since the last keyframe; None before the first.
        refusal_reason: why such frames cannot be forwarded, in words; None if they can.
    """

    size: Size | None = None
    refusal_reason: str | None = "no keyframe has arrived yet"
    _sets: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def read(self, codec: str, data: bytes) -> tuple[bool, bytes]:
        """Take the next frame; return whether it is a keyframe, and the bytes to forward."""
        if codec == "VP8":
            is_keyframe = begins_keyframe(codec, data)
            if is_keyframe:
                width, height = (int.from_bytes(data[_VP8_SIZE][at : at + 2], "little") for at in (0, 2))
                self.size = width & _VP8_SIDE, height & _VP8_SIDE
                self.refusal_reason = None if all(self.size) else "the keyframe has no size"
            return is_keyframe, data
        if codec == "H264":
            return self._read_h264(data)
        self.refusal_reason = f"{codec} is not forwarded"
        return False, data

    def _read_h264(self, data: bytes) -> tuple[bool, bytes]:
        kinds, present = set(), set()
        for unit in islice(first_units(data), _MOST_UNITS):
            kind = unit[0] & 0x1F
            kinds.add(kind)
            if kind in (_SPS, _PPS):
                present.add(self._keep(kind, unit))
        if _IDR not in kinds:
            return False, data
        # A sender may send its parameter sets once, but a receiver may begin here, or have got those of our encoder.
        if self._sets.keys() <= present:
            return True, data
        return True, b"".join(_START + self._sets[key] for key in sorted(self._sets)) + data

    def _keep(self, kind: int, unit: bytes) -> tuple[int, int] | None:
        """Keep a parameter set; return its kind and id, or None if it is not kept."""
        try:
            key = kind, self._read_set(kind, unit)
        except UnreadableError:
            self.refusal_reason = "a parameter set of the stream is not readable"
            return None
        if len(unit) > _LONGEST_SET or (key not in self._sets and len(self._sets) >= _MOST_SETS):
            self.refusal_reason = "the stream has too many or too long parameter sets"
            return None
        self._sets[key] = unit
        return key

    def _read_set(self, kind: int, unit: bytes) -> int:
        bits = Bits(unit[1:_LONGEST_SET].replace(b"\0\0\3", b"\0\0"), _MOST_FIELDS)
        if kind == _PPS:
            return bits.unsigned(_MAX_PPS)
        number, sequence = read_sequence(bits)
        self.size = read_size(bits, sequence)
        baseline = sequence.profile == _BASELINE
        self.refusal_reason = None if baseline else f"H.264 profile {sequence.profile} is not the negotiated one"
        return number
