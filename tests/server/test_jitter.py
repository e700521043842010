"""Frames leave when they are whole, in order, and a hole holds them up for no longer than it should."""

import random
from itertools import pairwise

import pytest
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket

from server.jitter import PATIENCE_S, FrameAssembler

# What VP8 begins a keyframe with (RFC 6386, section 9.1), and another frame.
KEY, DELTA = b"\x00\x00\x00\x9d\x01\x2a", b"\x01"


class Line:
    """VP8 frames of several packets over a line that the test breaks."""

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
        """Return the frames that leave at once."""
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


@pytest.fixture
def line() -> Line:
    line = Line()
    assert line.arrive(*line.frame(KEY + b"first")) == [KEY + b"first"]
    return line


def test_a_frame_leaves_with_its_marker(line: Line) -> None:
    first, second, third = line.frame(DELTA + b"a")
    assert line.arrive(first, second) == []
    assert line.arrive(third) == [DELTA + b"a"]


def test_without_markers_a_frame_leaves_when_the_next_begins(line: Line) -> None:
    assert line.arrive(*line.frame(DELTA + b"a", marker=False)) == []
    assert line.arrive(*line.frame(DELTA + b"b", marker=False)) == [DELTA + b"a"]


def test_order_is_restored_and_all_that_waited_leaves_at_once(line: Line) -> None:
    a, b, c = (line.frame(DELTA + name) for name in (b"a", b"b", b"c"))
    assert line.arrive(*c, *b, a[2], a[0]) == []
    assert line.arrive(a[1]) == [DELTA + b"a", DELTA + b"b", DELTA + b"c"]
    assert line.plis == 0


def test_what_comes_twice_or_too_late_changes_nothing(line: Line) -> None:
    packets = line.frame(DELTA + b"a")
    assert line.arrive(*packets, *packets) == [DELTA + b"a"]
    assert line.arrive(*line.frame(DELTA + b"b")) == [DELTA + b"b"]


def test_sequence_numbers_wrap() -> None:
    line = Line(first=65534)
    assert line.arrive(*line.frame(KEY + b"a"), *line.frame(DELTA + b"b")) == [KEY + b"a", DELTA + b"b"]


def test_padding_is_no_frame(line: Line) -> None:
    padding = line.frame(b"", packets=1)[0]
    padding.timestamp -= 3000  # Chrome probes with the time stamp of the last frame
    padding.marker = 0
    padding._data = b""  # type: ignore[attr-defined]
    assert line.arrive(padding) == []
    assert line.arrive(*line.frame(DELTA + b"a")) == [DELTA + b"a"]


def test_a_packet_lost_for_good_costs_the_frames_up_to_the_next_keyframe(line: Line) -> None:
    lost = line.frame(DELTA + b"lost")
    line.arrive(lost[0], lost[2])
    plis = line.plis
    for name in (b"a", b"b"):
        assert line.arrive(*line.frame(DELTA + name)) == []
    line.wait(PATIENCE_S + 0.01)
    assert line.arrive(*line.frame(DELTA + b"c")) == []
    assert line.plis == plis + 1
    line.wait(0.5)
    assert line.plis == plis + 2
    assert line.arrive(*line.frame(KEY + b"d"), *line.frame(DELTA + b"e")) == [KEY + b"d", DELTA + b"e"]
    assert line.assembler.skipped == 4, "what is left of the broken one, and three"


def test_a_keyframe_that_came_meanwhile_is_used_when_patience_ends(line: Line) -> None:
    line.frame(DELTA + b"lost")
    assert line.arrive(*line.frame(DELTA + b"a"), *line.frame(KEY + b"b"), *line.frame(DELTA + b"c")) == []
    assert line.wait(0.0) == [KEY + b"first"]
    assert line.wait(PATIENCE_S)[1:] == [KEY + b"b", DELTA + b"c"]


