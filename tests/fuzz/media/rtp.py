"""RTP packets of a hostile peer (RFC 3550, section 5.1), with H.264 (RFC 6184) and VP8 (RFC 7741) in them."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from random import Random
from struct import pack

import av
from aiortc import RTCRtpCodecParameters
from aiortc.codecs import get_encoder

from tests.fuzz.media.maker import Maker, Target
from tests.model.streams import encoded


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


class RtpMaker(Maker):
    """Sends real frames with changed headers, payloads and order."""

    def __init__(self, random: Random, target: Target, ssrc: int) -> None:
        super().__init__(random, target)
        self._number, self._timestamp, self._ssrc = random.randrange(1 << 16), random.randrange(1 << 32), ssrc

    def burst(self) -> Iterator[bytes]:
        """Return a few frames' packets."""
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
        return self._mutated(packet) if random.random() < 0.1 else packet

    def _extension(self) -> bytes:
        """Return a header extension: one-byte, two-byte (RFC 8285) or invalid, sometimes with a wrong length."""
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
            return self._mutated(payload)
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
