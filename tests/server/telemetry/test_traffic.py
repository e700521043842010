"""Bit rates of a connection."""

from acutance.server.telemetry.traffic import Traffic


def test_rates_are_zero_before_a_period_has_ended() -> None:
    traffic = Traffic()
    traffic.note(5_000, 70_000, now=10.0)
    assert (traffic.received, traffic.returned) == (0, 0)


def test_rates_are_of_the_last_period_alone() -> None:
    traffic = Traffic()
    traffic.note(5_000, 70_000, now=10.0)
    traffic.note(5_000 + 50_000, 70_000 + 250_000, now=12.0)
    assert (traffic.received, traffic.returned) == (200_000, 1_000_000)
    traffic.note(55_000, 320_000, now=13.0)
    assert (traffic.received, traffic.returned) == (0, 0)


def test_a_clock_that_stands_still_changes_nothing() -> None:
    traffic = Traffic()
    traffic.note(0, 0, now=10.0)
    traffic.note(1_000, 1_000, now=10.0)
    assert (traffic.received, traffic.returned) == (0, 0)
