import numpy as np
import pytest

from server import barcode


@pytest.mark.parametrize("number", [0, 1, 1799, 0b1010101010101010, 65_535])
def test_a_number_survives_noise_and_contrast_loss(number: int) -> None:
    luma = np.full((64, 320), 90, np.uint8)
    barcode.stamp(luma, number)
    noise = np.random.default_rng(number).normal(0, 25, luma.shape)
    worn = np.clip(luma * 0.7 + 30 + noise, 0, 255).astype(np.uint8)
    assert barcode.read(worn) == number


def test_a_picture_without_one_is_not_read() -> None:
    assert barcode.read(np.full((64, 320), 16, np.uint8)) is None
