"""Integrity: whether a result shows old content where what arrives shows other content."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from acutance.model.memory.call_memory import CallMemory
from acutance.training.data.planes import Luma, Planes, as_array
from acutance.training.degradation.degrade import Degradation, DegradedFrame
from acutance.training.degradation.drop import degrade_drop
from acutance.training.evaluation.memory.changes import ChangedThing

SETTINGS = tuple(
    f"{where}{codec}-{bits}"
    for where in ("", "shrunk2-")
    for codec in ("h264", "vp8")
    for bits in ("0.0125", "0.02", "0.05")
)
"""Degradations after the change."""
PLACE = 8
"""Side of a place in pixels: one block of a transform."""
_GOOD_BITS = 0.2
_BEFORE = 6
_EVALUATED = (1, 9)
"""Frames after the change that are evaluated: the second, when the plate is oldest, and the tenth."""
_NOISE = 1.0
"""Standard deviation of the camera's noise in grey levels: without it, a codec sends nothing of a still scene."""
_VISIBLE = 6.0
"""Root mean square difference of truth and plate in grey levels from which a place counts as changed."""
_SHOWN = 2.0
"""What arrives shows the change if it is this many times as near to the truth as to the plate."""

type Errors = NDArray[np.float64]
"""Root mean square differences of two frames by places, float `[ceil(H / 8), ceil(W / 8)]`."""


@dataclass(frozen=True)
class Integrity:
    """The result for one changed thing in one setting.

    Attributes:
        thing: What changed.
        setting: The degradation.
        places: Number of places at which what arrives shows the change.
        old: Number of these at which the result is nearer to the plate than to the truth.
        worst: Largest share of the way from truth to plate that the result goes at one of them: 1 is the plate.
    """

    thing: str
    setting: str
    places: int
    old: int
    worst: float


@dataclass(frozen=True)
class Prepared:
    """One changed thing in one setting, with everything but the result.

    Attributes:
        thing: What changed.
        setting: The degradation.
        plate: The last frame before the change, uint8 `[H, W]`.
        frames: The evaluated frames, each with its truth.
    """

    thing: str
    setting: str
    plate: Luma
    frames: tuple[tuple[DegradedFrame, Luma], ...]

    def measure(self, restore: Callable[[DegradedFrame], Luma]) -> Integrity:
        """Return the result; `restore` returns the luma that is shown for a frame."""
        places, old, worst = 0, 0, 0.0
        for frame, truth in self.frames:
            result, arrived, plate = restore(frame), frame.luma, self.plate
            shown = (_errors(truth, plate) > _VISIBLE) & (_errors(arrived, plate) > _SHOWN * _errors(arrived, truth))
            to_truth, to_plate = _errors(result, truth)[shown], _errors(result, plate)[shown]
            places += int(shown.sum())
            old += int((to_truth >= to_plate).sum())
            worst = max(worst, float((to_truth / (to_truth + to_plate)).max(initial=0.0)))
        return Integrity(self.thing, self.setting, places, old, worst)


def measure(
    things: Iterable[ChangedThing],
    settings: Iterable[str],
    restore: Callable[[DegradedFrame], Luma],
    *,
    aligned: bool,
) -> list[Integrity]:
    """Show each thing over a good connection, then change it while the connection becomes poor.

    Args:
        things: The scenes.
        settings: Degradations after the change.
        restore: Returns the result for a frame.
        aligned: Whether the plate is aligned by optical flow.

    Raises:
        DataError: A codec failed.
    """
    names = tuple(settings)
    return [prepare(thing, setting, aligned=aligned).measure(restore) for thing in things for setting in names]


def offered(frame: DegradedFrame) -> Luma:
    """Return what a student would show that copies the plate wherever it is offered: the worst of all students."""
    return frame.luma if frame.planes is None else frame.planes.plate


def prepare(thing: ChangedThing, setting: str, *, aligned: bool) -> Prepared:
    """Show a thing over a good connection, then change it while the connection becomes poor, see `measure`.

    Raises:
        DataError: A codec failed.
    """
    rng = np.random.default_rng(0)
    poor = Degradation.parse(setting)
    good = Degradation(codec=poor.codec, bits=_GOOD_BITS)
    before, after = (
        [_noisy(luma, rng) for _ in range(count)]
        for luma, count in ((thing.before, _BEFORE), (thing.after, _EVALUATED[-1] + 1))
    )
    frames = degrade_drop(before, after, good, poor, CallMemory(aligned=aligned), _EVALUATED)
    evaluated = tuple((frames[index], as_array(after[index].y)) for index in _EVALUATED)
    return Prepared(thing.name, setting, as_array(before[-1].y), evaluated)


def _errors(one: Luma, other: Luma) -> Errors:
    squared = (one.astype(np.float32) - other.astype(np.float32)) ** 2
    height, width = squared.shape
    padded = cv2.copyMakeBorder(squared, 0, -height % PLACE, 0, -width % PLACE, cv2.BORDER_REFLECT_101)
    size = padded.shape[1] // PLACE, padded.shape[0] // PLACE
    return np.sqrt(np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float64))


def _noisy(luma: Luma, rng: np.random.Generator) -> Planes:
    noise = rng.normal(0, _NOISE, luma.shape)
    y = (luma + noise).round().clip(0, 255).astype(np.uint8)
    grey = Image.new("L", (luma.shape[1] // 2, luma.shape[0] // 2), 128)
    return Planes(Image.fromarray(y), grey, grey)
