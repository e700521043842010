"""Assembles RTP packets into encoded frames. Complete frames are not delayed; a lost packet never blocks the stream.

aiortc's own buffer releases a frame only when the first packet of the next one has arrived, one frame at a time, and
waits at a gap until 512 packets have passed. This buffer ends a frame at its marker bit (RFC 6184, section 5.1; RFC
7741, section 4.1), waits for each missing packet as long as a retransmission is likely, and then requests a keyframe
and continues with it: the decoder never gets a frame without its reference.

The peer is not trusted: the work for a packet does not depend on the number of packets before it.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket

from acutance.server.rtc.aiortc_private.payload import payload_of
from acutance.server.rtc.coded_frame import FrameScan, opens_keyframe
from acutance.server.rtc.retransmissions import Retransmissions

# A sender answers all requests within this time with one keyframe: Chrome, and ours (`encoder.KEYFRAME_INTERVAL`).
PLI_INTERVAL_S = 0.5
# The first frame of a stream is a keyframe: it is requested only if it does not arrive.
_GRACE_S = 0.1
# Packets. The largest keyframes of 1080p have 400; a packet further away than this belongs to a restarted stream.
_CAPACITY = 2048
# After more consecutive late packets than this, the sender has restarted at a slightly lower sequence number.
_MAX_LATE = 256
# Reordering, in packets, that is possible at the start of a stream.
_MAX_MISORDERED = 16
_CYCLE = 1 << 16


@dataclass(frozen=True)
class Requests:
    """The requests to send to the sender.

    Attributes:
        keyframe: whether to send a PLI.
        missing: sequence numbers for a NACK.
    """

    keyframe: bool = False
    missing: tuple[int, ...] = ()


class FrameAssembler:
    """Takes packets in any order and returns whole frames in decoding order. Lives on one event loop.

    Attributes:
        skipped: frames that were dropped because their reference is missing.
        packets: number of packets received, without padding.
        last: the last packet received; None before the first.
    """

    def __init__(
        self,
        codec_of: Callable[[int], str],
        clock: Callable[[], float] = monotonic,
        on_restart: Callable[[], None] = lambda: None,
    ):
        """Start without packets.

        Args:
            codec_of: returns the name of a payload type's codec as in SDP, ``H264`` or ``VP8``.
            clock: in seconds.
            on_restart: called right before the first frame of each stream is returned: its RTP timestamps are not
                related to earlier ones.
        """
        self.skipped = 0
        self.packets = 0
        self.last: RtpPacket | None = None
        self._codec_of = codec_of
        self._clock = clock
        self._on_restart = on_restart
        self._ready: list[tuple[JitterFrame, bool]] = []  # frame, and whether it is the first of a stream
        self._marker_ends_frames = True
        self._pli_at = float("-inf")
        self._missing = Retransmissions()
        self._late = 0  # packets in a row
        self._openings: list[int] = []  # positions where keyframes begin, in order
        self._kept: dict[int, RtpPacket] = {}  # by position: sequence numbers that do not wrap
        self._highest = 0
        self._earliest = 0  # position at which the stream may have begun
        self._next: int | None = None  # where the next frame begins
        self._scan = 0  # the position up to which everything was read
        self._frame: FrameScan | None = None  # the frame that is being read
        self._timestamp = 0  # of this frame
        self._marked: int | None = None  # timestamp of the last frame that a marker ended
        self._needs_keyframe = True
        self._starts_clean = True  # whether the next frame is known to begin at `_next`
        self._is_new = True  # no frame of this stream was cut yet
        self._restarted = False  # no frame of this stream was returned yet

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet with its unpacked payload; the interface of aiortc's own buffer.

        Returns:
            Whether to send a PLI, and the first frame that is now complete; `more` yields the others.
        """
        self.packets += bool(payload_of(packet))
        stream, self.last = self.last.ssrc if self.last is not None else packet.ssrc, packet
        position = self._unwrapped(packet.sequence_number)
        if self._next is None or stream != packet.ssrc or not -_CAPACITY <= position - self._next < _CAPACITY:
            self._begin(packet)
        elif position >= self._next:
            self._keep(position, packet)
        elif self._is_new and position >= self._earliest:
            self._begin_at(position, packet)
        else:
            self._missing.arrived(position, self._clock())
            self._late += 1
            if self._late > _MAX_LATE:
                self._begin(packet)
        self._collect()
        self._skip_lost_packets()
        return self._ask_for_keyframe(), next(self.more(), None)

    def more(self) -> Iterator[JitterFrame]:
        """Yield the complete frames that follow the one that `add` returned."""
        while self._ready:
            frame, is_first = self._ready.pop(0)
            if is_first:
                self._on_restart()
            yield frame

    def due(self) -> Requests:
        """Return the requests that are due and mark them as sent. Called by a timer, also if no packet arrives."""
        self._skip_lost_packets()
        missing = self._missing.due(self._scan, self._clock())
        return Requests(self._ask_for_keyframe(), tuple(position % _CYCLE for position in missing))

    def need_keyframe(self) -> None:
        """Drop frames up to the next keyframe, and request one: the decoder cannot use them."""
        self._needs_keyframe = True
        self.skipped += len(self._ready)
        self._ready.clear()

    def _begin(self, packet: RtpPacket) -> None:
        """Reset, and continue with this packet: the first one, or the first after the sender restarted."""
        self._next = self._scan = self._highest = packet.sequence_number + _CYCLE
        self._earliest = self._next - _MAX_MISORDERED
        self._kept = {self._next: packet}
        self._frame, self._late = None, 0
        self._openings = []
        self._missing.clear()
        self._needs_keyframe = self._starts_clean = self._is_new = self._restarted = True
        self._pli_at = self._clock() + _GRACE_S - PLI_INTERVAL_S

    def _begin_at(self, position: int, packet: RtpPacket) -> None:
        """Take a packet that was sent before the one that arrived first."""
        assert self._next is not None
        self._kept[position] = packet
        self._missing.expect(range(position + 1, self._next), self._clock())
        self._next = self._scan = position
        self._frame = None

    def _unwrapped(self, number: int) -> int:
        """Return a 16-bit sequence number as the position nearest to the highest one so far."""
        ahead = (number - self._highest) % _CYCLE
        return self._highest + (ahead if ahead < _CYCLE // 2 else ahead - _CYCLE)

    def _keep(self, position: int, packet: RtpPacket) -> None:
        self._late = 0
        if position in self._kept:  # a duplicate
            return
        now = self._clock()
        self._kept[position] = packet
        if opens_keyframe(self._codec_of(packet.payload_type), payload_of(packet)):
            insort(self._openings, position)
        self._missing.arrived(position, now)
        if position > self._highest:
            self._missing.expect(range(self._highest + 1, position), now)
            self._highest = position

    def _collect(self) -> None:
        """Read packets up to the next gap and cut them into frames."""
        while (packet := self._kept.get(self._scan)) is not None:
            data = payload_of(packet)
            if self._frame is None:
                if not data:
                    self._move_to(self._scan + 1)  # padding, with which a sender probes the connection
                    continue
                if packet.timestamp == self._marked:
                    self._marker_ends_frames = False  # this packet continues a frame that a marker had ended
                self._frame = FrameScan(self._codec_of(packet.payload_type))
                self._timestamp = packet.timestamp
            elif packet.timestamp != self._timestamp:
                self._cut(self._frame)
                continue
            self._scan += 1
            self._frame.add(data)
            # Parameter sets that a sender ends with a marker belong to the picture that follows them.
            if packet.marker and self._marker_ends_frames and self._frame.has_picture:
                self._marked = packet.timestamp
                self._cut(self._frame)

    def _move_to(self, position: int) -> None:
        """Drop the packets before ``position`` and begin a frame there."""
        assert self._next is not None
        for at in range(self._next, position):
            self._kept.pop(at, None)
        self._next = self._scan = position
        self._frame = None
        del self._openings[: bisect_left(self._openings, position)]

    def _cut(self, frame: FrameScan) -> None:
        """End a frame before the scanned position."""
        assert self._next is not None
        data = b"".join(payload_of(self._kept[at]) for at in range(self._next, self._scan))
        self._move_to(self._scan)
        clean, self._starts_clean = self._starts_clean, True
        self._is_new = False
        if self._needs_keyframe:
            if not (clean and frame.is_keyframe):
                self.skipped += 1
                return
            self._needs_keyframe = False
        self._ready.append((JitterFrame(data, self._timestamp), self._restarted))
        self._restarted = False

    def _ask_for_keyframe(self) -> bool:
        now = self._clock()
        asks = self._needs_keyframe and now - self._pli_at >= PLI_INTERVAL_S
        if asks:
            self._pli_at = now
        return asks

    def _skip_lost_packets(self) -> None:
        """Drop frames with gaps that will not be filled, and all frames that depend on them."""
        while self._next is not None and self._highest >= self._scan:  # a gap: else everything was read
            openings = self._openings[bisect_right(self._openings, self._scan) :][:1]
            if not (self._needs_keyframe and openings) and not self._missing.is_lost(self._scan, self._clock()):
                return
            self._needs_keyframe = True
            # The first packet behind a gap may be the rest of a frame.
            self._starts_clean = bool(openings)
            self._move_to(openings[0] if openings else self._first_behind(self._scan))
            self._collect()

    def _first_behind(self, gap: int) -> int:
        return next(at for at in range(gap + 1, self._highest + 1) if at in self._kept)
