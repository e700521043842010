"""The quantiser of a VP8 frame, read from its header (RFC 6386, sections 9.2 to 9.6 and 19.2)."""

from acutance.model.bitstream.unreadable import UnreadableError

# RFC 6386, section 14.1: the AC step for each quantiser index.
_AC: tuple[int, ...] = (
    *range(4, 59),
    *range(60, 118, 2),
    *range(119, 156, 3),
    *(158, 161, 164, 167, 170, 173, 177, 181, 185, 189, 193, 197, 201, 205, 209, 213, 217, 221, 225, 229, 234, 239),
    *(245, 249, 254, 259, 264, 269, 274, 279, 284),
)
_START = b"\x9d\x01\x2a"


def ac_step(frame: bytes) -> int:
    """Return the quantiser step of luma's AC coefficients, 4 to 284, in VP8's own units.

    Raises:
        UnreadableError: The bytes are not the header of a frame, or too few.
    """
    try:
        return _ac_step(frame)
    except IndexError:
        raise UnreadableError from None


class _BoolDecoder:
    """VP8's arithmetic decoder for bits of probability 1/2 and literals of them (RFC 6386, section 7.3)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._value = int.from_bytes(data[:2], "big")
        self._at, self._range, self._shifted = 2, 255, 0

    def flag(self) -> bool:
        split = 1 + ((self._range - 1) * 128 >> 8)
        bit = self._value >= split << 8
        if bit:
            self._range -= split
            self._value -= split << 8
        else:
            self._range = split
        while self._range < 128:
            self._value <<= 1
            self._range <<= 1
            self._shifted += 1
            if self._shifted == 8:
                self._shifted = 0
                self._value |= self._data[self._at]
                self._at += 1
        return bit

    def literal(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self.flag()
        return value

    def optional(self, count: int) -> None:
        """Skip a flag and, if it is set, a value of `count` bits and its sign."""
        if self.flag():
            self.literal(count + 1)


def _ac_step(frame: bytes) -> int:
    key = not frame[0] & 1
    if key and frame[3:6] != _START:
        raise UnreadableError
    bits = _BoolDecoder(frame[10:] if key else frame[3:])
    if key:
        bits.literal(2)  # colour space, clamping
    if bits.flag():  # segments
        new_map, new_data = bits.flag(), bits.flag()
        if new_data:
            bits.flag()
            for size in (7,) * 4 + (6,) * 4:
                bits.optional(size)
        if new_map:
            for _ in range(3):
                if bits.flag():
                    bits.literal(8)
    bits.literal(1 + 6 + 3)  # loop filter: kind, level, sharpness
    if bits.flag() and bits.flag():
        for _ in range(8):
            bits.optional(6)
    bits.literal(2)  # partitions
    return _AC[bits.literal(7)]
