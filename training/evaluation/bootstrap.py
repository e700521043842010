"""Confidence intervals of means over pictures or clips: the BCa bootstrap of Efron (1987), by SciPy."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

_ROUNDS = 2000
_SEED = 0
INTERVAL_KIND = (
    f"intervals are 95 %, BCa bootstrap (Efron 1987) over pictures or clips, {_ROUNDS} rounds, seed {_SEED}, "
    f"percentile bootstrap where an outlier leaves BCa undefined"
)


@dataclass(frozen=True)
class Estimate:
    """A mean over pictures or clips, and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float


def estimate(figures: Sequence[float]) -> Estimate:
    """Estimate a mean from one figure for each picture or clip; equal input always gives the same interval.

    If there is only one figure or all are equal, both ends are the mean. If an outlier leaves BCa undefined (its
    acceleration is too large), the percentile interval is used.

    Raises:
        ValueError: There is no figure.
    """
    if not figures:
        raise ValueError("an estimate needs at least one figure")
    values = np.asarray(figures, np.float64)
    mean = float(values.mean())
    if np.ptp(values) == 0:
        return Estimate(mean, mean, mean)
    # The same seed for every method: intervals in a table differ by the measurements, not by the random draws.
    rng = np.random.default_rng(_SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap((values,), np.mean, n_resamples=_ROUNDS, method="BCa", rng=rng)
    low, high = found.confidence_interval
    if not low <= mean <= high:  # also true if an end is not a number
        low, high = np.percentile(found.bootstrap_distribution, (2.5, 97.5))
    return Estimate(mean, float(low), float(high))
