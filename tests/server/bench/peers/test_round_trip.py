import pytest

from acutance.server.bench.peers.round_trip import latest


@pytest.mark.parametrize(
    ("coded", "sent", "number"),
    [(0, 1, 0), (29, 30, 29), (29, 45, 29), (29, 60, 59), (5, 3, None), (30, 60, None)],
)
def test_the_number_of_a_repeated_frame_is_the_latest_sent(coded: int, sent: int, number: int | None) -> None:
    assert latest(coded, 30, sent) == number
