"""Each rater has an order and sides of their own."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np

from acutance.server.study.serve.plan import plan
from tests.server.study.simulated import ACR, CCR, prepared


def test_training_comes_first_and_checks_are_among_the_tests(tmp_path: Path) -> None:
    study, manifest = prepared(tmp_path, sources=6)
    trials = plan(study, manifest, 0)
    kinds = [trial.kind for trial in trials]
    assert kinds[:2] == ["training", "training"]
    assert Counter(kinds[2:]) == {"test": 6, "gold": 2, "same": 1, "trap": 1}
    (trap,) = (trial for trial in trials if trial.kind == "trap")
    assert trap.instructed in {-3, -2, -1, 1, 2, 3}


def test_the_same_rater_has_the_same_plan_and_others_have_other_ones(tmp_path: Path) -> None:
    study, manifest = prepared(tmp_path, sources=6)
    plans = [plan(study, manifest, number) for number in range(10)]
    assert plans == [plan(study, manifest, number) for number in range(10)]
    assert len({tuple(trial.stimulus for trial in trials) for trials in plans}) == 10


def test_sides_and_places_are_even_over_many_raters(tmp_path: Path) -> None:
    study, manifest = prepared(tmp_path, sources=6)
    plans = [[trial for trial in plan(study, manifest, number) if trial.kind == "test"] for number in range(400)]
    assert abs(np.mean([trial.swapped for trials in plans for trial in trials]) - 0.5) < 0.05
    first = Counter(trials[0].stimulus for trials in plans)
    assert len(first) == 6
    assert max(first.values()) < 1.6 * min(first.values())


def test_two_trials_in_a_row_show_different_sources(tmp_path: Path) -> None:
    study, manifest = prepared(tmp_path, ACR, sources=4)
    for number in range(20):
        trials = [trial for trial in plan(study, manifest, number) if trial.kind != "training"]
        sources = [manifest.stimuli[trial.stimulus].source for trial in trials]
        assert all(one != next_one for one, next_one in pairwise(sources))


def test_raters_of_a_long_study_take_turns(tmp_path: Path) -> None:
    study, manifest = prepared(tmp_path, CCR + "[session]\ntrials = 4\n", sources=10)
    counts = Counter(
        trial.stimulus for number in range(10) for trial in plan(study, manifest, number) if trial.kind == "test"
    )
    assert set(counts.values()) == {4}
    assert len(counts) == 10
