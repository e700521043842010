"""Listing missing packets has a bounded cost, and retransmissions have a bounded rate."""

import random

import pytest
from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtp import RTCP_RTPFB_NACK, RtcpRtpfbPacket, RtpPacket

from acutance.server.rtc.loss_requests import MissingPackets, ResendLimit
from tests.work import bytecodes


def _packet(number: int) -> RtpPacket:
    return RtpPacket(payload_type=96, sequence_number=number % 65536)


@pytest.mark.parametrize("seed", range(5))
def test_short_gaps_are_listed_as_aiortc_lists_them(seed: int) -> None:
    dice = random.Random(seed)
    ours, theirs = MissingPackets(), NackGenerator()
    numbers = [number for number in range(65_000, 67_000) if dice.random() > 0.2]
    numbers.sort(key=lambda number: number + dice.choice([0, 0, 0, 20]))
    for number in numbers:
        assert ours.add(_packet(number)) == theirs.add(_packet(number))
        assert ours.missing == theirs.missing


def test_a_large_gap_costs_no_more_than_a_small_one() -> None:
    missing, numbers = MissingPackets(), [_packet(index * 32_000) for index in range(100)]
    assert bytecodes(lambda: [missing.add(packet) for packet in numbers]) < 100 * 200
    assert missing.missing == set()


def _nack(*lost: int) -> RtcpRtpfbPacket:
    return RtcpRtpfbPacket(RTCP_RTPFB_NACK, ssrc=1, media_ssrc=2, lost=list(lost))


def test_a_packet_is_repeated_once_in_50_ms() -> None:
    limit = ResendLimit()
    assert limit.limited(_nack(1, 2, 2), 10.0).lost == [1, 2]
    assert limit.limited(_nack(2, 3), 10.04).lost == [3]
    assert limit.limited(_nack(2, 3), 10.06).lost == [2, 3]


def test_few_packets_are_repeated_at_once() -> None:
    limit = ResendLimit()
    assert len(limit.limited(_nack(*range(6000)), 0.0).lost) == 128
    assert limit.limited(_nack(7000), 0.01).lost == []
