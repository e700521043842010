import numpy as np
import pytest

from acutance.model.scaling import enlarge
from tests.frames import lumas, soft


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_an_enlarged_picture_averages_back_to_the_small_one_in_its_place(factor: int) -> None:
    small = soft(next(lumas(64, 48, 1)))
    large = enlarge(small, 64 * factor, 48 * factor)
    assert large.dtype == np.uint8
    averaged = large.reshape(48, factor, 64, factor).mean(axis=(1, 3))
    difference = np.abs(averaged - small).mean()
    assert difference < 1.5
    assert difference < 0.5 * np.abs(averaged - np.roll(small, 1, axis=1)).mean()


@pytest.mark.parametrize("size", [(96, 72), (127, 95), (100, 48)])
def test_any_larger_size_can_be_asked_for(size: tuple[int, int]) -> None:
    width, height = size
    large = enlarge(soft(next(lumas(64, 48, 1))), width, height)
    assert large.shape == (height, width)


def test_a_flat_picture_stays_flat() -> None:
    assert set(enlarge(np.full((20, 30), 77, np.uint8), 75, 50).ravel()) == {77}
