"""Detects keyframes, and frames without picture data, from the first bytes of an encoded frame."""

from collections.abc import Iterator

_START = b"\x00\x00\x01"
_VP8_START = b"\x9d\x01\x2a"
_VP8_HEADER_BYTES = 6
# ITU-T H.264, table 7-1: NAL unit types; 1 to 5 are slices of a picture.
_SLICES, _IDR, _SPS, _DELIMITER = frozenset(range(1, 6)), 5, 7, 9


class FrameScan:
    """Reads one encoded frame packet by packet, each byte once.

    Slices are last in a frame: bytes after the first slice header are not read.
    """

    def __init__(self, codec: str) -> None:
        """Begin a frame.

        Args:
            codec: name as in SDP. Only ``H264`` and ``VP8`` are read: frames of other codecs count as keyframes.
        """
        self._codec = codec
        self._units: set[int] = set()
        self._tail = b""

    def add(self, data: bytes) -> None:
        """Read the next packet's data.

        Args:
            data: as aiortc's depayloader returns it: Annex B for H.264, without the payload descriptor for VP8.
        """
        if self._codec == "VP8":
            if len(self._tail) < _VP8_HEADER_BYTES:
                self._tail += data[:_VP8_HEADER_BYTES]
        elif self._codec == "H264" and not self.has_picture:
            data = self._tail + data
            self._read_units(data)
            self._tail = data[-len(_START) :]  # a start code may lie across two packets

    @property
    def has_picture(self) -> bool:
        """Whether an H.264 slice was read so far; always true for other codecs."""
        return self._codec != "H264" or not _SLICES.isdisjoint(self._units)

    @property
    def is_keyframe(self) -> bool:
        """Whether decoding can begin with this frame, according to the bytes read so far.

        H.264: it has an IDR picture or a sequence parameter set. VP8 (RFC 6386, section 9.1): the lowest bit of the
        first byte is 0, and a start code follows.
        """
        if self._codec == "VP8":
            return bool(self._tail) and not self._tail[0] & 1 and self._tail[3:6] == _VP8_START
        return self._codec != "H264" or not {_IDR, _SPS}.isdisjoint(self._units)

    def has_unit(self, kind: int) -> bool:
        """Return whether a NAL unit of this type (ITU-T H.264, table 7-1) was read."""
        return kind in self._units

    def _read_units(self, data: bytes) -> None:
        at = data.find(_START)
        while 0 <= at < len(data) - len(_START):
            unit = data[at + len(_START)] & 0x1F
            self._units.add(unit)
            if unit in _SLICES:
                break
            at = data.find(_START, at + len(_START))


def begins_keyframe(codec: str, data: bytes) -> bool:
    """Return whether decoding can begin with this complete frame, see `FrameScan.is_keyframe`."""
    scan = FrameScan(codec)
    scan.add(data)
    return scan.is_keyframe


def opens_keyframe(codec: str, data: bytes) -> bool:
    """Return whether a packet is certainly the first one of a keyframe; earlier packets need not be known.

    An IDR slice alone is not enough: it may be the second slice, or an earlier packet may hold its parameter sets.

    Args:
        codec: name as in SDP; False for codecs other than ``H264`` and ``VP8``.
        data: one packet's data, as aiortc's depayloader returns it.
    """
    if codec == "VP8":
        return begins_keyframe(codec, data)
    if codec != "H264" or data[:4] != b"\0" + _START or len(data) < 5 or data[4] & 0x1F not in (_DELIMITER, _SPS):
        return False
    scan = FrameScan(codec)
    scan.add(data)
    return scan.has_unit(_SPS)


def first_units(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an H.264 access unit up to its first slice, of which only the header byte is yielded.

    Args:
        data: complete frame with Annex B start codes.
    """
    at = data.find(_START)
    while 0 <= at < len(data) - len(_START):
        begin = at + len(_START)
        if data[begin] & 0x1F in _SLICES:
            yield data[begin : begin + 1]
            return
        at = data.find(_START, begin)
        end = at if at >= 0 else len(data)
        # The zero byte of a start code of four bytes, and trailing zeros (ITU-T H.264, section B.1.1).
        unit = data[begin:end].rstrip(b"\0")
        if unit:
            yield unit
