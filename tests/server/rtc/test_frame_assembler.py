"""Frames are returned as soon as they are complete, in order, for any order of packets."""

import pytest

from tests.server.packet_network import DELTA, KEY, PacketNetwork


@pytest.fixture
def network() -> PacketNetwork:
    network = PacketNetwork()
    assert network.arrive(*network.frame(KEY + b"first")) == [KEY + b"first"]
    return network


def test_a_frame_leaves_with_its_marker(network: PacketNetwork) -> None:
    first, second, third = network.frame(DELTA + b"a")
    assert network.arrive(first, second) == []
    assert network.arrive(third) == [DELTA + b"a"]


def test_without_markers_a_frame_leaves_when_the_next_begins(network: PacketNetwork) -> None:
    assert network.arrive(*network.frame(DELTA + b"a", marker=False)) == []
    assert network.arrive(*network.frame(DELTA + b"b", marker=False)) == [DELTA + b"a"]


def test_order_is_restored_and_waiting_frames_are_returned_at_once(network: PacketNetwork) -> None:
    a, b, c = (network.frame(DELTA + name) for name in (b"a", b"b", b"c"))
    assert network.arrive(*c, *b, a[2], a[0]) == []
    assert network.arrive(a[1]) == [DELTA + b"a", DELTA + b"b", DELTA + b"c"]
    assert network.plis == 0


def test_duplicate_and_late_packets_change_nothing(network: PacketNetwork) -> None:
    packets = network.frame(DELTA + b"a")
    assert network.arrive(*packets, *packets) == [DELTA + b"a"]
    assert network.arrive(*network.frame(DELTA + b"b")) == [DELTA + b"b"]


def test_sequence_numbers_wrap() -> None:
    network = PacketNetwork(first=65534)
    assert network.arrive(*network.frame(KEY + b"a"), *network.frame(DELTA + b"b")) == [KEY + b"a", DELTA + b"b"]


def test_padding_is_no_frame(network: PacketNetwork) -> None:
    padding = network.frame(b"", packets=1)[0]
    padding.timestamp -= 3000  # Chrome probes with the timestamp of the last frame
    padding.marker = 0
    padding._data = b""  # type: ignore[attr-defined]
    assert network.arrive(padding) == []
    assert network.arrive(*network.frame(DELTA + b"a")) == [DELTA + b"a"]


def test_the_first_packets_of_a_stream_may_be_out_of_order() -> None:
    network = PacketNetwork()
    first, second, third = network.frame(KEY + b"a")
    assert network.arrive(second, first) == []
    assert network.arrive(third) == [KEY + b"a"]


@pytest.mark.parametrize("jump", [-1000, -30_000, 300, 30_000])
def test_a_new_stream_is_followed_from_any_sequence_number(network: PacketNetwork, jump: int) -> None:
    network.arrive(*network.frame(DELTA, packets=1))
    network.number = (network.number + jump) % 65536
    packets = network.frame(KEY + b"other")
    for packet in packets:
        packet.ssrc = 99
    assert network.arrive(*packets) == [KEY + b"other"]


def test_a_restart_at_slightly_lower_numbers_is_detected(network: PacketNetwork) -> None:
    network.arrive(*[packet for _ in range(500) for packet in network.frame(DELTA)])
    network.number -= 1000
    network.arrive(*[packet for _ in range(100) for packet in network.frame(DELTA)])
    assert network.arrive(*network.frame(KEY + b"a"), *network.frame(DELTA + b"b")) == [KEY + b"a", DELTA + b"b"]


def test_a_sender_that_restarts_is_followed(network: PacketNetwork) -> None:
    network.number = (network.number + 30_000) % 65536
    assert network.arrive(*network.frame(DELTA + b"a")) == []
    assert network.arrive(*network.frame(KEY + b"b")) == [KEY + b"b"]


def test_a_flood_without_end_does_not_fill_memory(network: PacketNetwork) -> None:
    network.frame(DELTA + b"lost")
    for _ in range(3000):
        network.arrive(*network.frame(DELTA, packets=2))
    assert len(network.assembler._kept) <= 2048


def test_parameter_sets_with_their_own_marker_stay_with_their_frame() -> None:
    network = PacketNetwork("H264")
    sets = network.frame(b"\x00\x00\x00\x01\x67sps\x00\x00\x00\x01\x68pps", packets=1)
    network.timestamp -= 3000
    picture = network.frame(b"\x00\x00\x00\x01\x65idr", packets=2)
    assert network.arrive(*sets) == []
    (frame,) = network.arrive(*picture)
    assert frame.index(b"\x67") < frame.index(b"\x65")
    assert network.arrive(*network.frame(b"\x00\x00\x00\x01\x41slice", packets=1))


def test_a_sender_that_marks_every_packet_is_detected() -> None:
    network = PacketNetwork("H264")
    for name in (b"\x65one", b"\x41two", b"\x41three"):
        packets = network.frame(b"\x00\x00\x00\x01" + name, packets=3)
        for packet in packets:
            packet.marker = 1
        network.arrive(*packets)
    split, *whole = network.released
    assert split == b"\x00\x00\x00\x01\x65one", "the first one, before this was known"
    assert [frame for frame in whole if b"two" in frame] == [b"\x00\x00\x00\x01\x41two"]
