"""RTP packets to encoded frames: at once when they are whole, and never stuck behind one that is lost.

aiortc's own buffer gives a frame away only when the next one's first packet has come, one at a time, and stays behind
a hole until 512 packets have passed. This one ends a frame at its marker bit (RFC 6184, section 5.1; RFC 7741, section
4.1), waits for each missing packet as long as retransmissions are likely, and then asks for a keyframe and goes on from
there: the decoder never sees a frame whose reference is missing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket

from acutance.server.rtc.coded_frame import begins_keyframe, has_picture, opens_keyframe
from acutance.server.rtc.retransmissions import Retransmissions

# One keyframe answers all requests within this time, see `encoder.KEYFRAME_INTERVAL`; Chrome does as much.
PLI_INTERVAL_S = 0.5
# The first frame of a stream is a keyframe: only if it does not come is it asked for.
_GRACE_S = 0.1
# 1080p's largest keyframes have 400 packets; beyond this a sender has begun anew.
_CAPACITY = 2048
# As many in a row that come too late are no retransmissions: the sender began anew a little further back.
_MOST_LATE = 256
# Packets by which the very first ones of a stream may come in the wrong order.
_MOST_MISORDERED = 16
_CYCLE = 1 << 16


@dataclass(frozen=True)
class Requests:
    """What to ask the sender for.

    Attributes:
        keyframe: by a PLI.
        missing: sequence numbers, by a NACK.
    """

    keyframe: bool = False
    missing: tuple[int, ...] = ()


class FrameAssembler:
    """Takes packets in any order and gives whole frames in theirs. Lives on one event loop.

    Attributes:
        skipped: frames that were thrown away because what they build on is missing.
        packets: how many have come that carry something of a picture.
        last: the packet that came last; None before the first.
    """

    def __init__(self, codec_of: Callable[[int], str], clock: Callable[[], float] = monotonic):
        """Begin with nothing.

        Args:
            codec_of: the codec's name as in SDP, ``H264`` or ``VP8``, by payload type.
            clock: in seconds.
        """
        self.skipped = 0
        self.packets = 0
        self.last: RtpPacket | None = None
        self._codec_of = codec_of
        self._clock = clock
        self._ready: list[JitterFrame] = []
        self._marker_ends_frames = True
        self._pli_at = float("-inf")
        self._missing = Retransmissions()
        self._late = 0  # packets in a row
        self._openings: set[int] = set()  # of keyframes
        self._kept: dict[int, RtpPacket] = {}  # by position: sequence numbers that do not wrap
        self._highest = 0
        self._next: int | None = None  # where the next frame begins
        self._scan = 0  # up to here everything was looked at
        self._timestamp: int | None = None  # of the frame that is being scanned
        self._marked: int | None = None  # time stamp of the last frame that a marker ended
        self._needs_keyframe = True
        self._starts_clean = True  # whether the next frame is known to begin where it seems to
        self._is_new = True  # no frame was cut yet

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet whose payload aiortc has read into ``_data``; the interface of its own buffer.

        Returns:
            Whether to send a PLI, and the first frame that is whole now; the others wait in `more`.
        """
        self.packets += bool(packet._data)  # type: ignore[attr-defined] # padding is none
        stream, self.last = self.last.ssrc if self.last is not None else packet.ssrc, packet
        position = self._unwrapped(packet.sequence_number)
        if self._next is None or stream != packet.ssrc or not -_CAPACITY <= position - self._next < _CAPACITY:
            self._begin(packet)
        elif position >= self._next:
            self._keep(position, packet)
        elif self._is_new and self._next - position <= _MOST_MISORDERED:
            self._begin_at(position, packet)
        else:
            self._missing.came(position, self._clock())
            self._late += 1
            if self._late > _MOST_LATE:
                self._begin(packet)
        self._collect()
        self._leave_what_is_lost()
        return self._ask_for_keyframe(), self._ready.pop(0) if self._ready else None

    def more(self) -> Iterator[JitterFrame]:
        """Give away the frames that became whole beside the one that `add` returned."""
        while self._ready:
            yield self._ready.pop(0)

    def due(self) -> Requests:
        """Return what is to be asked for now; it counts as asked. For a timer: it may be that no packet comes."""
        self._leave_what_is_lost()
        missing = self._missing.to_ask(self._scan, self._clock())
        return Requests(self._ask_for_keyframe(), tuple(position % _CYCLE for position in missing))

    def need_keyframe(self) -> None:
        """Throw frames away up to the next keyframe, and ask for one: the decoder cannot use them."""
        self._needs_keyframe = True
        self.skipped += len(self._ready)
        self._ready.clear()

    def _begin(self, packet: RtpPacket) -> None:
        """Forget everything and go on from this packet: the first, or of a sender that began anew."""
        self._next = self._scan = self._highest = packet.sequence_number + _CYCLE
        self._kept = {self._next: packet}
        self._timestamp, self._late = None, 0
        self._openings = set()
        self._missing.clear()
        self._needs_keyframe = self._starts_clean = self._is_new = True
        self._pli_at = self._clock() + _GRACE_S - PLI_INTERVAL_S

    def _begin_at(self, position: int, packet: RtpPacket) -> None:
        """Take a packet that was sent before the one that came first."""
        assert self._next is not None
        self._kept[position] = packet
        self._missing.expect(range(position + 1, self._next), self._clock())
        self._next = self._scan = position
        self._timestamp = None

    def _unwrapped(self, number: int) -> int:
        """Return a 16-bit sequence number as the position nearest to the highest one so far."""
        ahead = (number - self._highest) % _CYCLE
        return self._highest + (ahead if ahead < _CYCLE // 2 else ahead - _CYCLE)

    def _keep(self, position: int, packet: RtpPacket) -> None:
        now = self._clock()
        self._kept[position] = packet
        self._late = 0
        if opens_keyframe(self._codec_of(packet.payload_type), packet._data):  # type: ignore[attr-defined]
            assert self._next is not None
            self._openings = {at for at in self._openings if at >= self._next} | {position}
        self._missing.came(position, now)
        if position > self._highest:
            self._missing.expect(range(self._highest + 1, position), now)
            self._highest = position

    def _collect(self) -> None:
        """Move on over what is there without a hole, and cut it into frames."""
        while (packet := self._kept.get(self._scan)) is not None:
            if self._timestamp is None:
                if not packet._data:  # type: ignore[attr-defined]
                    self._skip()  # padding, which a sender probes the line with
                    continue
                if packet.timestamp == self._marked:
                    self._marker_ends_frames = False  # it did not: more of the same frame follows
                self._timestamp = packet.timestamp
            elif packet.timestamp != self._timestamp:
                self._cut()
                continue
            self._scan += 1
            if packet.marker and self._marker_ends_frames and self._is_whole():
                self._marked = packet.timestamp
                self._cut()

    def _skip(self) -> None:
        del self._kept[self._scan]
        self._scan += 1
        self._next = self._scan

    def _is_whole(self) -> bool:
        # Parameter sets that a sender ends with a marker belong to the picture behind them.
        assert self._next is not None
        last = self._kept[self._scan - 1]
        data = b"".join(self._kept[at]._data for at in range(self._next, self._scan))  # type: ignore[attr-defined]
        return has_picture(self._codec_of(last.payload_type), data)

    def _cut(self) -> None:
        """End a frame before the scanned position."""
        assert self._next is not None
        assert self._timestamp is not None
        packets = [self._kept.pop(at) for at in range(self._next, self._scan)]
        frame = JitterFrame(b"".join(packet._data for packet in packets), self._timestamp)  # type: ignore[attr-defined]
        codec = self._codec_of(packets[0].payload_type)
        clean, self._starts_clean = self._starts_clean, True
        self._next, self._timestamp, self._is_new = self._scan, None, False
        if self._needs_keyframe:
            if not (clean and begins_keyframe(codec, frame.data)):
                self.skipped += 1
                return
            self._needs_keyframe = False
        self._ready.append(frame)

    def _ask_for_keyframe(self) -> bool:
        now = self._clock()
        asks = self._needs_keyframe and now - self._pli_at >= PLI_INTERVAL_S
        if asks:
            self._pli_at = now
        return asks

    def _leave_what_is_lost(self) -> None:
        """Leave the frames with holes that will not be filled, and all that build on them."""
        while self._next is not None and self._highest >= self._scan:  # a hole: else everything was scanned
            opening = min((at for at in self._openings if at > self._scan), default=None)
            if not (self._needs_keyframe and opening) and not self._missing.is_lost(self._scan, self._clock()):
                return
            self._needs_keyframe = True
            # What comes first behind a hole may be the rest of a frame.
            self._starts_clean = opening is not None
            self._next = self._scan = opening or min(at for at in self._kept if at > self._scan)
            self._timestamp = None
            self._kept = {at: packet for at, packet in self._kept.items() if at >= self._scan}
            self._collect()
