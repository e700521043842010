"""Which trials a rater gets, in which order."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from acutance.server.study.manifest import Manifest, Stimulus
from acutance.server.study.study_file import Study
from acutance.server.study.votes import Trial

_MOST_TRAINING = 4


def plan(study: Study, manifest: Manifest, number: int) -> list[Trial]:
    """Return the trials of a rater: the training round, then the test with its checks, in an order of their own.

    The same rater always gets the same plan. Two trials in a row show different sources where that is possible, and
    each clip of a pair is on either side with equal chance.

    Args:
        study: the study.
        manifest: its prepared clips.
        number: of the rater, in order of arrival, from 0.
    """
    random = Random(f"{study.seed}/{number}")
    tests = _share(study, manifest.of("test"), number)
    trials = [(stimulus, _trial(study, random, stimulus)) for stimulus in (*tests, *manifest.of("gold", "same"))]
    low, high = study.scale
    for stimulus in random.sample(tests, min(study.checks.trap, len(tests))):
        instructed = random.choice([vote for vote in range(low, high + 1) if vote != (low + high) // 2])
        trials.append((stimulus, Trial(stimulus.key, "trap", random.random() < 0.5, instructed)))
    training = [_trial(study, random, stimulus) for stimulus in _training(random, manifest)]
    return training + _ordered(random, trials)


def _share(study: Study, tests: list[Stimulus], number: int) -> list[Stimulus]:
    """Return the rater's part of the stimuli: raters take turns in one shuffled order."""
    wanted = study.session.trials
    if wanted is None or wanted >= len(tests):
        return tests
    shuffled = Random(study.seed).sample(tests, len(tests))
    return [shuffled[(number * wanted + index) % len(shuffled)] for index in range(wanted)]


def _training(random: Random, manifest: Manifest) -> list[Stimulus]:
    """Return stimuli that span the scale: at least one with a clear answer, then others."""
    stimuli = random.sample(manifest.of("training"), len(manifest.of("training")))
    clear = [stimulus for stimulus in stimuli if stimulus.expected is not None]
    others = [stimulus for stimulus in stimuli if stimulus.expected is None]
    return (clear[:1] + others)[:_MOST_TRAINING]


def _trial(study: Study, random: Random, stimulus: Stimulus) -> Trial:
    return Trial(stimulus.key, stimulus.role, study.method == "ccr" and random.random() < 0.5)


def _ordered(random: Random, trials: Sequence[tuple[Stimulus, Trial]]) -> list[Trial]:
    remaining = random.sample(trials, len(trials))
    ordered: list[Trial] = []
    last: str | None = None
    while remaining:
        left = Counter(stimulus.source for stimulus, _ in remaining)
        most, count = left.most_common(1)[0]
        # A source with half of the remaining trials must come now, or two of its trials will meet later.
        pressing = most != last and 2 * count > len(remaining)
        chosen = next(
            (each for each in remaining if each[0].source != last and (not pressing or each[0].source == most)),
            remaining[0],
        )
        remaining.remove(chosen)
        ordered.append(chosen[1])
        last = chosen[0].source
    return ordered
