import base64

import numpy as np
import pytest

from acutance.server.video.remembered_mask import RememberedMask


def bits(mask: RememberedMask) -> np.ndarray:
    flat = np.unpackbits(np.frombuffer(mask.cells, np.uint8))[: mask.columns * mask.rows]
    return flat.reshape(mask.rows, mask.columns)


def test_a_cell_is_set_where_at_least_half_of_its_pixels_are_remembered() -> None:
    fit = np.zeros((64, 96), np.uint8)
    fit[16:32, 32:48] = 7
    fit[48:64, 0:4] = 255
    mask = RememberedMask.of_fit(fit)
    assert (mask.columns, mask.rows) == (6, 4)
    assert list(zip(*np.nonzero(bits(mask)), strict=True)) == [(1, 2)]


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (1920, 1080), (4096, 2304), (4096, 16), (17, 33)])
def test_the_message_is_small_at_every_size(size: tuple[int, int]) -> None:
    mask = RememberedMask.of_fit(np.full(size[::-1], 255, np.uint8))
    assert 1 <= mask.columns <= 80
    assert 1 <= mask.rows <= 80
    assert bits(mask).all()
    message = mask.message()
    assert base64.b64decode(str(message["cells"])) == mask.cells
    assert len(str(message)) < 1200


def test_nothing_remembered_is_an_empty_grid() -> None:
    assert RememberedMask().message() == {"type": "memory_mask", "columns": 0, "rows": 0, "cells": ""}
