"""Datagrams that anybody can send to a socket: STUN (RFC 8489, section 5), DTLS (RFC 9147, section 4), invalid SRTP."""

from collections.abc import Iterator
from struct import pack

from tests.fuzz.media.maker import Maker


class ClearTextMaker(Maker):
    """Sends datagrams that are not protected by a key."""

    def burst(self) -> Iterator[bytes]:
        """Return a few datagrams."""
        random = self._random
        for _ in range(random.randrange(1, 4)):
            match random.randrange(4):
                case 0:
                    yield self._stun()
                case 1:
                    body = self._bytes(200)
                    size = len(body) if random.random() < 0.8 else self._number_like(16)
                    version = random.choice([0xFEFD, 0xFEFF, 0xFEFC, random.randrange(1 << 16)])
                    head = pack("!BHHLHH", random.randrange(20, 64), version, 0, 0, random.randrange(9), size)
                    yield head + body
                case 2:
                    yield bytes([random.randrange(128, 192)]) + self._bytes(200)
                case _:
                    yield self._bytes(600)

    def _stun(self) -> bytes:
        random, attributes = self._random, b""
        kinds = [1, 6, 8, 9, 0xC, 0xD, 0x12, 0x13, 0x16, 0x20, 0x24, 0x25, 0x8028, 0x8029, 0x802A]
        for _ in range(random.randrange(6)):
            kind = random.choice([*kinds, random.randrange(1 << 16)])
            data = self._bytes(40)
            attributes += pack("!HH", kind, len(data) if random.random() < 0.8 else self._number_like(16))
            attributes += data + bytes(-len(data) % 4)
        size = len(attributes) if random.random() < 0.9 else self._number_like(16)
        kind = random.choice([1, 0x101, 0x111, 0x11, 3, 0x103, random.randrange(1 << 14)])
        return pack("!HHL", kind, size, 0x2112A442) + random.randbytes(12) + attributes
