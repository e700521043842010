"""How many votes a study needs: the sample size of a two-sided test of a mean."""

import math

from scipy import stats

SIGNIFICANCE, POWER = 0.05, 0.80
DIFFERENCES = (0.1, 0.25, 0.5, 1.0)
"""Differences in scale points for which the report says how many votes they need."""


def votes_needed(difference: float, deviation: float) -> int:
    """Return the number of votes that show a difference with a power of 80 % at a significance level of 5 %.

    n = ((z(1 - a/2) + z(1 - b)) s / d)^2: Brunnström and Barkowsky, "Statistical quality of experience analysis",
    Journal of Electronic Imaging 27(5), 2018; Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988.

    Args:
        difference: that is to be shown, in scale points, not 0.
        deviation: standard deviation of one vote.
    """
    quantiles = float(stats.norm.ppf(1 - SIGNIFICANCE / 2) + stats.norm.ppf(POWER))
    return max(2, math.ceil((quantiles * deviation / difference) ** 2))
