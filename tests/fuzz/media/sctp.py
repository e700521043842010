"""SCTP packets of a hostile peer (RFC 9260, section 3), and messages that open data channels (RFC 8832)."""

from collections.abc import Iterator
from random import Random
from struct import pack

from google_crc32c import value as crc32c

from tests.fuzz.media.maker import Maker, Target


class SctpMaker(Maker):
    """Sends chunks of all types, with a valid checksum."""

    def __init__(self, random: Random, target: Target) -> None:
        super().__init__(random, target)
        self._tsn = random.randrange(1 << 32)

    def burst(self) -> Iterator[bytes]:
        """Return a few packets."""
        random = self._random
        for _ in range(random.randrange(1, 4)):
            tag = self._target.tag if self._target.tag is not None and random.random() < 0.9 else self._number_like(32)
            chunks = b"".join(self._chunk() for _ in range(random.choice([1, 1, 2, 20])))
            if random.random() < 0.05:
                chunks, tag = self._init(), 0
            head = pack("!HHL", 5000, 5000, tag)
            yield head + pack("<L", crc32c(head + bytes(4) + chunks)) + chunks

    def _init(self) -> bytes:
        random = self._random
        body = random.randbytes(4) + pack("!LHHL", 131_072, self._number_like(16), self._number_like(16), self._tsn)
        return self._framed(1, 0, body + self._parameters())

    def _parameters(self) -> bytes:
        """Return parameters of these kinds (RFC 9260, section 3.3.2.1; RFC 6525), sometimes with a wrong length."""
        random, out = self._random, b""
        for _ in range(random.randrange(4)):
            kind = random.choice([5, 7, 11, 13, 14, 15, 16, 17, 0x8000, 0x8008, 0xC000, random.randrange(1 << 16)])
            data = self._bytes(60)
            out += pack("!HH", kind, len(data) + 4 if random.random() < 0.9 else self._number_like(16)) + data
            out += bytes(-len(out) % 4)
        return out

    def _chunk(self) -> bytes:
        random = self._random
        match random.randrange(9):
            case 0 | 1 | 2 | 3:
                self._tsn = (self._tsn + random.choice([1, 1, 1, 0, 2, self._number_like(32)])) % (1 << 32)
                protocol = random.choice([50, 50, 51, 53, 56, 57, self._number_like(32)])
                data = self._message(protocol)
                stream = self._number_like(16) if random.random() < 0.03 else random.randrange(4)
                return self._framed(0, random.randrange(8), pack("!LHHL", self._tsn, stream, 0, protocol) + data)
            case 4:
                gaps, twice = random.choice([0, 1, 200]), random.choice([0, 1, 50])
                head = pack("!LLHH", self._number_like(32), self._number_like(32), gaps, twice)
                return self._framed(3, 0, head + random.randbytes(4 * (gaps + twice)))
            case 5:
                return self._framed(
                    192, 0, pack("!L", self._number_like(32)) + random.randbytes(4 * random.randrange(9))
                )
            case 6:
                return self._framed(130, 0, self._parameters())
            case 7:
                return self._framed(random.choice([4, 5, 9, 10, 11]), 0, self._parameters())
            case _:
                # Not ABORT and SHUTDOWN, mostly: they end the association, and nothing more would be tried.
                kind = random.choice([6, 7, 8, 14]) if random.random() < 0.01 else random.randrange(15, 256)
                return self._framed(kind, random.randrange(256), self._bytes(60))

    def _message(self, protocol: int) -> bytes:
        random = self._random
        if protocol == 50 and random.random() < 0.8:
            label, name = self._bytes(12), self._bytes(4)
            kinds = bytes([random.choice([2, 3, 3, 3]), random.choice([0, 1, 2, 0x80, 0x82, 255])])
            sizes = (len(label), len(name)) if random.random() < 0.8 else (self._number_like(16), self._number_like(16))
            return kinds + pack("!HLHH", 0, self._number_like(32), *sizes) + label + name
        return random.choice([b'{"type": "control", "strength": 0.5}', b"ping", self._bytes(300)])

    def _framed(self, kind: int, flags: int, body: bytes) -> bytes:
        length = len(body) + 4 if self._random.random() < 0.95 else self._number_like(16)
        return pack("!BBH", kind, flags, length) + body + bytes(-len(body) % 4)
