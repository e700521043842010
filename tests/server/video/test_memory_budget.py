from acutance.server.video.memory_budget import AlignmentBudget, ForwardedFrames, Offers

INTERVAL = 1 / 30


def after(budget: AlignmentBudget, share: float, frames: int) -> bool:
    for _ in range(frames):
        budget.note(share * INTERVAL, INTERVAL)
    return budget.allowed


def test_it_is_allowed_while_enhancing_leaves_time() -> None:
    assert after(AlignmentBudget(), 0.65, 300)


def test_a_busy_host_leaves_it_out_until_it_has_been_quiet() -> None:
    budget = AlignmentBudget()
    assert not after(budget, 0.9, 60)
    assert not after(budget, 0.6, 600)
    assert after(budget, 0.2, 90)


def test_one_slow_frame_changes_nothing() -> None:
    budget = AlignmentBudget()
    after(budget, 0.3, 30)
    assert after(budget, 3.0, 1)


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
