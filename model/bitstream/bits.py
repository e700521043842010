"""Reads the bits of H.264 headers."""

from acutance.model.bitstream.unreadable import UnreadableError


class Bits:
    """Bits and Exp-Golomb codes of a NAL unit's payload (ITU-T H.264, section 9.1), without emulation prevention bytes.

    Attributes:
        fields: number of fields that may still be read.
    """

    def __init__(self, payload: bytes, fields: int) -> None:
        """Begin at the first bit.

        Args:
            payload: the bytes after the header of the NAL unit.
            fields: maximum number of fields to read.
        """
        self.fields = fields
        self._value = int.from_bytes(payload, "big")  # the bits that are left
        self._left = len(payload) * 8

    def take(self, count: int) -> int:
        """Return the next ``count`` bits as an unsigned number.

        Raises:
            UnreadableError: fewer bits or no fields are left; all methods raise it.
        """
        self.fields -= 1
        self._left -= count
        if self._left < 0 or self.fields < 0:
            raise UnreadableError
        taken = self._value >> self._left
        self._value &= (1 << self._left) - 1
        return taken

    def flag(self) -> bool:
        """Return the next bit."""
        return bool(self.take(1))

    def unsigned(self, maximum: int = (1 << 32) - 2) -> int:
        """Return the next Exp-Golomb code, ue(v); raise `UnreadableError` if it exceeds ``maximum``."""
        zeros = self._left - self._value.bit_length()
        if zeros > 31:
            raise UnreadableError
        code = self.take(2 * zeros + 1) - 1
        if code > maximum:
            raise UnreadableError
        return code

    def signed(self) -> int:
        """Return the next signed Exp-Golomb code, se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)