def test_the_rest_of_a_frame_is_not_taken_for_one(line: Line) -> None:
    broken = line.frame(KEY + b"x", packets=3)
    broken[1]._data = KEY + b"looks like a keyframe"  # type: ignore[attr-defined]
    line.arrive(*broken[1:])
    line.wait(0.0)
    assert line.wait(PATIENCE_S)[1:] == []
    assert line.arrive(*line.frame(KEY + b"y")) == [KEY + b"y"]


def test_missing_packets_are_asked_for_again_until_patience_ends(line: Line) -> None:
    packets = line.frame(DELTA + b"a", packets=5)
    line.arrive(packets[0], packets[4])
    asked = []
    for _ in range(20):
        line.now += 0.05
        asked += [line.assembler.due().missing]
    numbers = tuple(packet.sequence_number for packet in packets[1:4])
    assert [missing for missing in asked if missing] == [numbers] * 2
    assert line.assembler.due().missing == ()


def test_a_keyframe_is_asked_for_every_half_second_until_it_comes() -> None:
    line = Line()
    for _ in range(60):
        line.now += 1 / 30
        line.arrive(*line.frame(DELTA + b"late to the party"))
    assert 4 <= line.plis <= 5
    line.arrive(*line.frame(KEY))
    plis = line.plis
    line.wait(5)
    assert line.plis == plis


def test_a_sender_that_begins_anew_is_followed(line: Line) -> None:
    line.number = (line.number + 30_000) % 65536
    assert line.arrive(*line.frame(DELTA + b"a")) == []
    assert line.arrive(*line.frame(KEY + b"b")) == [KEY + b"b"]


def test_a_flood_without_end_does_not_fill_memory(line: Line) -> None:
    line.frame(DELTA + b"lost")
    for _ in range(3000):
        line.arrive(*line.frame(DELTA, packets=2))
    assert len(line.assembler._kept) <= 2048


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_line_does_frames_leave_in_order_and_whole(seed: int) -> None:
    dice = random.Random(seed)
    line = Line()
    sent: dict[bytes, int] = {}
    flying: list[tuple[float, int, RtpPacket]] = []
    for index in range(600):
        key = index % 10 == 0
        data = (KEY if key else DELTA) + str(index).encode()
        sent[data] = index
        for packet in line.frame(data, packets=dice.randint(1, 6)):
            if dice.random() > 0.05:
                flying.append((line.now + dice.choice([0, 0, 0, 0.02, 0.08]), len(flying), packet))
            if dice.random() < 0.02:
                flying.append((line.now + 0.05, len(flying), packet))
        line.now += 1 / 30
        flying.sort(key=lambda flight: flight[:2])
        while flying and flying[0][0] <= line.now:
            line.arrive(flying.pop(0)[2])
    numbers = [sent[data] for data in line.released]
    assert numbers == sorted(set(numbers))
    for before, after in pairwise(numbers):
        assert after == before + 1 or after % 10 == 0, "nothing whose reference is missing"
    assert len(numbers) > 100


def test_parameter_sets_with_a_marker_of_their_own_stay_with_their_picture() -> None:
    line = Line("H264")
    sets = line.frame(b"\x00\x00\x00\x01\x67sps\x00\x00\x00\x01\x68pps", packets=1)
    line.timestamp -= 3000
    picture = line.frame(b"\x00\x00\x00\x01\x65idr", packets=2)
    assert line.arrive(*sets) == []
    (frame,) = line.arrive(*picture)
    assert frame.index(b"\x67") < frame.index(b"\x65")
    assert line.arrive(*line.frame(b"\x00\x00\x00\x01\x41slice", packets=1))


def test_a_sender_that_marks_every_packet_is_seen_through() -> None:
    line = Line("H264")
    for name in (b"\x65one", b"\x41two", b"\x41three"):
        packets = line.frame(b"\x00\x00\x00\x01" + name, packets=3)
        for packet in packets:
            packet.marker = 1
        line.arrive(*packets)
    split, *whole = line.released
    assert split == b"\x00\x00\x00\x01\x65one", "the first one, before this was known"
    assert [frame for frame in whole if b"two" in frame] == [b"\x00\x00\x00\x01\x41two"]
