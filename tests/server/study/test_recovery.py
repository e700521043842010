"""Scores recover the truth behind the votes of simulated raters, and their intervals hold as often as they say."""

import os

import numpy as np
import pytest

from acutance.server.study.errors import StudyError
from acutance.server.study.report.power import votes_needed
from acutance.server.study.report.recovery import mean_of, recover
from tests.server.study.simulated import Raters

RATERS, PAIRS = 30, 20
# `make study-coverage` runs 200.
REPETITIONS = int(os.environ.get("STUDY_REPETITIONS", "30"))


def test_intervals_of_20_pairs_and_30_raters_hold_in_95_percent() -> None:
    held, mean_held = [], []
    rng = np.random.default_rng(20261127)
    for _ in range(REPETITIONS):
        raters = Raters.draw(rng, RATERS)
        truth = rng.uniform(-1.5, 1.5, PAIRS)
        scores = recover(raters.vote(rng, truth, -3, 3))
        held.append(np.abs(scores.score - truth) <= scores.half_width)
        mean, half = mean_of(scores, list(range(PAIRS)))
        # The pairs are drawn from all pairs, whose mean is zero.
        mean_held.append(abs(mean) <= half)
    shares = np.mean(held, axis=1)
    error = shares.std(ddof=1) / np.sqrt(REPETITIONS)  # intervals of one repetition share its raters
    print(
        f"\n{REPETITIONS} repetitions: {np.mean(held):.1%} of the pairs' intervals hold the truth (standard error "
        f"{error:.1%}), {np.mean(mean_held):.1%} of the means'"
    )
    assert abs(np.mean(held) - 0.95) < 0.01 + 2 * error
    assert np.mean(mean_held) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / REPETITIONS)


def test_bias_and_inconsistency_of_each_rater_are_recovered() -> None:
    rng = np.random.default_rng(1)
    raters = Raters(np.linspace(-0.8, 0.8, 12), np.linspace(0.6, 1.6, 12))
    truth = rng.uniform(-1, 1, 400)
    noise = rng.normal(size=(400, 12)) * raters.inconsistency
    scores = recover(truth[:, None] + raters.bias + noise)
    np.testing.assert_allclose(scores.bias, raters.bias, atol=0.2)
    np.testing.assert_allclose(scores.inconsistency, raters.inconsistency, rtol=0.25)
    assert scores.vote_deviation == pytest.approx(
        np.sqrt(raters.bias.var(ddof=1) + np.mean(raters.inconsistency**2)), rel=0.1
    )


def test_a_careless_rater_moves_the_score_less_than_a_mean() -> None:
    rng = np.random.default_rng(2)
    truth = rng.uniform(-2, 2, 30)
    careful = truth[:, None] + rng.normal(0, 0.3, (30, 8))
    votes = np.column_stack([careful, rng.uniform(-3, 3, 30)])
    error = np.abs(recover(votes).score - truth).mean()
    assert error < 0.7 * np.abs(votes.mean(axis=1) - truth).mean()


def test_the_weights_of_few_raters_hold_where_the_likelihood_has_no_maximum() -> None:
    rng = np.random.default_rng(7)
    equal = {}
    for count in (8, 12, 30):
        fits, gain = [], []
        for _ in range(REPETITIONS // 4):
            raters = Raters.draw(rng, count)
            truth = rng.uniform(-1.5, 1.5, PAIRS)
            votes = raters.vote(rng, truth, -3, 3)
            scores = recover(votes)
            fits.append(scores.weighted)
            gain.append(np.square(scores.score - truth).mean() / np.square(votes.mean(axis=1) - truth).mean())
            assert scores.inconsistency.min() > 0.05
        equal[count] = 1 - float(np.mean(fits))
        assert np.mean(gain) < 1.2, "no rater's votes are taken for the truth"
    print(f"\n{REPETITIONS // 4} repetitions each: equal weights in {equal} of the studies, by number of raters")
    assert equal[8] > 0.2
    assert equal[30] < 0.05


def test_missing_votes_are_allowed_and_counted() -> None:
    rng = np.random.default_rng(3)
    votes = Raters.draw(rng, 10).vote(rng, np.linspace(-1, 1, 6), -3, 3)
    votes[0, 3:] = np.nan
    scores = recover(votes)
    assert scores.votes.tolist() == [3, 10, 10, 10, 10, 10]
    assert scores.half_width[0] > scores.half_width[1:].max()


def test_raters_who_agree_entirely_have_an_interval_of_no_width() -> None:
    scores = recover(np.tile([[1.0], [-2.0]], (1, 4)))
    np.testing.assert_allclose(scores.score, [1, -2], atol=1e-6)
    np.testing.assert_allclose(scores.half_width, 0, atol=1e-6)


def test_too_few_votes_are_an_error() -> None:
    with pytest.raises(StudyError, match="too few votes"):
        recover(np.array([[1.0, np.nan], [0.0, 1.0]]))


def test_the_votes_needed_show_the_difference_in_four_of_five_studies() -> None:
    difference, deviation = 0.4, 1.1
    needed = votes_needed(difference, deviation)
    rng = np.random.default_rng(4)
    votes = rng.normal(difference, deviation, (4000, needed))
    shown = np.abs(votes.mean(axis=1)) > 1.96 * deviation / np.sqrt(needed)
    assert shown.mean() == pytest.approx(0.8, abs=0.03)
    assert votes_needed(difference / 2, deviation) == pytest.approx(4 * needed, abs=3)
