from acutance.server.encoding.bitrate import RateControl, start_bitrate
from acutance.server.encoding.shared_rate import SharedRate, sender_limit
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


def test_a_forwarded_stream_may_have_what_its_receivers_can_take() -> None:
    assert _shared(None).limit(*SIZE) == 8_000_000, "more bits than our encoder would use"
    assert _shared(6_000_000).limit(*SIZE) == 6_000_000
    assert _shared(400_000).limit(*SIZE) == 400_000
    assert _shared(6_000_000, MIN_BITRATE).limit(*SIZE) == round(0.5 * WANTED)


def test_a_receiver_that_loses_packets_and_sends_no_estimate_limits_a_forwarded_stream_too() -> None:
    control = RateControl(8_000_000)
    control.on_loss(0.5)
    assert control.limit(*SIZE) == control.target(*SIZE) < WANTED


def test_the_sender_obeys_the_lowest_of_all_that_get_its_coded_frames() -> None:
    assert sender_limit([_shared(400_000)], [], *SIZE) == 400_000
    assert sender_limit([_shared(6_000_000), _shared(5_000_000)], [], *SIZE) == 5_000_000
    assert sender_limit([_shared(6_000_000)], [_shared(MIN_BITRATE)], *SIZE) == 6_000_000, "others get encoded ones"


def test_one_poor_receiver_does_not_lower_the_sender_for_those_of_other_renditions() -> None:
    assert sender_limit([_shared(MIN_BITRATE)], [_shared(None)], *SIZE) == round(0.5 * WANTED)
