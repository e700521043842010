"""Frames leave when they are whole, in order, whatever the order of their packets."""

import pytest

from tests.server.packet_line import DELTA, KEY, Line


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


def test_the_first_packets_of_all_may_come_in_the_wrong_order() -> None:
    line = Line()
    first, second, third = line.frame(KEY + b"a")
    assert line.arrive(second, first) == []
    assert line.arrive(third) == [KEY + b"a"]


@pytest.mark.parametrize("jump", [-1000, -30_000, 300, 30_000])
def test_another_stream_is_followed_wherever_its_numbers_begin(line: Line, jump: int) -> None:
    line.arrive(*line.frame(DELTA, packets=1))
    line.number = (line.number + jump) % 65536
    packets = line.frame(KEY + b"other")
    for packet in packets:
        packet.ssrc = 99
    assert line.arrive(*packets) == [KEY + b"other"]


def test_a_sender_that_begins_anew_a_little_back_is_found_out(line: Line) -> None:
    line.arrive(*[packet for _ in range(500) for packet in line.frame(DELTA)])
    line.number -= 1000
    line.arrive(*[packet for _ in range(100) for packet in line.frame(DELTA)])
    assert line.arrive(*line.frame(KEY + b"a"), *line.frame(DELTA + b"b")) == [KEY + b"a", DELTA + b"b"]


def test_a_sender_that_begins_anew_is_followed(line: Line) -> None:
    line.number = (line.number + 30_000) % 65536
    assert line.arrive(*line.frame(DELTA + b"a")) == []
    assert line.arrive(*line.frame(KEY + b"b")) == [KEY + b"b"]


def test_a_flood_without_end_does_not_fill_memory(line: Line) -> None:
    line.frame(DELTA + b"lost")
    for _ in range(3000):
        line.arrive(*line.frame(DELTA, packets=2))
    assert len(line.assembler._kept) <= 2048


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
