"""Reads H.264 sequence parameter sets (SPS; ITU-T H.264, section 7.3.2.1.1)."""

from dataclasses import dataclass

from acutance.model.bitstream.bits import Bits
from acutance.model.planes import Size

_HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
# Ranges of section 7.4.2.1.1: seq_parameter_set_id, and num_ref_frames_in_pic_order_cnt_cycle.
MAX_SPS, _MAX_ORDER_CYCLE = 31, 255
_MACROBLOCK = 16


@dataclass(frozen=True)
class SequenceParameters:
    """The fields of an SPS up to frame_mbs_only_flag: what determines the layout of slice headers, and the size.

    Attributes:
        profile: profile_idc.
        macroblocks: width, and height of a frame, in macroblocks of 16x16.
    """

    profile: int
    separate_planes: bool
    frame_num_bits: int
    order_type: int
    order_bits: int
    order_delta_zero: bool
    frames_only: bool
    macroblocks: Size


def read_sequence(bits: Bits) -> tuple[int, SequenceParameters]:
    """Return the id of an SPS and its fields; ``bits`` are then behind frame_mbs_only_flag.

    Raises:
        UnreadableError: it is truncated, or a field is out of its range.
    """
    profile = bits.take(8)
    bits.take(16)  # constraint flags, level
    number = bits.unsigned(MAX_SPS)
    separate = False
    if profile in _HIGH_PROFILES:
        chroma = bits.unsigned()
        separate = chroma == 3 and bits.flag()
        bits.unsigned()  # bit depths
        bits.unsigned()
        bits.take(1)
        if bits.flag():
            for index in range(12 if chroma == 3 else 8):
                if bits.flag():
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    frame_num_bits = bits.unsigned() + 4
    order_type, order_bits, delta_zero = bits.unsigned(), 0, False
    if order_type == 0:
        order_bits = bits.unsigned() + 4
    elif order_type == 1:
        delta_zero = bits.flag()
        bits.signed()
        bits.signed()
        for _ in range(bits.unsigned(_MAX_ORDER_CYCLE)):
            bits.signed()
    bits.unsigned()  # reference frames
    bits.take(1)
    width, height = bits.unsigned() + 1, bits.unsigned() + 1
    frames_only = bits.flag()
    size = width, height * (1 if frames_only else 2)
    return number, SequenceParameters(
        profile, separate, frame_num_bits, order_type, order_bits, delta_zero, frames_only, size
    )


def read_size(bits: Bits, sequence: SequenceParameters) -> Size:
    """Return width and height in pixels of the decoded 4:2:0 frames, with the cropping of the SPS.

    Args:
        bits: behind frame_mbs_only_flag, as `read_sequence` leaves them.
        sequence: the fields before.

    Raises:
        UnreadableError: it is truncated.
    """
    if not sequence.frames_only:
        bits.take(1)
    bits.take(1)
    width, height = (_MACROBLOCK * side for side in sequence.macroblocks)
    if bits.flag():
        # Section 7.4.2.1.1: the units of cropping for 4:2:0 are two columns, and two rows of a frame or four of fields.
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        width -= 2 * (left + right)
        height -= (2 if sequence.frames_only else 4) * (top + bottom)
    return width, height


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
