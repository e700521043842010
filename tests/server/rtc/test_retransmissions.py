"""How often and how long a missing packet is requested."""

import pytest

from acutance.server.rtc.retransmissions import LONGEST_PATIENCE_S, SHORTEST_PATIENCE_S, Retransmissions

TICKS = 0.045  # tolerance: each of a few requests may be one tick of 0.01 s late


def _after(round_trip: float) -> Retransmissions:
    missing = Retransmissions()
    missing.expect(range(1, 2), 0.0)
    missing.arrived(1, round_trip)
    return missing


def _asked(missing: Retransmissions, seconds: float) -> list[float]:
    missing.expect(range(10, 11), 100.0)
    ticks = (100 + 0.01 * tick for tick in range(int(seconds * 100)))
    return [round(now - 100, 2) for now in ticks if missing.due(0, now)]


def test_a_packet_is_requested_again_after_a_round_trip_and_only_a_few_times() -> None:
    assert _asked(_after(0.1), 5) == pytest.approx([0.15, 0.3, 0.45, 0.6], abs=TICKS)
    assert _asked(_after(0.2), 1) == pytest.approx([0.3, 0.6, 0.9], abs=TICKS)
    assert _asked(_after(0.03), 1) == pytest.approx([0.05, 0.1, 0.15, 0.2], abs=TICKS)


def test_patience_is_for_two_round_trips_within_limits() -> None:
    assert _after(0.03).patience == SHORTEST_PATIENCE_S
    assert _after(0.3).patience == 2.5 * 0.3
    assert _after(5.0).patience == LONGEST_PATIENCE_S


def test_reordering_does_not_change_the_round_trip() -> None:
    missing = _after(0.3)
    for position in range(2, 50):
        missing.expect(range(position, position + 1), 1.0)
        missing.arrived(position, 1.005)
    assert missing.round_trip == 0.3


def test_only_awaited_packets_are_requested() -> None:
    missing = Retransmissions()
    missing.expect(range(1, 6), 0.0)
    assert missing.due(3, 1.0) == (3, 4, 5)


def test_endless_gaps_do_not_fill_memory() -> None:
    missing = Retransmissions()
    for first in range(0, 100_000, 100):
        missing.expect(range(first, first + 99), 0.0)
    assert not missing.is_lost(99_990, 0.1)
    assert missing.is_lost(90_000, 0.1), "forgotten"
