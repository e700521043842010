"""Short clips made from a picture by panning and zooming, so that a codec has motion to predict.

The last frame of a clip has the pixels of the picture itself, without resampling. Pairs are made from this frame, so
that their truth is as crisp as the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes

type Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, in (fractional) pixels of luma."""

MARGIN = 24
"""Pixels around a frame that a motion may uncover: 7 frames of up to 3 px, and the zoom."""
STILL = 0.3
"""Share of clips without motion, like a person in front of a wall, or a screen."""
MAX_PAN = 3.0
MAX_ZOOM = 0.005


@dataclass(frozen=True)
class Motion:
    """Motion per frame: pixels to the right, pixels down, and the zoom-out factor minus 1."""

    dx: float
    dy: float
    zoom: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Motion":
        """Draw a motion: none, a pan by whole pixels, or a pan by fractions with a little zoom."""
        kind = rng.random()
        if kind < STILL:
            return cls(0.0, 0.0, 0.0)
        dx, dy = rng.uniform(-MAX_PAN, MAX_PAN, 2)
        # Pans by whole pixels keep every frame crisp; fractions blur the frames before the last.
        if kind < STILL + (1 - STILL) / 2:
            return cls(float(np.rint(dx)), float(np.rint(dy)), 0.0)
        return cls(float(dx), float(dy), float(rng.uniform(-MAX_ZOOM, MAX_ZOOM)))


def frame_size(picture: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """The largest even frame size up to `wanted` (width, height) that leaves `MARGIN` in the picture."""
    width, height = (min(want, have - 2 * MARGIN) // 2 * 2 for have, want in zip(picture, wanted, strict=True))
    return width, height


def make_clip(
    planes: Planes, size: tuple[int, int], corner: tuple[int, int], motion: Motion, frames: int
) -> list[Planes]:
    """Move over a picture and end exactly on the rectangle of `size` at `corner`.

    Args:
        planes: The picture.
        size: Width and height of a frame in pixels, even.
        corner: Left and top of the last frame in the picture.
        motion: Motion per frame.
        frames: Length of the clip in frames, at least 1.

    Raises:
        DataError: The last frame exceeds the picture.
    """
    return sampled(planes, size, boxes(planes.size, size, corner, motion, frames))


def boxes(
    picture: tuple[int, int],
    size: tuple[int, int],
    corner: tuple[int, int],
    motion: Motion,
    frames: int,
    shake: Sequence[tuple[float, float]] = (),
) -> list[Box]:
    """Return the part of a picture that each frame of a clip shows.

    Args:
        picture: Width and height of the picture.
        size: Those of a frame, even.
        corner: Left and top of the last frame.
        motion: Motion per frame.
        frames: Length of the clip in frames, at least 1.
        shake: Further displacement of each frame in pixels to the right and down, of the last one zero; none if empty.

    Raises:
        DataError: The last frame exceeds the picture.
    """
    (width, height), (left, top) = size, corner
    if left < 0 or top < 0 or left + width > picture[0] or top + height > picture[1]:
        raise DataError(f"a frame of {width}x{height} at {left},{top} exceeds the picture of {picture[0]}x{picture[1]}")
    offsets = shake or [(0.0, 0.0)] * frames
    return [_box(picture, size, corner, motion, frames - 1 - index, offset) for index, offset in enumerate(offsets)]


def sampled(planes: Planes, size: tuple[int, int], parts: Sequence[Box]) -> list[Planes]:
    """Return parts of a picture as frames of one size; a part of that size at whole pixels is not resampled."""
    share = planes.size[0] // planes.cb.size[0]
    clip = []
    for x0, y0, x1, y1 in parts:
        whole = x0 % share == 0 and y0 % share == 0 and (x1 - x0, y1 - y0) == size
        clip.append(planes.crop(int(x0), int(y0), *size) if whole else planes.resize(size, (x0, y0, x1, y1)))
    return clip


def middle_clip(planes: Planes, wanted: tuple[int, int], frames: int, seed: int) -> list[Planes]:
    """A clip to evaluate a picture with a codec: its middle, at most `wanted` (width, height), with seeded motion."""
    size = frame_size(planes.size, wanted)
    corner = ((planes.size[0] - size[0]) // 2, (planes.size[1] - size[1]) // 2)
    return make_clip(planes, size, corner, Motion.draw(np.random.default_rng([seed, 0])), frames)


def _box(
    picture: tuple[int, int],
    size: tuple[int, int],
    corner: tuple[int, int],
    motion: Motion,
    back: int,
    offset: tuple[float, float],
) -> Box:
    """The rectangle seen `back` frames before the last, kept inside the picture."""
    scale = (1 + motion.zoom) ** back
    spans = []
    for have, want, start, move, more in zip(picture, size, corner, (motion.dx, motion.dy), offset, strict=True):
        extent = min(want * scale, float(have))
        begin = start + (want - extent) / 2 - move * back + more
        begin = min(max(begin, 0.0), have - extent)
        spans.append((begin, begin + extent))
    (x0, x1), (y0, y1) = spans
    return x0, y0, x1, y1
