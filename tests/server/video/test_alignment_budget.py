from acutance.server.video.alignment_budget import AlignmentBudget

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
    assert not after(budget, 0.5, 600)
    assert after(budget, 0.2, 90)


def test_one_slow_frame_changes_nothing() -> None:
    budget = AlignmentBudget()
    after(budget, 0.3, 30)
    assert after(budget, 3.0, 1)
