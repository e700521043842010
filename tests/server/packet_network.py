"""A simulated network that delivers RTP packets to a `FrameAssembler` as the test decides."""

from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket

from acutance.server.rtc.frame_assembler import FrameAssembler

# Beginnings of a VP8 keyframe (RFC 6386, section 9.1) and of another frame.
KEY, DELTA = b"\x00\x00\x00\x9d\x01\x2a", b"\x01"


class PacketNetwork:
    """Makes frames of several packets and delivers those that the test lets arrive.

    Attributes:
        now: time of the assembler's clock, in seconds.
        plis: number of keyframe requests.
        released: frames that left the assembler.
    """

    def __init__(self, codec: str = "VP8", first: int = 1000) -> None:
        self.now = 0.0
        self.number = first
        self.timestamp = 0
        self.assembler = FrameAssembler(lambda _: codec, lambda: self.now)
        self.plis = 0
        self.released: list[bytes] = []

    def frame(self, data: bytes, packets: int = 3, marker: bool = True) -> list[RtpPacket]:
        self.timestamp += 3000
        made = []
        for part in range(packets):
            last = part == packets - 1
            packet = RtpPacket(
                payload_type=96, marker=int(last and marker), sequence_number=self.number, timestamp=self.timestamp
            )
            packet._data = (data if part == 0 else b"") + b"."  # type: ignore[attr-defined]
            made.append(packet)
            self.number = (self.number + 1) % 65536
        return made

    def arrive(self, *packets: RtpPacket) -> list[bytes]:
        """Return the frames that the assembler returns at once."""
        left: list[JitterFrame] = []
        for packet in packets:
            pli, frame = self.assembler.add(packet)
            self.plis += pli
            left += [frame] if frame else []
            left += self.assembler.more()
        self.released += [frame.data.rstrip(b".") for frame in left]
        return self.released[len(self.released) - len(left) :]

    def wait(self, seconds: float) -> list[bytes]:
        self.now += seconds
        self.plis += self.assembler.due().keyframe
        self.released += [frame.data.rstrip(b".") for frame in self.assembler.more()]
        return self.released
