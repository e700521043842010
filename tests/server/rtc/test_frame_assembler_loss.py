"""A gap delays frames only as long as necessary, and no frame is returned if its reference is missing."""

import random
from itertools import pairwise

import pytest
from aiortc.rtp import RtpPacket

from acutance.server.rtc.retransmissions import LONGEST_PATIENCE_S
from acutance.server.rtc.retransmissions import SHORTEST_PATIENCE_S as PATIENCE_S
from tests.server.packet_network import DELTA, KEY, PacketNetwork


@pytest.fixture
def network() -> PacketNetwork:
    network = PacketNetwork()
    assert network.arrive(*network.frame(KEY + b"first")) == [KEY + b"first"]
    return network


def test_a_packet_lost_for_good_costs_the_frames_up_to_the_next_keyframe(network: PacketNetwork) -> None:
    lost = network.frame(DELTA + b"lost")
    network.arrive(lost[0], lost[2])
    plis = network.plis
    for name in (b"a", b"b"):
        assert network.arrive(*network.frame(DELTA + name)) == []
    network.wait(PATIENCE_S + 0.01)
    assert network.arrive(*network.frame(DELTA + b"c")) == []
    assert network.plis == plis + 1
    network.wait(0.5)
    assert network.plis == plis + 2
    assert network.arrive(*network.frame(KEY + b"d"), *network.frame(DELTA + b"e")) == [KEY + b"d", DELTA + b"e"]
    assert network.assembler.skipped == 4, "what is left of the broken one, and three"


def test_a_keyframe_that_arrived_meanwhile_is_used_when_patience_ends(network: PacketNetwork) -> None:
    network.frame(DELTA + b"lost")
    assert network.arrive(*network.frame(DELTA + b"a"), *network.frame(KEY + b"b"), *network.frame(DELTA + b"c")) == []
    assert network.wait(0.0) == [KEY + b"first"]
    assert network.wait(PATIENCE_S)[1:] == [KEY + b"b", DELTA + b"c"]


def test_a_keyframe_without_its_first_packet_is_not_taken_for_one() -> None:
    network = PacketNetwork("H264")
    sets, idr = b"\0\0\0\1\x67sps\0\0\0\1\x68pps", b"\0\0\0\1\x65\x88idr"
    network.arrive(*network.frame(sets + idr, packets=1))
    lost, rest = (*network.frame(sets, packets=1), *network.frame(idr, packets=1))
    network.timestamp, rest.timestamp = lost.timestamp, lost.timestamp
    network.arrive(rest, *network.frame(b"\0\0\0\1\x41slice"))
    assert len(network.wait(PATIENCE_S)) == 1
    assert network.plis == 1
    (frame,) = network.arrive(*network.frame(sets + idr))
    assert frame.startswith(sets)


def test_missing_packets_are_requested_again_until_patience_ends(network: PacketNetwork) -> None:
    packets = network.frame(DELTA + b"a", packets=5)
    network.arrive(packets[0], packets[4])
    asked = []
    for _ in range(20):
        network.now += 0.05
        asked += [network.assembler.due().missing]
    numbers = tuple(packet.sequence_number for packet in packets[1:4])
    assert [missing for missing in asked if missing] == [numbers]
    assert network.assembler.due().missing == ()


def test_missing_packets_are_requested_again_while_others_arrive(network: PacketNetwork) -> None:
    lost = network.frame(DELTA + b"lost", packets=1)[0]
    asked = 0
    for step in range(25):  # a packet each 10 ms, the timer each 50 ms
        network.now += 0.01
        network.arrive(*network.frame(DELTA, packets=1))
        if step % 5 == 0:
            asked += network.assembler.due().missing == (lost.sequence_number,)
    assert asked == 1
    assert len(network.arrive(lost)) == 26, "and none was thrown away"


def test_each_gap_has_its_own_time_limit(network: PacketNetwork) -> None:
    plis = network.plis
    late: list[tuple[float, RtpPacket]] = []
    # Each gap is filled 0.1 s after it opened, and at any time one gap is open.
    for index in range(100):
        (packet,) = network.frame(DELTA + b"%d" % index, packets=1)
        network.now += 1 / 30
        if index % 2:
            late.append((network.now + 0.1, packet))
        else:
            network.arrive(packet)
        while late and late[0][0] <= network.now:
            network.arrive(late.pop(0)[1])
    assert network.plis == plis
    assert len(network.released) >= 95


def test_patience_grows_with_the_round_trip(network: PacketNetwork) -> None:
    def lose(returns_after: float) -> list[bytes]:
        lost, come = network.frame(DELTA + b"x", packets=1) + network.frame(DELTA + b"y", packets=1)
        network.arrive(come)
        network.wait(returns_after)
        return network.arrive(lost)

    assert lose(0.4) == [], "given up, but the round trip is known now"
    network.arrive(*network.frame(KEY))
    assert lose(0.4) == [DELTA + b"x", DELTA + b"y"]
    assert lose(LONGEST_PATIENCE_S) == []


def test_a_long_gap_is_not_waited_for(network: PacketNetwork) -> None:
    network.wait(1.0)
    network.frame(DELTA, packets=400)
    plis = network.plis
    network.arrive(*network.frame(DELTA + b"rest"))
    assert network.plis == plis + 1
    assert network.assembler.due().missing == ()
    assert network.arrive(*network.frame(KEY + b"a")) == [KEY + b"a"]


def test_a_gap_before_a_needed_keyframe_is_skipped(network: PacketNetwork) -> None:
    network.assembler.need_keyframe()
    network.frame(DELTA + b"lost")
    assert network.arrive(*network.frame(DELTA + b"a"), *network.frame(KEY + b"b")) == [KEY + b"b"]


def test_a_keyframe_is_requested_every_half_second_until_it_arrives() -> None:
    network = PacketNetwork()
    for _ in range(60):
        network.now += 1 / 30
        network.arrive(*network.frame(DELTA + b"late to the party"))
    assert 4 <= network.plis <= 5
    network.arrive(*network.frame(KEY))
    plis = network.plis
    network.wait(5)
    assert network.plis == plis


@pytest.mark.parametrize("seed", range(5))
def test_frames_are_complete_and_in_order_on_any_network(seed: int) -> None:
    dice = random.Random(seed)
    network = PacketNetwork()
    sent: dict[bytes, int] = {}
    flying: list[tuple[float, int, RtpPacket]] = []
    for index in range(600):
        key = index % 10 == 0
        data = (KEY if key else DELTA) + str(index).encode()
        sent[data] = index
        for packet in network.frame(data, packets=dice.randint(1, 6)):
            if dice.random() > 0.05:
                flying.append((network.now + dice.choice([0, 0, 0, 0.02, 0.08]), len(flying), packet))
            if dice.random() < 0.02:
                flying.append((network.now + 0.05, len(flying), packet))
        network.now += 1 / 30
        flying.sort(key=lambda flight: flight[:2])
        while flying and flying[0][0] <= network.now:
            network.arrive(flying.pop(0)[2])
    numbers = [sent[data] for data in network.released]
    assert numbers == sorted(set(numbers))
    for before, after in pairwise(numbers):
        assert after == before + 1 or after % 10 == 0, "nothing whose reference is missing"
    assert len(numbers) > 100
