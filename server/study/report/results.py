"""The results of a study as values: scores with intervals, who was left out, and the votes still needed."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel

from acutance.server.study.errors import StudyError
from acutance.server.study.manifest import Manifest, Stimulus
from acutance.server.study.report.power import DIFFERENCES, votes_needed
from acutance.server.study.report.recovery import Array, Scores, mean_of, recover
from acutance.server.study.report.screening import Screened, screen, table_of
from acutance.server.study.study_file import REFERENCE, Study
from acutance.server.study.votes import Rater, Vote

_BEST = 5
"""The best vote in ACR, to which differences from the hidden reference are added."""


class Estimate(BaseModel):
    """A score with its 95 % interval.

    Attributes:
        name: what is scored.
        score: in scale points.
        low: of the interval.
        high: of the interval.
        votes: number of votes behind it.
        clips: number of clips behind it.
    """

    name: str
    score: float
    low: float
    high: float
    votes: int
    clips: int


class Need(BaseModel):
    """Votes that a difference needs.

    Attributes:
        difference: in scale points.
        votes: needed to show it with a power of 80 %.
        more: how many more than now, by name of the comparison.
    """

    difference: float
    votes: int
    more: dict[str, int]


class RaterResult(BaseModel):
    """A rater after screening; see `Screened` for the first five fields.

    Attributes:
        number: of the rater.
        votes: number of test votes.
        failed_checks: wrong answers to questions with a known one.
        correlation: with the other raters.
        reasons: why the votes are left out.
        bias: mean difference from the scores; None if the votes are left out.
        inconsistency: standard deviation around the scores plus bias; None if the votes are left out.
    """

    number: int
    votes: int
    failed_checks: tuple[str, ...]
    correlation: float | None
    reasons: tuple[str, ...]
    bias: float | None
    inconsistency: float | None


class Results(BaseModel):
    """The results of a study.

    Attributes:
        title: of the study.
        method: of the study.
        differences: CCR: CMOS of each comparison, mean of its clips. ACR: mean difference of each treatment from the
            hidden reference (P.910, hidden reference: DV - 5).
        absolute: ACR: MOS of each treatment, mean of its clips; empty in CCR.
        stimuli: the score of each clip: CMOS, or MOS.
        raters: who voted.
        weighted: whether consistent raters have more weight; see `Scores`.
        deviation: standard deviation of one vote about its score (in ACR, of one difference), in scale points.
        needs: votes for given differences.
    """

    title: str
    method: str
    differences: list[Estimate]
    absolute: list[Estimate]
    stimuli: list[Estimate]
    raters: list[RaterResult]
    weighted: bool
    deviation: float
    needs: list[Need]


def analyse(
    study: Study,
    manifest: Manifest,
    raters: Sequence[Rater],
    votes: Sequence[Vote],
    differences: Sequence[float] = DIFFERENCES,
) -> Results:
    """Screen the raters, compute the scores and the votes needed.

    Args:
        study: the rules.
        manifest: the stimuli.
        raters: all raters.
        votes: all votes.
        differences: in scale points, for which the needed votes are computed.

    Raises:
        StudyError: too few votes remain.
    """
    screened = screen(study, manifest, raters, votes)
    kept = [rater.number for rater in screened if rater.kept]
    by_rater = [[vote for vote in votes if vote.rater == number] for number in kept]
    stimuli = manifest.of("test")
    table = table_of(by_rater, [stimulus.key for stimulus in stimuli])
    few = [stimulus.name for stimulus, row in zip(stimuli, table, strict=True) if np.isfinite(row).sum() < 2]
    if few:
        raise StudyError(
            f"{len(kept)} of {len(screened)} raters remain after screening, and these clips have votes of fewer than "
            f"two: {', '.join(few[:5])}{' …' if len(few) > 5 else ''}"
        )
    scores = recover(table)
    if study.method == "ccr":
        absolute: list[Estimate] = []
        compared, relative = stimuli, scores
        means = _means(compared, relative)
    else:
        absolute = _means(stimuli, scores)
        compared, differing = _from_reference(stimuli, table)
        relative = recover(differing)
        means = [
            estimate.model_copy(update={name: getattr(estimate, name) - _BEST for name in ("score", "low", "high")})
            for estimate in _means(compared, relative)
        ]
    return Results(
        title=study.title,
        method=study.method,
        differences=means,
        absolute=absolute,
        stimuli=[_estimate(stimulus.name, scores, [row]) for row, stimulus in enumerate(stimuli)],
        raters=[_rater(rater, kept, scores) for rater in screened],
        weighted=scores.weighted,
        deviation=relative.vote_deviation,
        needs=[_need(difference, relative.vote_deviation, means) for difference in differences],
    )


def _means(stimuli: Sequence[Stimulus], scores: Scores) -> list[Estimate]:
    names = list(dict.fromkeys(_treatment(stimulus) for stimulus in stimuli))
    return [
        _estimate(name, scores, [row for row, stimulus in enumerate(stimuli) if _treatment(stimulus) == name])
        for name in names
    ]


def _treatment(stimulus: Stimulus) -> str:
    return stimulus.test if stimulus.baseline is None else f"{stimulus.test} against {stimulus.baseline}"


def _estimate(name: str, scores: Scores, rows: list[int]) -> Estimate:
    mean, half = mean_of(scores, rows)
    votes = int(scores.votes[rows].sum())
    return Estimate(name=name, score=mean, low=mean - half, high=mean + half, votes=votes, clips=len(rows))


def _from_reference(stimuli: Sequence[Stimulus], table: Array) -> tuple[list[Stimulus], Array]:
    """Return the stimuli but the references, and each vote minus the same rater's for the hidden reference, plus 5."""
    references = {stimulus.source: row for row, stimulus in enumerate(stimuli) if stimulus.test == REFERENCE}
    rows = [row for row, stimulus in enumerate(stimuli) if stimulus.test != REFERENCE]
    differing = np.array([table[row] - table[references[stimuli[row].source]] + _BEST for row in rows])
    voted = np.isfinite(differing).any(axis=0)
    return [stimuli[row] for row in rows], differing[:, voted]


def _rater(rater: Screened, kept: list[int], scores: Scores) -> RaterResult:
    column = kept.index(rater.number) if rater.kept else None
    return RaterResult(
        number=rater.number,
        votes=rater.votes,
        failed_checks=rater.failed_checks,
        correlation=rater.correlation,
        reasons=rater.reasons,
        bias=None if column is None else float(scores.bias[column]),
        inconsistency=None if column is None else float(scores.inconsistency[column]),
    )


def _need(difference: float, deviation: float, means: Sequence[Estimate]) -> Need:
    votes = votes_needed(difference, deviation)
    return Need(difference=difference, votes=votes, more={mean.name: max(0, votes - mean.votes) for mean in means})
