"""How good a picture is, against the true one: PSNR and Wang's SSIM on BT.601 luma; and the unsharp mask."""

import math

import numpy as np
from numpy.typing import NDArray
from skimage.filters import gaussian
from skimage.metrics import structural_similarity

Luma = NDArray[np.uint8]
Plane = NDArray[np.uint8 | np.float32]
"""Luma in grey levels, rounded to 8 bits or not."""

SSIM_KIND = "Wang 2004: 11x11 Gaussian, sigma 1.5, K 0.01/0.03, L 255, population variance, valid region"
UNSHARP_KIND = "unsharp mask, amount 0.5, Gaussian sigma 1.0"
_SMALLEST = 11
"""The side of SSIM's window."""


def psnr(picture: Luma, truth: Luma, border: int = 0) -> float:
    """Peak signal-to-noise ratio in dB over `[H, W]` uint8, `border` px cut on every side; inf if equal.

    Raises:
        ValueError: The sizes differ or nothing is left inside the border.
    """
    a, b = _inside(picture, truth, border, 1)
    error = float(np.mean(np.square(a.astype(np.float64) - b.astype(np.float64))))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def ssim(picture: Luma, truth: Luma, border: int = 0) -> float:
    """Structural similarity over `[H, W]` uint8, `border` px cut on every side; 1 if equal.

    Raises:
        ValueError: The sizes differ or less than 11x11 px are left inside the border.
    """
    a, b = _inside(picture, truth, border, _SMALLEST)
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    return float(structural_similarity(a, b, **wang))


def to_8_bits(plane: NDArray[np.floating] | Plane) -> Luma:
    """A plane in grey levels, rounded to nearest (halves to even) and clipped to 0..255."""
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)


def unsharp(luma: Plane) -> Luma:
    """The textbook unsharp mask every table compares with: luma + 0.5 * (luma - Gaussian blur of sigma 1).

    Of four settings tried it is the best on pictures reduced by 1.5 and 2 (research notes, section 5).
    """
    x = luma.astype(np.float64)
    blurred: NDArray[np.float64] = gaussian(x, sigma=1.0, preserve_range=True)
    return to_8_bits(x + 0.5 * (x - blurred))


def _inside(picture: Luma, truth: Luma, border: int, smallest: int) -> tuple[Luma, Luma]:
    if picture.shape != truth.shape:
        raise ValueError(f"cannot compare pictures of {picture.shape} and {truth.shape}")
    height, width = truth.shape
    if min(height, width) - 2 * border < smallest:
        raise ValueError(f"{width}x{height} px are too few to compare with a border of {border}")
    window = (slice(border, height - border), slice(border, width - border))
    return picture[window], truth[window]
