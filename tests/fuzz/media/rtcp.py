"""RTCP compound packets of a hostile peer (RFC 3550, section 6; RFC 4585; RFC 5104)."""

from collections.abc import Iterator
from random import Random
from struct import pack

from tests.fuzz.media.maker import Maker, Target


class RtcpMaker(Maker):
    """Sends reports and feedback of all kinds, about its own streams, ours, and others."""

    def __init__(self, random: Random, target: Target, ssrc: int) -> None:
        super().__init__(random, target)
        self._ssrc = ssrc

    def burst(self) -> Iterator[bytes]:
        """Return a few compound packets."""
        for _ in range(self._random.randrange(1, 4)):
            yield b"".join(self._rtcp_packet() for _ in range(self._random.choice([1, 1, 2, 5])))

    def _rtcp_packet(self) -> bytes:
        random = self._random
        ours = pack("!L", random.choice([self._ssrc, random.randrange(1 << 32)]))
        media = pack("!L", random.choice([self._target.ssrc, self._target.ssrc, 0, random.randrange(1 << 32)]))
        report = media + random.randbytes(20)
        match random.randrange(9):
            case 0:  # SR
                kind, count, body = 200, 1, ours + random.randbytes(20) + report
            case 1:  # RR
                count = random.choice([1, 1, 31])
                kind, body = 201, ours + report * count
            case 2:  # SDES
                kind, count, body = 202, 1, ours + bytes([1, random.choice([3, 255])]) + b"abc\0\0\0"
            case 3:  # BYE: rarely of the peer's own stream, which ends it
                source = ours if random.random() < 0.02 else random.randbytes(4)
                kind, count, body = 203, random.choice([1, 31]), source
            case 4:  # NACK
                lost = b"".join(
                    pack("!HH", self._number_like(16), self._number_like(16)) for _ in range(random.choice([1, 5, 300]))
                )
                kind, count, body = 205, 1, ours + media + lost
            case 5:  # PLI
                kind, count, body = 206, 1, ours + media
            case 6:  # FIR
                kind, count, body = 206, 4, ours + media + media + random.randbytes(4)
            case 7:  # REMB (draft-alvestrand-rmcat-remb-03)
                number = random.choice([1, 1, 0, 255])
                kind, count = 206, 15
                body = ours + bytes(4) + b"REMB" + bytes([number]) + random.randbytes(3) + media
            case _:
                kind, count, body = random.choice([204, 205, 206, 207]), random.randrange(32), self._bytes(200)
        body += bytes(-len(body) % 4)
        words = len(body) // 4 if random.random() < 0.9 else self._number_like(16)
        packet = pack("!BBH", 0x80 | count, kind, words) + body
        return self._mutated(packet) if random.random() < 0.15 else packet
