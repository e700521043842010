"""Numbers and bytes that a field does not expect."""

from dataclasses import dataclass
from random import Random

_NUMBERS = (0, 1, 2, 15, 16, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@dataclass(frozen=True)
class Target:
    """Facts about its call that a hostile peer knows.

    Attributes:
        payload_types: of its codecs, by name as in SDP.
        ssrc: of the video that the server sends it.
        tag: verification tag of the server's SCTP association; None without one.
        ice_user: user name of connectivity checks to the server.
        ice_password: the key of these checks.
    """

    payload_types: dict[str, int]
    ssrc: int
    tag: int | None
    ice_user: str
    ice_password: str


class Maker:
    """Makes the datagrams of one protocol; equal random numbers give equal datagrams."""

    def __init__(self, random: Random, target: Target) -> None:
        self._random = random
        self._target = target

    def _number_like(self, bits: int) -> int:
        """Return an unsigned number of so many bits, often one at an end of a range."""
        some = self._random.choice([*_NUMBERS, self._random.randrange(1 << 32)])
        return some % (1 << bits)

    def _bytes(self, most: int) -> bytes:
        return self._random.randbytes(self._random.choice([0, 1, 2, 3, 4, self._random.randrange(most)]))

    def _mutated(self, data: bytes, chance: float = 0.5) -> bytes:
        """Return it with a few bits, bytes or ends changed."""
        random, out = self._random, bytearray(data)
        while out and random.random() < chance:
            at = random.randrange(len(out))
            match random.randrange(5):
                case 0:
                    out[at] ^= 1 << random.randrange(8)
                case 1:
                    out[at] = random.randrange(256)
                case 2:
                    del out[at:]
                case 3:
                    out[at:at] = self._bytes(20)
                case 4:
                    out[at : at + random.randrange(8)] = b""
        return bytes(out)
