"""PSNR and SSIM (Wang et al. 2004) of BT.601 luma."""

import math

import numpy as np
from skimage.metrics import structural_similarity

from acutance.training.data.planes import Luma

SSIM_KIND = "Wang 2004: 11x11 Gaussian, sigma 1.5, K 0.01/0.03, L 255, population variance, valid region"
HIGHEST_PSNR = 99.0
"""PSNR in dB that counts for an exact picture; one pixel off by one grey level in 640x360 is 101.75 dB."""
_SMALLEST = 11
"""Side of the window of SSIM in pixels."""


def psnr(picture: Luma, truth: Luma, border: int = 0) -> float:
    """Peak signal-to-noise ratio in dB over `[H, W]` uint8, `border` px cut on every side; inf if equal.

    Raises:
        ValueError: The sizes differ or nothing is left inside the border.
    """
    a, b = _inside(picture, truth, border, 1)
    error = float(np.mean(np.square(a.astype(np.float64) - b.astype(np.float64))))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def finite_psnr(picture: Luma, truth: Luma, border: int = 0) -> float:
    """PSNR as in `psnr`, limited to 99 dB, so that means with exact pictures are finite.

    Raises:
        ValueError: As in `psnr`.
    """
    return min(psnr(picture, truth, border), HIGHEST_PSNR)


def ssim(picture: Luma, truth: Luma, border: int = 0) -> float:
    """Structural similarity over `[H, W]` uint8, `border` px cut on every side; 1 if equal.

    Raises:
        ValueError: The sizes differ or less than 11x11 px are left inside the border.
    """
    a, b = _inside(picture, truth, border, _SMALLEST)
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    return float(structural_similarity(a, b, **wang))


def _inside(picture: Luma, truth: Luma, border: int, smallest: int) -> tuple[Luma, Luma]:
    if picture.shape != truth.shape:
        raise ValueError(f"cannot compare pictures of {picture.shape} and {truth.shape}")
    height, width = truth.shape
    if min(height, width) - 2 * border < smallest:
        raise ValueError(f"{width}x{height} px are too few to compare with a border of {border}")
    window = (slice(border, height - border), slice(border, width - border))
    return picture[window], truth[window]
