"""The BD-rate of two rate-quality curves, by the package `bjontegaard`."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LEAST_RATES = 5
LEAST_OVERLAP = 0.75
_LEAST_STEP = 1.01
BD_RATE_KIND = (
    f"BD-rate (Bjontegaard, VCEG-M33) by the package bjontegaard: mean difference of the logarithm of the bit rate at "
    f"equal quality, over the range of quality that both curves have, interpolated by PCHIP; only for curves of at "
    f"least {LEAST_RATES} bit rates 1 % apart, rising with each of them, that share at least {LEAST_OVERLAP:.0%} of it"
)


@dataclass(frozen=True)
class Point:
    """One bit rate: what was sent, in kbit/s, and the quality that it gives."""

    kbps: float
    quality: float


@dataclass(frozen=True)
class BdRate:
    """The result for two curves.

    Attributes:
        percent: Difference in bit rate at equal quality, in percent of the anchor's; negative if the test needs less.
            None if it is not defined.
        reason: Why it is not defined; empty if it is.
    """

    percent: float | None
    reason: str = ""


def bd_rate(anchor: Sequence[Point], test: Sequence[Point], least_rates: int = LEAST_RATES) -> BdRate:
    """Compare two curves.

    PCHIP (Fritsch and Carlson 1980) rather than Akima: between two measured points it never leaves their range, so a
    curve that rises from point to point can be inverted even where it is nearly flat (JOD and VMAF near their ends).
    It is also the interpolation of the common test conditions of JCT-VC and JVET, with published reference values.

    Bit rates that differ by less than 1 % are one point, of which the lowest is kept: libvpx at its largest quantiser
    sends the same bits, or nearly so, for every lower setting.

    Args:
        anchor: Points of what arrived.
        test: Points of what came back. The order of the points does not matter.
        least_rates: Number of points that each curve needs.
    """
    import bjontegaard

    curves = [_distinct(points) for points in (anchor, test)]
    for name, points in zip(("anchor", "test"), curves, strict=True):
        if len(points) < least_rates:
            return BdRate(None, f"{len(points)} different bit rates, of {least_rates}")
        for before, after in pairwise(points):
            if after.quality <= before.quality:
                return BdRate(None, f"{name} does not rise from {before.kbps:.0f} to {after.kbps:.0f} kbit/s")
    shared = _overlap(*curves)
    if shared < LEAST_OVERLAP:
        return BdRate(None, f"curves share {max(shared, 0):.0%} of their range")
    columns = [[getattr(point, name) for point in points] for points in curves for name in ("kbps", "quality")]
    with warnings.catch_warnings():
        # The package warns below an overlap of 75 %, which was refused above.
        warnings.simplefilter("error")
        found = bjontegaard.bd_rate(*columns, method="pchip", require_matching_points=False, min_overlap=LEAST_OVERLAP)
    return BdRate(float(found))


def _distinct(points: Sequence[Point]) -> list[Point]:
    """The points in the order of their bit rates, without those that are hardly above the one before."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda point: point.kbps):
        if not kept or point.kbps >= _LEAST_STEP * kept[-1].kbps:
            kept.append(point)
    return kept


def _overlap(one: Sequence[Point], other: Sequence[Point]) -> float:
    """The shared part of the two ranges of quality, as a share of both together; negative if they are apart."""
    shared = min(one[-1].quality, other[-1].quality) - max(one[0].quality, other[0].quality)
    return shared / (max(one[-1].quality, other[-1].quality) - min(one[0].quality, other[0].quality))
