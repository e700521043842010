"""Fields of H.264 headers, bit by bit."""

from random import Random

import pytest

from acutance.model.bitstream.bits import Bits
from acutance.model.bitstream.unreadable import UnreadableError


def _decoded(bits: str) -> int | None:
    """Decode an Exp-Golomb code as ITU-T H.264, section 9.1, defines it; None for a truncated one."""
    zeros = len(bits) - len(bits.lstrip("0"))
    code = bits[zeros : 2 * zeros + 1]
    return int(code, 2) - 1 if zeros < 32 and len(code) == zeros + 1 else None


def test_exp_golomb_codes_are_those_of_the_standard() -> None:
    dice = Random(1)
    for _ in range(2000):
        data = bytes(dice.choice([0, 0, 1, 255, dice.randrange(256)]) for _ in range(dice.randrange(1, 10)))
        expected = _decoded(format(int.from_bytes(data, "big"), f"0{8 * len(data)}b"))
        if expected is None or expected > (1 << 32) - 2:
            with pytest.raises(UnreadableError):
                Bits(data, 1).unsigned()
        else:
            assert Bits(data, 1).unsigned() == expected


def test_signed_codes_alternate() -> None:
    bits = Bits(bytes([0b1_010_011_0, 0b0100_0010, 0b1_0000000]), 9)
    assert [bits.signed() for _ in range(5)] == [0, 1, -1, 2, -2]


def test_a_value_out_of_range_and_a_field_too_many_are_unreadable() -> None:
    with pytest.raises(UnreadableError):
        Bits(b"\x40", 1).unsigned(maximum=0)
    bits = Bits(b"\xff", 2)
    assert (bits.flag(), bits.flag()) == (True, True)
    with pytest.raises(UnreadableError):
        bits.flag()
