from acutance.server.encoding.forwarding.rate_fit import RateFit


def test_only_a_stream_that_stays_above_the_limit_is_encoded_instead() -> None:
    fit = RateFit()
    assert all(fit.note(rate, 1_000_000, now) for now, rate in enumerate([2_000_000, 2_000_000, 900_000, 2_000_000]))
    assert [fit.note(2_000_000, 1_000_000, now) for now in (4, 5, 6, 7)] == [True, True, False, False]
    assert [fit.note(900_000, 1_000_000, now) for now in (8, 12, 13)] == [False, False, True]


def test_small_excesses_are_those_of_any_rate_control() -> None:
    fit = RateFit()
    assert all(fit.note(1_250_000, 1_000_000, now) for now in range(60))
