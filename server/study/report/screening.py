"""Which raters are left out, and why."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acutance.server.study.manifest import Manifest
from acutance.server.study.report.recovery import Array, dataset_of
from acutance.server.study.study_file import Study
from acutance.server.study.votes import Rater, Vote

_FEWEST_FOR_CORRELATION = 5


@dataclass(frozen=True)
class Screened:
    """A rater after screening.

    Attributes:
        number: of the rater.
        votes: number of test votes.
        failed_checks: gold, same and trap questions with a wrong answer.
        correlation: of the test votes with the mean of the other raters; None if it is not defined.
        reasons: why the votes are left out, in words; none if they count.
    """

    number: int
    votes: int
    failed_checks: tuple[str, ...]
    correlation: float | None
    reasons: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether the votes count."""
        return not self.reasons


def screen(study: Study, manifest: Manifest, raters: Sequence[Rater], votes: Sequence[Vote]) -> list[Screened]:
    """Screen all raters with at least one test vote.

    First vision and the questions with a known answer, then, among those who remain, the correlation with the others
    (P.913, annex A) and the rejection of BT.500.

    Args:
        study: the rules.
        manifest: the stimuli, with the expected votes.
        raters: all raters.
        votes: all votes.
    """
    by_rater = {rater.number: [vote for vote in votes if vote.rater == rater.number] for rater in raters}
    first: dict[int, tuple[str, ...]] = {}
    failed: dict[int, tuple[str, ...]] = {}
    for rater in raters:
        own = by_rater[rater.number]
        if not any(vote.kind == "test" for vote in own):
            continue
        failed[rater.number] = tuple(
            _failed(manifest, rater, vote) for vote in own if not _passes(manifest, rater, vote)
        )
        first[rater.number] = _first_reasons(study, rater, failed[rater.number])
    remaining = [number for number, reasons in first.items() if not reasons]
    matrix = table_of([by_rater[number] for number in first])
    columns = {number: column for column, number in enumerate(first)}
    among = matrix[:, [columns[number] for number in remaining]]
    rejected = dict(zip(remaining, bt500_rejected(among), strict=True)) if study.screening.bt500 else {}
    screened = []
    for number, reasons in first.items():
        others = [columns[other] for other in remaining if other != number]
        correlation = _correlation(matrix[:, columns[number]], matrix[:, others])
        if not reasons:
            reasons = _later_reasons(study, correlation, rejected.get(number, False))
        count = sum(vote.kind == "test" for vote in by_rater[number])
        screened.append(Screened(number, count, failed[number], correlation, reasons))
    return screened


def table_of(by_rater: Sequence[Sequence[Vote]], stimuli: Sequence[str] | None = None) -> Array:
    """Return the test votes as float64 `[stimuli, raters]`, NaN where there is none.

    Args:
        by_rater: the votes of each rater.
        stimuli: keys in the order of the rows; None for all that have a vote, sorted.
    """
    keys = stimuli
    if keys is None:
        keys = sorted({vote.stimulus for votes in by_rater for vote in votes if vote.kind == "test"})
    rows = {key: row for row, key in enumerate(keys)}
    table = np.full((len(rows), len(by_rater)), np.nan)
    for column, votes in enumerate(by_rater):
        for vote in votes:
            if vote.kind == "test":
                table[rows[vote.stimulus], column] = vote.value
    return table


def bt500_rejected(table: Array) -> list[bool]:
    """Return for each rater whether BT.500-14, A1-2.3.1, rejects the votes, as `sureal` computes it.

    A rater is rejected if more than 5 % of the votes are far from the mean of their stimulus (two standard deviations,
    or the root of 20 where the kurtosis is not between 2 and 4), about as many above as below. Stimuli with fewer than
    three votes, or on which all agree, are left out: there every vote would be zero deviations away, on both sides.

    Args:
        table: votes, float64 `[stimuli, raters]`, NaN where there is none.
    """
    table = table[[bool(np.isfinite(row).sum() >= 3 and np.nanmin(row) < np.nanmax(row)) for row in table]]
    stimuli, raters = table.shape
    # sureal cannot name raters without votes.
    if stimuli == 0 or not np.isfinite(table).any(axis=0).all():
        return [False] * raters
    from sureal import BT500Model
    from sureal.dataset_reader import RawDatasetReader

    # A rater without votes far away has 0 / 0, which is not below the limit.
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(divide="ignore", invalid="ignore"):
        model = BT500Model(RawDatasetReader(dataset_of(table)))
        result: Mapping[str, list[bool]] = model.run_modeling()
    return list(result["observer_rejected"])


def _first_reasons(study: Study, rater: Rater, failed: tuple[str, ...]) -> tuple[str, ...]:
    reasons = []
    vision = rater.facts.get("vision", {})
    wrong = sorted(test for test, passed in vision.get("passed", {}).items() if not passed)
    if study.screening.vision and wrong:
        reasons.append(f"vision: {', '.join(wrong)}")
    if len(failed) > study.checks.max_failures:
        reasons.append(f"{len(failed)} wrong answers to questions with a known one")
    return tuple(reasons)


def _later_reasons(study: Study, correlation: float | None, rejected: bool) -> tuple[str, ...]:
    least = study.min_correlation
    reasons = []
    if least is not None and correlation is not None and correlation < least:
        reasons.append(f"correlation {correlation:.2f} with the others, below {least:g}")
    if rejected:
        reasons.append("rejected by BT.500-14, A1-2.3.1")
    return tuple(reasons)


def _passes(manifest: Manifest, rater: Rater, vote: Vote) -> bool:
    if vote.kind == "trap":
        return vote.vote == rater.plan[vote.position].instructed
    expected = manifest.stimuli[vote.stimulus].expected
    if expected is None or vote.kind not in ("gold", "same"):
        return True
    return expected[0] <= vote.value <= expected[1]


def _failed(manifest: Manifest, rater: Rater, vote: Vote) -> str:
    if vote.kind == "trap":
        return f"trap: {vote.vote} instead of {rater.plan[vote.position].instructed}"
    low, high = manifest.stimuli[vote.stimulus].expected or (vote.value, vote.value)
    return f"{vote.kind}: {vote.value} instead of {low} to {high}"


def _correlation(own: Array, others: Array) -> float | None:
    if others.shape[1] == 0:
        return None
    seen = np.isfinite(own) & np.isfinite(others).any(axis=1)
    if seen.sum() < _FEWEST_FOR_CORRELATION:
        return None
    mean = np.nanmean(others[seen], axis=1)
    if np.ptp(own[seen]) == 0 or np.ptp(mean) == 0:
        return None
    return float(np.corrcoef(own[seen], mean)[0, 1])
