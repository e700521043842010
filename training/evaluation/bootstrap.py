"""How far a mean over pictures can be trusted: percentile bootstrap (Efron and Tibshirani 1993, chapter 13)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_ROUNDS = 2000
_SEED = 0
INTERVAL_KIND = f"intervals are 95 %, percentile bootstrap over pictures or clips, {_ROUNDS} rounds, seed {_SEED}"


@dataclass(frozen=True)
class Estimate:
    """A mean over pictures or clips, and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float


def estimate(figures: Sequence[float]) -> Estimate:
    """Estimate a mean from one figure for each picture or clip; the same figures always give the same interval.

    Raises:
        ValueError: There is no figure.
    """
    if not figures:
        raise ValueError("the mean of nothing cannot be estimated")
    values = np.asarray(figures, np.float64)
    # The same draws for every method: intervals in a table differ by what was measured, not by chance.
    drawn = np.random.default_rng(_SEED).integers(0, len(values), (_ROUNDS, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return Estimate(float(values.mean()), float(low), float(high))
