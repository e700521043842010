"""Short clips with several layers: a part of one picture moves in front of another one, filmed by a hand that shakes.

A pan over one picture uncovers nothing, and all of it moves alike. In a call, a person moves in front of a room: the
codec predicts what was hidden before from nothing, and repeats what is hidden now.

The last frame has the pixels of both pictures themselves, without resampling, except at the edge of the shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from acutance.training.data.motion import Motion, boxes, sampled
from acutance.training.data.planes import Planes

_SHAKE = (0.3, 1.5)
"""Smallest and largest deviation of a shaking hand in pixels, drawn log-uniformly."""
_SHAKE_PERIODS = (5.0, 30.0)
"""Shortest and longest period of its swings in frames, a sixth of a second to a second: physiological tremor is faster,
but optics and electronics of cameras damp it."""
_SWINGS = 2
"""Number of swings in each direction that are added up."""
_WIDTH = (0.25, 0.6)
"""Width of a shape as a share of that of the frame: a person nearby, or farther away."""
_EDGE = 0.7
"""Standard deviation of the edge of a shape in pixels, as sharp as a lens draws it."""


@dataclass(frozen=True)
class Shake:
    """Displacements of the camera in pixels to the right and down: one for each frame, the last one zero."""

    offsets: tuple[tuple[float, float], ...]

    @classmethod
    def draw(cls, rng: np.random.Generator, frames: int) -> "Shake":
        """Draw the displacements of `frames` frames."""
        deviation = float(np.exp(rng.uniform(*np.log(_SHAKE))))
        amplitudes = rng.uniform(0, deviation, (2, _SWINGS))
        periods, phases = rng.uniform(*_SHAKE_PERIODS, (2, _SWINGS)), rng.uniform(0, 2 * np.pi, (2, _SWINGS))
        times = np.arange(frames)[:, None, None] - (frames - 1)
        swings = (amplitudes * (np.sin(2 * np.pi * times / periods + phases) - np.sin(phases))).sum(axis=2)
        return cls(tuple((float(right), float(down)) for right, down in swings))


def make_layered_clip(
    layers: tuple[Planes, Planes],
    corners: tuple[tuple[int, int], tuple[int, int]],
    motions: tuple[Motion, Motion],
    size: tuple[int, int],
    frames: int,
    rng: np.random.Generator,
) -> list[Planes]:
    """Move a part of one picture in front of another.

    Args:
        layers: The picture behind and the picture in front, with chroma of the same ratio to luma.
        corners: Left and top of the last frame in each of them.
        motions: Motion per frame of each of them.
        size: Width and height of a frame in pixels, even.
        frames: Length of the clip in frames, at least 1.
        rng: Draws the shape and the shaking of the hand.

    Raises:
        DataError: A last frame exceeds its picture.
    """
    shape = _shape(layers[1].size, corners[1], size, rng)
    shake = Shake.draw(rng, frames)
    behind, before = (
        boxes(planes.size, size, corner, motion, frames, shake.offsets)
        for planes, corner, motion in zip(layers, corners, motions, strict=True)
    )
    back, front = sampled(layers[0], size, behind), sampled(layers[1], size, before)
    covers = sampled(Planes(shape, shape, shape), size, before)
    return [_composed(*one) for one in zip(front, back, (cover.y for cover in covers), strict=True)]


def _shape(
    picture: tuple[int, int], corner: tuple[int, int], size: tuple[int, int], rng: np.random.Generator
) -> Image.Image:
    """Draw head and shoulders, or another rounded shape, at a place of the frame at `corner`: 255 inside."""
    width, height = size
    wide = float(rng.uniform(*_WIDTH)) * width
    tall = wide * float(rng.uniform(0.8, 2.0))
    middle, top = corner[0] + float(rng.uniform(0.2, 0.8)) * width, corner[1] + float(rng.uniform(0.0, 0.6)) * height
    shape = Image.new("L", picture, 0)
    pen = ImageDraw.Draw(shape)
    head = float(rng.uniform(0.3, 1.0)) * wide
    pen.ellipse((middle - head / 2, top, middle + head / 2, top + 1.3 * head), fill=255)
    pen.ellipse((middle - wide / 2, top + head, middle + wide / 2, top + head + tall), fill=255)
    return shape.filter(ImageFilter.GaussianBlur(_EDGE))


def _composed(front: Planes, back: Planes, cover: Image.Image) -> Planes:
    planes: list[Image.Image] = []
    pairs: Sequence[tuple[Image.Image, Image.Image]] = ((front.y, back.y), (front.cb, back.cb), (front.cr, back.cr))
    for before, behind in pairs:
        mask = cover if before.size == cover.size else cover.resize(before.size, Image.Resampling.BOX)
        planes.append(Image.composite(before, behind, mask))
    return Planes(*planes)
