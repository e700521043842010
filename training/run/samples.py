"""Sample crops of a run: the output of the network for a few fixed frames, beside input, teacher and truth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from torch import nn

from acutance.training.data.planes import Luma
from acutance.training.run.validation import Validation, sharpened
from acutance.training.validation.frames import ValidationFrame

_SIDE, _ROWS, _GAP = 160, 6, 4
"""Side of a crop in pixels, number of frames, and gap between crops in pixels."""


class Samples:
    """Writes images with a row for each frame and the columns input, output, teacher (if there is one) and truth.

    Args:
        validation: Source of the frames: one for each of up to six degradations, each of another picture.
        teacher: A network with an output to show beside that of the student.
    """

    def __init__(self, validation: Validation, teacher: nn.Module | None = None) -> None:
        names = list(validation.stretches)
        rows = min(_ROWS, len(names))
        picked = [names[index * len(names) // rows] for index in range(rows)]
        self._frames: list[ValidationFrame] = [
            validation.stretches[name][index % len(validation.stretches[name])].frames[-1]
            for index, name in enumerate(picked)
        ]
        self._teacher = [sharpened(teacher, frame.degraded) for frame in self._frames] if teacher else None

    def write(self, network: nn.Module, path: Path) -> None:
        """Write the crops of a network in evaluation mode as a PNG file."""
        rows = []
        for index, frame in enumerate(self._frames):
            columns = [frame.degraded.luma, sharpened(network, frame.degraded)]
            columns += [self._teacher[index]] if self._teacher else []
            rows.append([_middle(column) for column in (*columns, frame.truth)])
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(_contact_sheet(rows)).save(path)


def _middle(luma: Luma) -> Luma:
    height, width = (min(_SIDE, side) for side in luma.shape)
    top, left = (luma.shape[0] - height) // 2, (luma.shape[1] - width) // 2
    return luma[top : top + height, left : left + width]


def _contact_sheet(
    rows: Sequence[Sequence[Luma]],
) -> Luma:
    cell = _SIDE + _GAP
    sheet = np.full((cell * len(rows) - _GAP, cell * len(rows[0]) - _GAP), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, crop in enumerate(row):
            sheet[y * cell : y * cell + crop.shape[0], x * cell : x * cell + crop.shape[1]] = crop
    return sheet
