import numpy as np
import pytest
from PIL import Image

from acutance.server.bench import barcode


@pytest.mark.parametrize("number", [0, 1, 1799, 0b1010101010101010, 65_535])
def test_a_number_survives_noise_and_contrast_loss(number: int) -> None:
    luma = np.full((64, 320), 90, np.uint8)
    barcode.stamp(luma, number)
    noise = np.random.default_rng(number).normal(0, 25, luma.shape)
    worn = np.clip(luma * 0.7 + 30 + noise, 0, 255).astype(np.uint8)
    assert barcode.read(worn) == number


@pytest.mark.parametrize("scale", [1.0, 0.75, 0.5, 1 / 3])
def test_a_large_bar_code_is_read_in_a_reduced_frame(scale: float) -> None:
    luma = np.full((128, 1152), 90, np.uint8)
    barcode.stamp(luma, 40_503, block=64)
    reduced = np.asarray(Image.fromarray(luma).resize((round(1152 * scale), round(128 * scale))))
    assert barcode.read(reduced, 64 * scale) == 40_503
    assert barcode.read(reduced, 16) is None


def test_a_frame_too_small_for_a_bar_code_is_not_read() -> None:
    assert barcode.read(np.full((64, 280), 90, np.uint8)) is None
    assert barcode.read(np.full((8, 320), 90, np.uint8)) is None


def test_a_frame_without_a_bar_code_is_not_read() -> None:
    assert barcode.read(np.full((64, 320), 16, np.uint8)) is None
