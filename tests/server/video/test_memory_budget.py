from acutance.server.video.memory_budget import ForwardedFrames, Offers


def test_five_frames_a_second_are_seen() -> None:
    forwarded = ForwardedFrames()
    seen = [forwarded.sees(number / 30) for number in range(60)]
    assert 9 <= sum(seen) <= 11
    assert seen[0]


def test_a_busy_host_does_not_decode_and_decides_again_after_ten_seconds() -> None:
    forwarded = ForwardedFrames()
    assert not forwarded.decodes(0.0, 0.9)
    assert not forwarded.decodes(9.9, 0.1)
    assert forwarded.decodes(10.0, 0.1)
    assert forwarded.decodes(15.0, 0.9)
    assert not forwarded.decodes(20.0, 0.9)


def test_an_offer_counts_for_a_second() -> None:
    offers = Offers()
    assert not offers.any
    offers.note(offered=True)
    for _ in range(29):
        offers.note(offered=False)
        assert offers.any
    offers.note(offered=False)
    assert not offers.any
