import pytest

from acutance.server.security.rate_limit import RequestRate, TokenBucket


def test_permits_accumulate_at_their_rate_up_to_a_maximum() -> None:
    now = 0.0
    bucket = TokenBucket(2.0, 3, lambda: now)
    assert [bucket.wait() for _ in range(3)] == [0, 0, 0]
    assert bucket.wait() == pytest.approx(0.5)
    now = 0.5
    assert bucket.wait() == 0
    now = 100.0
    assert [bucket.wait() == 0 for _ in range(4)] == [True, True, True, False]


def test_each_address_has_its_own_permits() -> None:
    rate = RequestRate(8, lambda: 0.0)
    assert [rate.wait("a") == 0 for _ in range(3)] == [True, True, False]
    assert rate.wait("b") == 0


def test_the_number_of_buckets_is_bounded() -> None:
    rate = RequestRate(60, lambda: 0.0)
    for number in range(10_050):
        rate.wait(str(number))
    assert len(rate._buckets) == 10_000
