"""The quality gate: accepts sharp pictures and clips, reduces large soft ones, and refuses the others."""

from dataclasses import dataclass

from acutance.training.data.clips import LARGE, reduced
from acutance.training.data.planes import Planes
from acutance.training.prepare.measures import blockiness, finest_octave_share

REDUCTIONS = (1.5, 2.0, 3.0, 4.0)
"""Reductions of a large, soft picture; the first that makes it crisp is used."""
CLIP_REDUCTIONS = (1.5, 2.0)
"""Reductions of a clip of at least `LARGE` px: it was compressed before, so that it is not crisp without reduction."""


@dataclass(frozen=True)
class Gate:
    """Requirements on a picture.

    The defaults of the command are from 282 curated pictures of nature, text, people, animals and games. Sharpness
    (default 0.46) is 0.48 to 0.95 for these pictures, 0.37 to 0.78 after enlargement by 1.5, and 0.25 to 0.45 after
    enlargement by 2. Blockiness (default 0.5) is at most 0.38; saved as JPEG of quality 75 it is at most 0.39, of
    quality 40 more than 0.67 for 90 of 100, of quality 20 more than 0.58 for 98 of 100 (the others have hardly any
    detail).

    Attributes:
        smallest: Minimum of the shorter side in pixels.
        sharpness: Minimum of `acutance.training.prepare.measures.finest_octave_share`.
        blockiness: Maximum of `acutance.training.prepare.measures.blockiness`.
        jpeg_quality: Minimum quality of JPEG files, by their quantisation tables.
        reduced_least: Minimum of the shorter side in pixels of a picture that was reduced to be crisp.
    """

    smallest: int
    sharpness: float
    blockiness: float
    jpeg_quality: float
    reduced_least: int


@dataclass(frozen=True)
class Refusal:
    """The reason for not using a file: `kind` in one or two words for the summary, `reason` with the figures."""

    kind: str
    reason: str


def clip_reductions(size: tuple[int, int]) -> tuple[float, ...]:
    """The reductions to try for a clip of this size (width, height), the smallest reduction first."""
    return CLIP_REDUCTIONS if min(size) >= LARGE else (1.0,)


def decide(planes: Planes, quality: float | None, gate: Gate) -> float | Refusal:
    """Decide whether a picture is used.

    Args:
        planes: The picture at full size.
        quality: JPEG quality, 1 to 100; None for other formats.
        gate: The requirements.

    Returns:
        The reduction that makes it crisp, 1.0 for none; or the reason for not using it.
    """
    width, height = planes.size
    if min(planes.size) < gate.smallest:
        return Refusal("too small", f"is {width}x{height}, smaller than {gate.smallest} px")
    if quality is not None and quality < gate.jpeg_quality:
        return Refusal("compressed", f"is a JPEG of quality {quality:.0f}, less than {gate.jpeg_quality:g}")
    blocks = blockiness(planes.y)
    if blocks > gate.blockiness:
        return Refusal("compressed", f"shows the blocks of compression ({blocks:.2f}, more than {gate.blockiness:g})")
    crispness = finest_octave_share(planes.y)
    if crispness >= gate.sharpness:
        return 1.0
    for by in REDUCTIONS:
        if min(planes.size) / by < max(gate.reduced_least, gate.smallest):
            break
        if finest_octave_share(reduced(planes, by).y) >= gate.sharpness:
            return by
    return Refusal("soft", f"is soft (sharpness {crispness:.3f}, less than {gate.sharpness:g})")
