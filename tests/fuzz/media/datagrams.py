"""Datagrams of a hostile peer: those of a real call, spoilt at the level of their fields."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from random import Random
from struct import pack, unpack_from
from typing import Literal

import av
from aiortc import RTCRtpCodecParameters
from aiortc.codecs import get_encoder
from google_crc32c import value as crc32c

from tests.model.streams import encoded

Door = Literal["rtp", "rtcp", "sctp", "clear"]
DOORS: tuple[Door, ...] = ("rtp", "rtcp", "sctp", "clear")
_LONGEST = 1400
_NUMBERS = (0, 1, 2, 15, 16, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@dataclass(frozen=True)
class Target:
    """What a hostile peer knows of its own call.

    Attributes:
        payload_types: of its codecs, by name as in SDP.
        ssrc: of the video that the server sends it.
        tag: verification tag of the server's SCTP association; None without one.
    """

    payload_types: dict[str, int]
    ssrc: int
    tag: int | None


@cache
def _payloads(codec: str) -> list[list[bytes]]:
    """Return the RTP payloads of the frames of a real stream, as a good peer sends them."""
    encoder = get_encoder(RTCRtpCodecParameters(mimeType=f"video/{codec}", clockRate=90_000))
    frames = []
    for number, data in enumerate(encoded(codec.lower(), quantiser=24, count=12, size=(320, 192))):
        packet = av.Packet(data)
        packet.pts, packet.time_base = number * 3000, Fraction(1, 90_000)
        frames.append(encoder.pack(packet)[0])
    return frames


class Hostile:
    """Makes bursts of datagrams; the same ones for the same random numbers."""

    def __init__(self, random: Random, target: Target) -> None:
        self._random = random
        self._target = target
        self._number, self._timestamp = random.randrange(1 << 16), random.randrange(1 << 32)
        self._ssrc = random.randrange(1 << 32)
        self._tsn = random.randrange(1 << 32)

    def burst(self, door: Door) -> list[bytes]:
        """Return one input: a few datagrams that belong together."""
        make: dict[Door, Callable[[], Iterator[bytes]]] = {
            "rtp": self._rtp, "rtcp": self._rtcp, "sctp": self._sctp, "clear": self._clear
        }  # fmt: skip
        return [datagram[:_LONGEST] for datagram in make[door]()]

    def _number_like(self, bits: int) -> int:
        some = self._random.choice([*_NUMBERS, self._random.randrange(1 << 32)])
        return some % (1 << bits)

    def _bytes(self, most: int) -> bytes:
        return self._random.randbytes(self._random.choice([0, 1, 2, 3, 4, self._random.randrange(most)]))

    def _spoilt(self, data: bytes, chance: float = 0.5) -> bytes:
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

    # RTP (RFC 3550, section 5.1)

    def _rtp(self) -> Iterator[bytes]:
        random = self._random
        packets: list[bytes] = []
        for _ in range(random.randrange(1, 4)):
            codec = random.choice([name for name in ("H264", "VP8") if name in self._target.payload_types])
            payloads = [self._payload(codec, payload) for payload in random.choice(_payloads(codec))]
            self._timestamp = (self._timestamp + random.choice([3000, 3000, 3000, self._number_like(32)])) % (1 << 32)
            for index, payload in enumerate(payloads):
                packets.append(self._packet(codec, payload, index == len(payloads) - 1))
        match random.randrange(8):
            case 0:
                random.shuffle(packets)
            case 1:
                packets.reverse()
            case 2:
                packets = [packet for packet in packets for _ in range(random.randrange(1, 4))]
            case 3:
                packets = [packet for packet in packets if random.random() < 0.7]
        yield from packets[:12]

    def _packet(self, codec: str, payload: bytes, marker: bool) -> bytes:
        random = self._random
        self._number = (self._number + (1 if random.random() < 0.9 else self._number_like(16))) % (1 << 16)
        if random.random() < 0.02:
            self._ssrc = random.randrange(1 << 32)
        kind = self._target.payload_types[codec] if random.random() < 0.95 else random.randrange(128)
        marker = marker if random.random() < 0.9 else random.random() < 0.5
        head, csrcs, extension, padding = 0x80, b"", b"", b""
        if random.random() < 0.1:
            csrcs = random.randbytes(4 * random.randrange(16))
            head |= len(csrcs) // 4
        if random.random() < 0.3:
            head |= 0x10
            extension = self._extension()
        if random.random() < 0.1:
            head |= 0x20
            padding = bytes(random.randrange(20)) + bytes([self._number_like(8)])
        header = pack("!BBHLL", head, marker << 7 | kind, self._number, self._timestamp, self._ssrc)
        packet = header + csrcs + extension + payload + padding
        return self._spoilt(packet) if random.random() < 0.1 else packet

    def _extension(self) -> bytes:
        """Return a header extension: of one byte, of two (RFC 8285), or nonsense; not always as long as it says."""
        random = self._random
        elements = b""
        for _ in range(random.randrange(5)):
            data = self._bytes(18)
            if random.random() < 0.6:
                elements += bytes([random.randrange(16) << 4 | random.choice([max(len(data) - 1, 0) & 15, 0, 15])])
            else:
                elements += bytes([random.randrange(16), random.choice([len(data), 0, 255])])
            elements += data
        elements += bytes(-len(elements) % 4)
        words = len(elements) // 4 if random.random() < 0.9 else self._number_like(16)
        return pack("!HH", random.choice([0xBEDE, 0xBEDE, 0x1000, 0x100F, 0]), words) + elements

    def _payload(self, codec: str, payload: bytes) -> bytes:
        random = self._random
        if random.random() < 0.5:
            return payload
        if random.random() < 0.4:
            return self._spoilt(payload)
        return self._vp8(payload) if codec == "VP8" else self._h264(payload)

    def _vp8(self, payload: bytes) -> bytes:
        """Return a payload with another descriptor (RFC 7741, section 4.2), or another frame header."""
        random, data = self._random, payload[1:]
        if random.random() < 0.5:
            descriptor = bytes([random.randrange(256)]) + random.randbytes(random.randrange(6))
        else:
            descriptor = bytes([0x90 | random.randrange(16), random.randrange(256)]) + random.randbytes(4)
        if random.random() < 0.5:  # RFC 6386, section 9.1: frame tag, start code, size
            size = pack("<HH", self._number_like(16), self._number_like(16))
            data = random.randbytes(3) + random.choice([b"\x9d\x01\x2a", random.randbytes(3)]) + size + data[10:]
        return descriptor + data

    def _h264(self, payload: bytes) -> bytes:
        """Return a payload of other NAL units: single, STAP-A or FU-A (RFC 6184, sections 5.6 to 5.8)."""
        random = self._random
        match random.randrange(4):
            case 0:
                return self._unit()
            case 1:
                units = [self._unit() for _ in range(random.choice([1, 2, 5, 5, 5, 60]))]
                sizes = [len(unit) if random.random() < 0.95 else self._number_like(16) for unit in units]
                return b"\x78" + b"".join(pack("!H", size) + unit for size, unit in zip(sizes, units, strict=True))
            case 2:
                return bytes([0x7C, random.randrange(256)]) + payload[2:]
            case _:
                return bytes([random.randrange(256)]) + payload[1:]

    def _unit(self) -> bytes:
        """Return a parameter set, SEI, delimiter or slice with codes that are valid, extreme or at odds."""
        random = self._random
        kind = random.choice([1, 5, 6, 7, 8, 9, random.randrange(32)])
        if kind == 6:
            return bytes([6, 5, random.randrange(256)]) + self._bytes(100)
        prefix = bytes([random.choice([66, 77, 100, 244, random.randrange(256)]), random.randrange(256), 31])
        codes = "".join(self._code() for _ in range(random.choice([3, 3, 3, 12, 12, 12, 12, 30, 30, 300])))
        bits = codes + "1" + "0" * (-len(codes) % 8)
        body = int(bits[: len(bits) // 8 * 8] or "0", 2).to_bytes(len(bits) // 8, "big")
        return bytes([0x60 | kind]) + (prefix if kind == 7 else b"") + body

    def _code(self) -> str:
        """Return an Exp-Golomb code (ITU-T H.264, section 9.1), or bits that begin one."""
        random = self._random
        value = random.choice([0, 0, 0, 0, 1, 2, random.randrange(64), self._number_like(32)])
        code = format(value + 1, "b")
        return "0" * (len(code) - 1) + code

    # RTCP (RFC 3550, section 6; RFC 4585; RFC 5104)

    def _rtcp(self) -> Iterator[bytes]:
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
        return self._spoilt(packet) if random.random() < 0.15 else packet

    # SCTP (RFC 9260, section 3; RFC 8832 for the messages that open data channels)

    def _sctp(self) -> Iterator[bytes]:
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
        """Return parameters of their kinds (RFC 9260, section 3.3.2.1; RFC 6525), not always as long as they say."""
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

    # What anybody may send to the socket: STUN (RFC 8489, section 5), DTLS (RFC 9147, section 4), SRTP without keys

    def _clear(self) -> Iterator[bytes]:
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


def packed(datagrams: Sequence[bytes]) -> bytes:
    """Return a burst as one file: each datagram behind its length in two bytes."""
    return b"".join(pack("!H", len(datagram)) + datagram for datagram in datagrams)


def unpacked(file: bytes) -> list[bytes]:
    """Return the burst of a file."""
    datagrams, at = [], 0
    while at + 2 <= len(file):
        size = unpack_from("!H", file, at)[0]
        datagrams.append(file[at + 2 : at + 2 + size])
        at += 2 + size
    return datagrams
