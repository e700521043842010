from acutance.server.encoding.forwarding.rate_fit import RateFit


def test_only_a_stream_that_stays_above_the_limit_is_encoded_instead() -> None:
    fit = RateFit()
    assert all(fit.note(rate, 1_000_000, now) for now, rate in enumerate([2_000_000, 2_000_000, 900_000, 2_000_000]))
    assert [fit.note(2_000_000, 1_000_000, now) for now in (4, 5, 6, 7)] == [True, True, False, False]
    assert [fit.note(900_000, 1_000_000, now) for now in (8, 12, 13)] == [False, False, True]


def test_small_excesses_are_those_of_any_rate_control() -> None:
    fit = RateFit()
    assert all(fit.note(1_250_000, 1_000_000, now) for now in range(60))


def test_an_estimate_that_follows_a_burst_is_no_limit() -> None:
    fit = RateFit()
    for frame in range(300):  # 8 % more every second, as receivers estimate after a still picture
        assert fit.note(5_000_000, round(600_000 * 1.08 ** (frame // 30)), frame / 30)


def test_an_estimate_that_falls_under_the_stream_is_one() -> None:
    fit = RateFit()
    fits = [fit.note(5_000_000, 600_000 - 10_000 * (frame // 30), frame / 30) for frame in range(150)]
    assert all(fits[:90])
    assert not any(fits[95:])
