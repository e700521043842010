"""A hole holds frames up for no longer than it should, and nothing leaves whose reference is missing."""

import random
from itertools import pairwise

import pytest
from aiortc.rtp import RtpPacket

from acutance.server.rtc.retransmissions import LONGEST_PATIENCE_S
from acutance.server.rtc.retransmissions import SHORTEST_PATIENCE_S as PATIENCE_S
from tests.server.packet_line import DELTA, KEY, Line


@pytest.fixture
def line() -> Line:
    line = Line()
    assert line.arrive(*line.frame(KEY + b"first")) == [KEY + b"first"]
    return line


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


def test_the_rest_of_a_keyframe_is_not_taken_for_one() -> None:
    line = Line("H264")
    sets, idr = b"\0\0\0\1\x67sps\0\0\0\1\x68pps", b"\0\0\0\1\x65\x88idr"
    line.arrive(*line.frame(sets + idr, packets=1))
    lost, rest = (*line.frame(sets, packets=1), *line.frame(idr, packets=1))
    line.timestamp, rest.timestamp = lost.timestamp, lost.timestamp
    line.arrive(rest, *line.frame(b"\0\0\0\1\x41slice"))
    assert len(line.wait(PATIENCE_S)) == 1
    assert line.plis == 1
    (frame,) = line.arrive(*line.frame(sets + idr))
    assert frame.startswith(sets)


def test_missing_packets_are_asked_for_again_until_patience_ends(line: Line) -> None:
    packets = line.frame(DELTA + b"a", packets=5)
    line.arrive(packets[0], packets[4])
    asked = []
    for _ in range(20):
        line.now += 0.05
        asked += [line.assembler.due().missing]
    numbers = tuple(packet.sequence_number for packet in packets[1:4])
    assert [missing for missing in asked if missing] == [numbers]
    assert line.assembler.due().missing == ()


def test_they_are_asked_for_again_while_other_packets_keep_coming(line: Line) -> None:
    lost = line.frame(DELTA + b"lost", packets=1)[0]
    asked = 0
    for step in range(25):  # a packet each 10 ms, the timer each 50 ms
        line.now += 0.01
        line.arrive(*line.frame(DELTA, packets=1))
        if step % 5 == 0:
            asked += line.assembler.due().missing == (lost.sequence_number,)
    assert asked == 1
    assert len(line.arrive(lost)) == 26, "and none was thrown away"


def test_a_hole_has_its_own_time_however_many_there_were_before(line: Line) -> None:
    plis = line.plis
    late: list[tuple[float, RtpPacket]] = []
    # Each hole is filled 0.1 s after it opened, and there is always one that is open.
    for index in range(100):
        (packet,) = line.frame(DELTA + b"%d" % index, packets=1)
        line.now += 1 / 30
        if index % 2:
            late.append((line.now + 0.1, packet))
        else:
            line.arrive(packet)
        while late and late[0][0] <= line.now:
            line.arrive(late.pop(0)[1])
    assert line.plis == plis
    assert len(line.released) >= 95


def test_patience_grows_with_the_round_trip(line: Line) -> None:
    def lose(returns_after: float) -> list[bytes]:
        lost, come = line.frame(DELTA + b"x", packets=1) + line.frame(DELTA + b"y", packets=1)
        line.arrive(come)
        line.wait(returns_after)
        return line.arrive(lost)

    assert lose(0.4) == [], "given up, but the round trip is known now"
    line.arrive(*line.frame(KEY))
    assert lose(0.4) == [DELTA + b"x", DELTA + b"y"]
    assert lose(LONGEST_PATIENCE_S) == []


def test_a_long_gap_is_not_waited_for(line: Line) -> None:
    line.wait(1.0)
    line.frame(DELTA, packets=400)
    plis = line.plis
    line.arrive(*line.frame(DELTA + b"rest"))
    assert line.plis == plis + 1
    assert line.assembler.due().missing == ()
    assert line.arrive(*line.frame(KEY + b"a")) == [KEY + b"a"]


def test_where_a_keyframe_is_needed_a_hole_before_it_is_not_waited_for(line: Line) -> None:
    line.assembler.need_keyframe()
    line.frame(DELTA + b"lost")
    assert line.arrive(*line.frame(DELTA + b"a"), *line.frame(KEY + b"b")) == [KEY + b"b"]


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
