"""Edge metrics of a picture against the truth: gradient magnitude, and halos beside edges."""

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter
from skimage.filters import sobel

from acutance.training.data.planes import Luma

_HALO_WINDOW = 7
_HALO_EDGE = 40
GRADIENT_KIND = "gradient is the mean Sobel gradient magnitude (Tenengrad, Krotkov 1988) over that of the truth"
HALO_KIND = (
    f"halo is the overshoot in grey levels beyond the range of the truth within {_HALO_WINDOW}x{_HALO_WINDOW} px, mean "
    f"over pixels where that range is at least {_HALO_EDGE}"
)


def gradient_ratio(picture: Luma, truth: Luma, border: int = 0) -> float:
    """Mean gradient magnitude of a picture, uint8 `[H, W]`, over that of the truth: 1 is as sharp, 0 is flat.

    Tenengrad, the focus measure of Tenenbaum 1970 and Krotkov 1988, with the magnitude instead of its square, so that
    noise at edges has less weight. With a flat truth the ratio is 1.
    """
    inside = _inside(truth, border)
    ours, wanted = (float(np.mean(sobel(plane.astype(np.float64))[inside])) for plane in (picture, truth))
    return ours / wanted if wanted > 0 else 1.0


def halo(picture: Luma, truth: Luma, border: int = 0) -> float:
    """Grey levels by which a picture, uint8 `[H, W]`, overshoots beside the edges of the truth; 0 without edges."""
    high = maximum_filter(truth, _HALO_WINDOW).astype(np.int16)
    low = minimum_filter(truth, _HALO_WINDOW).astype(np.int16)
    inside = _inside(truth, border)
    edges = (high - low >= _HALO_EDGE)[inside]
    levels = picture.astype(np.int16)
    beyond = np.maximum(np.maximum(levels - high, low - levels), 0)[inside]
    return float(beyond[edges].mean()) if edges.any() else 0.0


def _inside(plane: Luma, border: int) -> tuple[slice, slice]:
    height, width = plane.shape
    return slice(border, height - border), slice(border, width - border)
