"""Opinion scores by maximum likelihood, with the model of ITU-T P.910, annex E: bias and inconsistency of each rater.

The model (Li and Bampis, DCC 2017; Li et al., HVEI 2020): vote = score of the stimulus + bias of the rater + noise. The
standard deviation of the noise is the inconsistency of the rater. PyPI's `sureal` fits it by alternating projection.
"""

import contextlib
import io
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from acutance.server.study.errors import StudyError

CONFIDENCE = 0.95
_FEWEST = 2
_SINGULAR = 0.1
"""Share of the median inconsistency below which the likelihood has run away; people differ by less than ten times."""

type Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Scores of the stimuli.

    Attributes:
        score: opinion score of each stimulus, float64 `[stimuli]`.
        half_width: half of the 95 % interval of each, float64 `[stimuli]`.
        votes: number of votes of each, int64 `[stimuli]`.
        bias: of each rater; their mean is zero, float64 `[raters]`.
        inconsistency: standard deviation of each rater's noise, float64 `[raters]`.
        weighted: whether consistent raters have more weight; False if the likelihood has no maximum for these votes.
    """

    score: Array
    half_width: Array
    votes: NDArray[np.int64]
    bias: Array
    inconsistency: Array
    weighted: bool

    @property
    def rater_error(self) -> float:
        """Standard error of the raters' mean bias: other raters would move all scores together by about this much."""
        return _error_of_mean(self.bias)

    @property
    def vote_deviation(self) -> float:
        """Standard deviation of one vote of a rater drawn at random, around the score of the stimulus."""
        return float(np.sqrt(self.bias.var(ddof=1) + (self.inconsistency**2).mean()))


def recover(votes: Array) -> Scores:
    """Fit the model.

    `sureal` returns the standard error of a score, from the residuals of its stimulus, for these raters and their
    biases as they are. The interval here is for the population of raters: it adds the variance of their mean bias,
    divides the residuals' squares by n - 1 instead of n, and takes Student's t for the normal quantile. `make
    study-coverage` measures how often the intervals hold.

    The likelihood is not bounded: if a score equals the votes of one rater, it grows without limit as that rater's
    inconsistency falls to zero, and all other votes are lost. With 20 clips that happens in about half of the studies
    with 8 raters, and hardly ever with 30. Then all raters get the same weight (P.913 (06/2021), clause 12.4: bias
    removed, then the mean), which is the maximum likelihood if all are equally inconsistent.

    Args:
        votes: float64 `[stimuli, raters]`; NaN where a rater has not voted.

    Raises:
        StudyError: there are too few votes.
    """
    counts = np.isfinite(votes).sum(axis=1)
    if votes.shape[1] < _FEWEST or counts.size == 0 or counts.min() < _FEWEST:
        raise StudyError("there are too few votes for scores: each stimulus needs those of at least two raters")
    if np.isfinite(votes).sum(axis=0).min() < 1:
        raise StudyError("a rater without votes cannot be scored")
    score, error, bias, inconsistency, weighted = _fit(votes)
    half_width = stats.t.ppf((1 + CONFIDENCE) / 2, counts - 1) * np.hypot(error, _error_of_mean(bias))
    return Scores(score, half_width, counts, bias, inconsistency, weighted)


def mean_of(scores: Scores, which: list[int]) -> tuple[float, float]:
    """Return the mean score of several stimuli and half of its 95 % interval, for other raters and other clips.

    The variance is that of the scores between the clips (which includes their own errors), divided by their number,
    plus that of the raters' mean bias; Student's t has one degree of freedom less than there are clips.

    Args:
        scores: of all stimuli.
        which: their indices; with one alone the result is its own interval.
    """
    chosen = scores.score[which]
    if chosen.size == 1:
        return float(chosen[0]), float(scores.half_width[which[0]])
    error = np.hypot(np.sqrt(chosen.var(ddof=1) / chosen.size), scores.rater_error)
    return float(chosen.mean()), float(stats.t.ppf((1 + CONFIDENCE) / 2, chosen.size - 1) * error)


def dataset_of(votes: Array) -> SimpleNamespace:
    """Return votes, float64 `[stimuli, raters]` with NaN for none, as a data set of `sureal`."""
    return SimpleNamespace(
        ref_videos=[{"content_id": 0, "path": "reference"}],
        dis_videos=[
            {
                "content_id": 0,
                "asset_id": index,
                "path": str(index),
                # Zero-padded, because sureal sorts raters by name.
                "os": {f"{rater:06d}": float(vote) for rater, vote in enumerate(row) if np.isfinite(vote)},
            }
            for index, row in enumerate(votes)
        ],
    )


def _fit(votes: Array) -> tuple[Array, Array, Array, Array, bool]:
    """Return scores, their standard errors, biases, inconsistencies, and whether raters have weights of their own."""
    # Imported here: it takes seconds, and the rest of the server does not need it.
    from sureal import P910AnnexEModel
    from sureal.subjective_model import BiasremvMosModel

    counts = np.isfinite(votes).sum(axis=1)
    result = _run(P910AnnexEModel, votes)
    inconsistency = np.asarray(result["observer_inconsistency"])
    if inconsistency.min() >= _SINGULAR * np.median(inconsistency):
        # sureal divides the squares of the residuals by n.
        error = np.asarray(result["quality_scores_std"]) * np.sqrt(counts / (counts - 1))
        return np.asarray(result["quality_scores"]), error, np.asarray(result["observer_bias"]), inconsistency, True
    result = _run(BiasremvMosModel, votes)
    score, bias = np.asarray(result["quality_scores"]), np.asarray(result["observer_bias"])
    inconsistency = np.nanstd(votes - score[:, None] - bias, axis=0)
    return score, np.asarray(result["quality_scores_std"]), bias, inconsistency, False


def _run(model: Any, votes: Array) -> dict[str, list[float]]:
    from sureal.dataset_reader import RawDatasetReader

    # It reports each iteration on stdout. Votes without any residual make it divide by zero, with the right result.
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(divide="ignore", invalid="ignore"):
        result: dict[str, list[float]] = model(RawDatasetReader(dataset_of(votes))).run_modeling()
    return result


def _error_of_mean(values: Array) -> float:
    return float(np.sqrt(values.var(ddof=1) / values.size))
