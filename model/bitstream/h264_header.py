"""Reads the quantiser of an H.264 frame from its first slice header (ITU-T H.264, sections 7.3.2 and 7.3.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from acutance.model.bitstream.bits import Bits
from acutance.model.bitstream.sequence import MAX_SPS, SequenceParameters, read_sequence
from acutance.model.bitstream.unreadable import UnreadableError

_NAL_SLICE, _NAL_IDR, _NAL_SPS, _NAL_PPS = 1, 5, 7, 8
_COARSEST = 51
_LONGEST_HEADER = 256
"""Bytes read of each NAL unit: parameter sets and slice headers are far shorter."""
_MAX_UNITS, _MAX_BYTES, _MAX_FIELDS = 16, 65536, 2000
"""Maximum numbers of NAL units, bytes and header fields that are read to find the first slice of a frame. Encoders send
an access unit delimiter, two or three parameter sets and a few SEI messages before it; scaling lists take up to 780
fields. The server reads headers on its event loop: these limits keep the time for a malicious frame to about 2 ms."""
# Ranges of ITU-T H.264, section 7.4.2.2 (pic_parameter_set_id) and 7.4.3 (num_ref_idx_active_minus1: of fields).
_MAX_PPS, _MAX_REFERENCE = 255, 31
_MAX_COMMANDS = 66
"""Maximum number of reordering or marking commands of a slice: one for each reference field, and two for all."""


class ParameterSets:
    """The parameter sets of a stream, by id: at most 32 SPS and 256 PPS. Slices cannot be read without them."""

    def __init__(self) -> None:
        self._sps: dict[int, SequenceParameters] = {}
        self._pps: dict[int, _Pps] = {}

    def __len__(self) -> int:
        return len(self._sps) + len(self._pps)

    def slice_qp(self, frame: bytes) -> int:
        """Store the frame's parameter sets and return the QP of its first slice, 0 to 51 for 8 bits.

        Args:
            frame: NAL units with Annex B start codes.

        Raises:
            UnreadableError: The first 16 NAL units and 64 KiB contain no slice, its parameter sets are missing, or a
                header is invalid or of an unsupported kind.
        """
        fields = _MAX_FIELDS
        for unit in islice(_nal_units(frame[:_MAX_BYTES]), _MAX_UNITS):
            kind = unit[0] & 31
            bits = Bits(unit[1:], fields)
            if kind == _NAL_SPS:
                number, sps = read_sequence(bits)
                self._sps[number] = sps
            elif kind == _NAL_PPS:
                number, pps = _parse_pps(bits)
                self._pps[number] = pps
            elif kind in (_NAL_SLICE, _NAL_IDR):
                return self._slice_qp(bits, unit[0])
            fields = bits.fields
        raise UnreadableError

    def _slice_qp(self, bits: Bits, head: int) -> int:
        bits.unsigned()  # first_mb_in_slice
        kind = bits.unsigned() % 5
        pps = self._pps.get(bits.unsigned())
        sps = self._sps.get(pps.sps) if pps else None
        if pps is None or sps is None or kind > 2:  # SP and SI slices are of the extended profile only
            raise UnreadableError
        return _parse_slice_qp(bits, head, kind, sps, pps)


@dataclass(frozen=True)
class _Pps:
    """The PPS fields (section 7.3.2.2) that determine the layout of slice headers."""

    sps: int
    cabac: bool
    field_order: bool
    references: tuple[int, int]
    weighted: bool
    weighted_both: bool
    qp: int
    redundant: bool


def _nal_units(frame: bytes) -> Iterator[bytes]:
    """Yield the first 256 bytes of each NAL unit of an Annex B stream, emulation prevention removed."""
    at = frame.find(b"\0\0\1")
    while at >= 0:
        begin = at + 3
        at = frame.find(b"\0\0\1", begin)
        end = min(at if at >= 0 else len(frame), begin + _LONGEST_HEADER)
        if end > begin:
            yield frame[begin:end].replace(b"\0\0\3", b"\0\0")


def _parse_pps(bits: Bits) -> tuple[int, _Pps]:
    number, sps = bits.unsigned(_MAX_PPS), bits.unsigned(MAX_SPS)
    cabac, field_order = bits.flag(), bits.flag()
    if bits.unsigned():  # slice groups: not used in calls
        raise UnreadableError
    references = (bits.unsigned(_MAX_REFERENCE) + 1, bits.unsigned(_MAX_REFERENCE) + 1)
    weighted, weighted_both = bits.flag(), bits.take(2) == 1
    qp = 26 + bits.signed()
    bits.signed()
    bits.signed()
    bits.take(2)
    return number, _Pps(sps, cabac, field_order, references, weighted, weighted_both, qp, bits.flag())


_P, _B, _I = 0, 1, 2


def _parse_slice_qp(bits: Bits, head: int, kind: int, sps: SequenceParameters, pps: _Pps) -> int:
    """Return the slice's QP: section 7.3.3 from frame_num to slice_qp_delta."""
    if sps.separate_planes:
        bits.take(2)
    bits.take(sps.frame_num_bits)
    field = not sps.frames_only and bits.flag()
    if field:
        bits.take(1)
    idr = head & 31 == _NAL_IDR
    if idr:
        bits.unsigned()
    if sps.order_type == 0:
        bits.take(sps.order_bits)
        if pps.field_order and not field:
            bits.signed()
    elif sps.order_type == 1 and not sps.order_delta_zero:
        bits.signed()
        if pps.field_order and not field:
            bits.signed()
    if pps.redundant:
        bits.unsigned()
    if kind == _B:
        bits.take(1)
    references = pps.references
    if kind != _I:
        if bits.flag():
            first = bits.unsigned(_MAX_REFERENCE) + 1
            references = (first, bits.unsigned(_MAX_REFERENCE) + 1 if kind == _B else references[1])
        for _ in range(2 if kind == _B else 1):
            _skip_reordering(bits)
        if (pps.weighted and kind == _P) or (pps.weighted_both and kind == _B):
            _skip_weights(bits, references if kind == _B else references[:1], 1 if sps.separate_planes else 3)
    if head >> 5 & 3:
        _skip_marking(bits, idr)
    if pps.cabac and kind != _I:
        bits.unsigned()
    qp = pps.qp + bits.signed()
    if not 0 <= qp <= _COARSEST:
        raise UnreadableError
    return qp


def _skip_reordering(bits: Bits) -> None:
    if bits.flag():
        for _ in range(_MAX_COMMANDS):
            if bits.unsigned() == 3:
                return
            bits.unsigned()
        raise UnreadableError


def _skip_weights(bits: Bits, references: tuple[int, ...], planes: int) -> None:
    bits.unsigned()
    if planes == 3:
        bits.unsigned()
    for count in references:
        for _ in range(count):
            for values in (2, 4) if planes == 3 else (2,):
                if bits.flag():
                    for _ in range(values):
                        bits.signed()


def _skip_marking(bits: Bits, idr: bool) -> None:
    if idr:
        bits.take(2)
    elif bits.flag():
        for _ in range(_MAX_COMMANDS):
            operation = bits.unsigned()
            if operation == 0:
                return
            for _ in range({1: 1, 2: 1, 3: 2, 4: 1, 6: 1}.get(operation, 0)):
                bits.unsigned()
        raise UnreadableError
