import math

import numpy as np
import pytest

from acutance.training.data.planes import as_array, to_planes
from acutance.training.evaluation.methods.unsharp import unsharp
from acutance.training.metrics.psnr_ssim import psnr, ssim
from tests.training.conftest import draw


def wang_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """SSIM as in Wang et al. 2004, computed window by window."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    scores = []
    for i in range(x.shape[0] - 10):
        for j in range(x.shape[1] - 10):
            a, b = (p[i : i + 11, j : j + 11].astype(float) for p in (x, y))
            ma, mb = (window * a).sum(), (window * b).sum()
            va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
            cov = (window * (a - ma) * (b - mb)).sum()
            scores.append((2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2)))
    return float(np.mean(scores))


@pytest.fixture(scope="module")
def luma() -> np.ndarray:
    return as_array(to_planes(np.asarray(draw(4, (60, 44)))).y)


def test_ssim_is_wang_s(luma: np.ndarray) -> None:
    noisy = np.clip(luma + np.random.default_rng(0).normal(0, 12, luma.shape), 0, 255).astype(np.uint8)
    assert ssim(noisy, luma) == pytest.approx(wang_ssim(noisy, luma), abs=1e-6)
    assert ssim(noisy, luma, border=3) == pytest.approx(wang_ssim(noisy[3:-3, 3:-3], luma[3:-3, 3:-3]), abs=1e-6)


def test_an_equal_picture_is_perfect(luma: np.ndarray) -> None:
    assert psnr(luma, luma) == math.inf
    assert ssim(luma, luma) == 1


def test_psnr_by_hand() -> None:
    black, grey = np.zeros((20, 20), np.uint8), np.full((20, 20), 2, np.uint8)
    assert psnr(grey, black) == pytest.approx(20 * math.log10(255 / 2))
    grey[0], grey[:, -1] = 200, 200
    assert psnr(grey, black, border=1) == pytest.approx(20 * math.log10(255 / 2))


def test_planes_that_cannot_be_compared_are_refused(luma: np.ndarray) -> None:
    with pytest.raises(ValueError, match="cannot compare"):
        psnr(luma, luma[:-1])
    with pytest.raises(ValueError, match="too few"):
        ssim(luma[:12, :12], luma[:12, :12], border=1)


def test_the_unsharp_mask_keeps_flats_and_overshoots_edges() -> None:
    step = np.full((20, 20), 80, np.uint8)
    step[:, 10:] = 160
    sharpened = unsharp(step)
    assert (sharpened[:, :4] == 80).all()
    assert sharpened[5, 9] < 80
    assert sharpened[5, 10] > 160
