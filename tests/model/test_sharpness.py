import numpy as np
import pytest

from acutance.model.sharpness import detail_ratio
from tests.frames import lumas, soft


def test_a_soft_picture_is_distinguished_from_a_sharp_one_at_any_contrast() -> None:
    sharp = next(lumas(640, 360, 1))
    blurred = soft(sharp)
    assert detail_ratio(sharp) > 1.1 * detail_ratio(blurred)
    pale = (100 + sharp // 4).astype(np.uint8)
    assert detail_ratio(pale) == pytest.approx(detail_ratio(sharp), rel=0.1)
    assert detail_ratio(soft(sharp, 3)) < detail_ratio(blurred)


def test_noise_is_sharp_and_a_ramp_is_not() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    assert detail_ratio(noise) > 0.9
    assert 0 <= detail_ratio(np.tile(np.arange(0, 256, 2, np.uint8), (16, 1))) < 0.01


@pytest.mark.parametrize("shape", [(16, 16), (17, 31), (5, 4), (1, 5)])
def test_flat_and_tiny_pictures_have_none(shape: tuple[int, int]) -> None:
    assert detail_ratio(np.full(shape, 90, np.uint8)) == 0.0


@pytest.mark.parametrize("shape", [(16, 16), (131, 97), (360, 640), (1081, 1919)])
def test_the_blocks_of_rows_add_up_to_the_definition(shape: tuple[int, int]) -> None:
    luma = np.random.default_rng(1).integers(0, 2, shape, np.uint8) * 255
    rows = luma[::4].astype(np.int64)
    fine, coarse = (
        np.abs(rows[:, 2 - step : -2 - step] + np.roll(rows, -2 - step, 1)[:, :-4] - 2 * rows[:, 2:-2]).sum()
        for step in (1, 2)
    )
    assert detail_ratio(luma) == min(fine / coarse, 1.0)
