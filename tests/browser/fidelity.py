"""Fidelity of frames of the numbered video to the photograph that they were made from."""

import numpy as np
from PIL import Image, ImageFilter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tests.browser.moving_video import pristine
from tests.browser.numbered_video import number_in

_INNER = np.s_[8:-40, 8:-8]
"""Without the bar code's rows and the border."""

_UNSHARP_PERCENT = (15, 25, 40, 60)
"""Strengths of an unsharp mask of radius 2; above 40 % the PSNR of this frame decreases."""


def gain_db(original: np.ndarray, enhanced: np.ndarray) -> float:
    """Return the gain in PSNR of luma of the enhanced frame over the original, against the photograph, in dB.

    Args:
        original: uint8 [H, W, 3 or 4] of the numbered video, as it was sent.
        enhanced: of the same size, the same frame.
    """
    return psnr_db(enhanced) - psnr_db(original)


def unsharp_gain_db(original: np.ndarray) -> float:
    """Return the gain in dB of the best unsharp mask on this frame, which a student must exceed."""
    frame = Image.fromarray(np.ascontiguousarray(original[..., :3]))
    masks = [ImageFilter.UnsharpMask(radius=2, percent=percent, threshold=0) for percent in _UNSHARP_PERCENT]
    truth = _truth(original)
    return max(_psnr_db(np.asarray(frame.filter(mask)), truth) for mask in masks) - _psnr_db(original, truth)


def psnr_db(frame: np.ndarray) -> float:
    """Return the PSNR of its luma against the photograph."""
    return _psnr_db(frame, _truth(frame))


def ssim(frame: np.ndarray) -> float:
    """Return the SSIM of its luma against the photograph (Wang et al., 2004)."""
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    return float(structural_similarity(_luma(frame), _luma(_truth(frame)), **wang))


def _psnr_db(frame: np.ndarray, truth: np.ndarray) -> float:
    return float(peak_signal_noise_ratio(_luma(truth), _luma(frame), data_range=255))


def _truth(frame: np.ndarray) -> np.ndarray:
    number = number_in(frame)
    assert number is not None, "a frame of the numbered video"
    return np.asarray(pristine(number))


def _luma(frame: np.ndarray) -> np.ndarray:
    """Return the BT.601 luma of the compared area, as float [H, W]."""
    luma: np.ndarray = (frame[..., :3].astype(float) @ np.array([0.299, 0.587, 0.114]))[_INNER]
    return luma
