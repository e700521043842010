"""The work for each packet does not grow with the packets before it, whatever a peer sends."""

from collections.abc import Callable

import pytest
from aiortc.rtp import RtpPacket

from tests.server.packet_network import KEY, PacketNetwork
from tests.work import bytecodes

FEW, MANY = 250, 2000


class _Packet(RtpPacket):
    """Counts how many times its payload is read."""

    reads = 0

    @property
    def _data(self) -> bytes:
        _Packet.reads += 1
        return self.payload


def _packets(count: int, data: bytes, marker: int = 0, step: int = 1) -> list[RtpPacket]:
    made: list[RtpPacket] = []
    for index in range(count):
        packet = _Packet(
            payload_type=96, marker=marker, sequence_number=(30_000 + index * step) % 65536, timestamp=3000
        )
        packet.payload = data
        made.append(packet)
    return made


def _marked_without_picture(count: int) -> list[RtpPacket]:
    return _packets(count, b"\0\0\0\1\x06" + b"sei" * 300, marker=1)


def _marked_and_cut_apart(count: int) -> list[RtpPacket]:
    return _packets(count, b"\0\0", marker=1)


def _backwards(count: int) -> list[RtpPacket]:
    return _packets(count, b"\0\0\0\1\x06", step=-1)


def _every_second(count: int) -> list[RtpPacket]:
    return _packets(count // 2, b"\0\0\0\1\x41", marker=1, step=2)


def _only_openings(count: int) -> list[RtpPacket]:
    return _packets(count // 2, b"\0\0\0\1\x67\0\0\0\1\x68", step=2)


@pytest.mark.parametrize(
    "packets", [_marked_without_picture, _marked_and_cut_apart, _backwards, _every_second, _only_openings]
)
def test_the_cost_of_a_packet_does_not_grow_with_their_number(packets: Callable[[int], list[RtpPacket]]) -> None:
    costs = {}
    for count in (FEW, MANY):
        network, sent = PacketNetwork("H264"), packets(count)
        _Packet.reads = 0

        def arrive(network: PacketNetwork = network, sent: list[RtpPacket] = sent) -> None:
            network.arrive(*sent)
            network.wait(5.0)  # all that is missing is given up at once

        costs[count] = bytecodes(arrive) / len(sent)
        assert _Packet.reads <= 6 * len(sent)
    assert costs[MANY] <= 1.5 * costs[FEW]


def test_packets_in_the_reverse_order_do_not_fill_memory() -> None:
    network = PacketNetwork("H264")
    network.arrive(*_packets(20_000, b"\0\0\0\1\x06", step=-1))
    assert len(network.assembler._kept) <= 2048


def test_a_duplicate_does_not_replace_a_packet() -> None:
    network = PacketNetwork()
    first, second, third = network.frame(KEY + b"a")
    false = RtpPacket(96, sequence_number=second.sequence_number, timestamp=first.timestamp + 90_000)
    false._data = b"false"  # type: ignore[attr-defined]
    assert network.arrive(first, second, false) == []
    assert network.arrive(third) == [KEY + b"a"]
