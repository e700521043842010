"""A small map of the places of a frame for which something sharper is remembered, for the peer's page."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np

from acutance.model.planes import Plane

_MOST = 80
"""Most cells of a row or column: a cell of a frame of 1280x720 is a block of 16x16 pixels. All cells take 800 bytes."""
_BLOCK = 16


@dataclass(frozen=True)
class RememberedMask:
    """A grid of cells that covers the whole frame.

    Attributes:
        columns: Number of columns, 0 if nothing is remembered.
        rows: Number of rows, 0 if nothing is remembered.
        cells: Row by row one bit for each cell, the most significant first: 1 if something is remembered for at least
            half of its pixels.
    """

    columns: int = 0
    rows: int = 0
    cells: bytes = b""

    @classmethod
    def of_fit(cls, fit: Plane) -> "RememberedMask":
        """Return the map of a frame.

        Args:
            fit: uint8 `[H, W]`: 0 where nothing is remembered, see `acutance.model.memory.plate_planes.PlatePlanes`.
        """
        height, width = fit.shape
        cell = max(_BLOCK, max(height, width) / _MOST)
        columns, rows = max(round(width / cell), 1), max(round(height / cell), 1)
        _, covered = cv2.threshold(fit, 0, 255, cv2.THRESH_BINARY)
        share = cv2.resize(covered, (columns, rows), interpolation=cv2.INTER_AREA)
        return cls(columns, rows, np.packbits(share >= 128).tobytes())

    def message(self) -> dict[str, str | int]:
        """Return the message of the data channel, see static/call/protocol.js."""
        cells = base64.b64encode(self.cells).decode()
        return {"type": "memory_mask", "columns": self.columns, "rows": self.rows, "cells": cells}
