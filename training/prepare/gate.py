"""Which pictures and clips are good enough to learn from, and what is made of those that nearly are."""

from dataclasses import dataclass

from acutance.training.data.planes import Planes
from acutance.training.prepare.measures import blockiness, sharpness

REDUCTIONS = (1.5, 2.0, 3.0, 4.0)
"""By what a large, soft picture is reduced: the first that makes it crisp."""


@dataclass(frozen=True)
class Gate:
    """What a picture must have.

    The command's defaults were set on 282 curated pictures of nature, text, people, animals and games. Sharpness
    0.46: theirs is 0.48 to 0.95; enlarged by 2 it is 0.25 to 0.45, enlarged by 1.5 0.37 to 0.78. Blockiness 0.5:
    theirs is 0.38 at most; saved as JPEG of quality 20 it is more than 0.58 for 98 of 100 (the others have hardly any
    detail), of 40 more than 0.67 for 90 of 100, of 75 0.39 at most.

    Attributes:
        smallest: Pixels of the shorter side.
        sharpness: See `prepare_measures.sharpness`.
        blockiness: See `prepare_measures.blockiness`.
        jpeg_quality: Of JPEG files, by their quantisation tables.
        reduced_least: Pixels of the shorter side that a picture keeps when it is reduced to be crisp.
    """

    smallest: int
    sharpness: float
    blockiness: float
    jpeg_quality: float
    reduced_least: int


@dataclass(frozen=True)
class Refusal:
    """Why a file is not in the set: in one or two words for the summary, and with its figures."""

    kind: str
    reason: str


def judge(planes: Planes, quality: float | None, gate: Gate) -> float | Refusal:
    """Decide on a picture.

    Args:
        planes: Of full size.
        quality: The JPEG file's quality; none for other formats.
        gate: What it must have.

    Returns:
        By how much it has to be reduced, 1.0 for not at all; or why it is not used.
    """
    width, height = planes.size
    if min(planes.size) < gate.smallest:
        return Refusal("too small", f"is {width}x{height}, smaller than {gate.smallest} px")
    if quality is not None and quality < gate.jpeg_quality:
        return Refusal("compressed", f"is a JPEG of quality {quality:.0f}, less than {gate.jpeg_quality:g}")
    blocks = blockiness(planes.y)
    if blocks > gate.blockiness:
        return Refusal("compressed", f"shows the blocks of compression ({blocks:.2f}, more than {gate.blockiness:g})")
    crisp = sharpness(planes.y)
    if crisp >= gate.sharpness:
        return 1.0
    for by in REDUCTIONS:
        if min(planes.size) / by < max(gate.reduced_least, gate.smallest):
            break
        if sharpness(reduced(planes, by).y) >= gate.sharpness:
            return by
    return Refusal("soft", f"is soft (sharpness {crisp:.3f}, less than {gate.sharpness:g})")


def reduced(planes: Planes, by: float) -> Planes:
    """A picture reduced, even in size."""
    if by == 1.0:
        return planes
    width, height = (int(side / by) // 2 * 2 for side in planes.size)
    return planes.resize((width, height))
