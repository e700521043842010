"""Rejection by BT.500, as sureal computes it, without its trap."""

import numpy as np

from acutance.server.study.report.screening import bt500_rejected


def test_a_rater_who_is_far_off_on_both_sides_is_rejected() -> None:
    rng = np.random.default_rng(1)
    votes = np.rint(rng.normal(3, 0.7, (60, 24)))
    votes[::2, 3], votes[1::2, 3] = 5, 1
    assert bt500_rejected(votes) == [rater == 3 for rater in range(24)]


def test_nobody_is_rejected_where_all_agree() -> None:
    """All votes equal: each lies on both limits, so sureal alone would reject whoever has too many of these."""
    rng = np.random.default_rng(2)
    votes = np.rint(rng.normal(3, 0.7, (40, 10)))
    votes[:20] = 5
    votes[:20, 9] = np.nan
    assert not any(bt500_rejected(votes))


def test_too_few_votes_reject_nobody() -> None:
    assert bt500_rejected(np.array([[1.0, 5.0]])) == [False, False]
    assert bt500_rejected(np.empty((0, 2))) == [False, False]
