from acutance.server.encoding.bitrate import RateControl, start_bitrate
from acutance.server.encoding.shared_rate import SharedRate
from acutance.server.options.session_limits import MIN_BITRATE

SIZE = (1280, 720)
WANTED = start_bitrate(*SIZE, 8_000_000)


def _shared(*ceilings: int | None) -> SharedRate:
    rate = SharedRate()
    for ceiling in ceilings:
        rate.join(RateControl(8_000_000, ceiling))
    return rate


def test_one_receiver_has_its_own_rate() -> None:
    assert _shared(None).target(*SIZE) == WANTED
    assert _shared(400_000).target(*SIZE) == 400_000


def test_of_several_receivers_the_lowest_rate_counts_but_not_below_half() -> None:
    assert _shared(None, None).target(*SIZE) == WANTED
    assert _shared(None, round(0.8 * WANTED)).target(*SIZE) == round(0.8 * WANTED)
    assert _shared(None, MIN_BITRATE).target(*SIZE) == round(0.5 * WANTED), (
        "one slow viewer does not lower the rate of all"
    )


def test_a_receiver_that_leaves_no_longer_counts() -> None:
    rate, poor = _shared(None), RateControl(8_000_000, MIN_BITRATE)
    rate.join(poor)
    rate.leave(poor)
    assert rate.target(*SIZE) == WANTED
