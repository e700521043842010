"""Contact sheets: thumbnails of all pictures and clips of a category."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from acutance.training.data.dataset import Item, TrainingSet
from acutance.training.data.planes import Planes

_THUMB = (176, 132)
_LINE = 15
_COLUMNS = 8
_ROWS = 24
"""Maximum number of rows of a sheet; a larger category has several sheets."""

# BT.601 limited range back to full-range R'G'B' (ITU-R BT.601-7, section 2.5).
_YCBCR_TO_RGB = np.array([[1.164, 0.0, 1.596], [1.164, -0.392, -0.813], [1.164, 2.017, 0.0]], dtype=np.float32)
_OFFSET = np.array([16, 128, 128], dtype=np.float32)


def write_sheets(source: TrainingSet, folder: Path) -> list[Path]:
    """Write one or more sheets for every category into a folder; validation items have an orange border.

    Returns:
        The files, sorted by category.
    """
    folder.mkdir(parents=True, exist_ok=True)
    categories: dict[str, list[Item]] = {}
    for item in source.items:
        categories.setdefault(item.category, []).append(item)
    written = []
    for category, items in sorted(categories.items()):
        for page, first in enumerate(range(0, len(items), _COLUMNS * _ROWS)):
            path = folder / (f"{category}.jpg" if not page else f"{category}-{page + 1}.jpg")
            _sheet(source, items[first : first + _COLUMNS * _ROWS]).save(path, quality=88)
            written.append(path)
    for stale in set(folder.glob("*.jpg")) - set(written):
        stale.unlink()
    return written


def _sheet(source: TrainingSet, items: Sequence[Item]) -> Image.Image:
    width, height = _THUMB[0] + 8, _THUMB[1] + _LINE + 8
    rows = -(-len(items) // _COLUMNS)
    sheet = Image.new("RGB", (min(len(items), _COLUMNS) * width, rows * height), (24, 24, 24))
    pen = ImageDraw.Draw(sheet)
    for index, item in enumerate(items):
        left, top = index % _COLUMNS * width + 4, index // _COLUMNS * height + 4
        thumb = _thumb(source.planes(item))
        x, y = left + (_THUMB[0] - thumb.width) // 2, top + (_THUMB[1] - thumb.height) // 2
        sheet.paste(thumb, (x, y))
        if item.split == "val":
            pen.rectangle((x - 1, y - 1, x + thumb.width, y + thumb.height), outline=(255, 190, 60), width=2)
        words = item.name.rpartition("/")[2] + (f" ({item.note})" if item.note else "")
        pen.text((left, top + _THUMB[1] + 2), _fitting(pen, words), fill=(220, 220, 220))
    return sheet


def _fitting(pen: ImageDraw.ImageDraw, words: str) -> str:
    while pen.textlength(words) > _THUMB[0]:
        # Names differ at their ends, so the beginning is cut.
        words = "…" + words.lstrip("…")[1:]
    return words


def _thumb(planes: Planes) -> Image.Image:
    scale = min(_THUMB[0] / planes.size[0], _THUMB[1] / planes.size[1], 1.0)
    size = (max(round(planes.size[0] * scale), 1), max(round(planes.size[1] * scale), 1))
    parts = [np.asarray(plane.resize(size, Image.Resampling.BICUBIC)) for plane in (planes.y, planes.cb, planes.cr)]
    ycc: NDArray[np.float32] = np.stack(parts, axis=-1).astype(np.float32) - _OFFSET
    return Image.fromarray(np.clip(np.rint(ycc @ _YCBCR_TO_RGB.T), 0, 255).astype(np.uint8))
