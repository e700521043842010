"""Metrics by libraries that may be missing: MS-SSIM, LPIPS and VMAF. torch is imported on first use."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma
from acutance.training.metrics import libvmaf

if TYPE_CHECKING:
    from torch import Tensor


_MS_SSIM_SMALLEST = 176
"""Minimum side in pixels: after four halvings, the 11 px window of SSIM must fit."""
_ALEXNET = "alexnet-owt-7be5be79.pth"
"""The file of AlexNet in the cache of torchvision. It is used if it exists, and never downloaded."""


def ms_ssim(picture: Luma, truth: Luma, border: int = 0) -> float:
    """Multi-scale SSIM of `[H, W]` uint8, `border` px cut on every side; 1 if equal.

    Raises:
        DataError: The picture is too small for five scales.
    """
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

    ours, wanted = _cut(picture, border), _cut(truth, border)
    if min(wanted.shape) < _MS_SSIM_SMALLEST:
        height, width = wanted.shape
        raise DataError(f"ms-ssim needs pictures of at least {_MS_SSIM_SMALLEST} px a side, not {width}x{height}")
    a, b = _tensor(ours), _tensor(wanted)
    return float(multiscale_structural_similarity_index_measure(a, b, data_range=255.0, sigma=1.5, kernel_size=11))


def lpips(picture: Luma, truth: Luma, border: int = 0) -> float:
    """LPIPS distance (AlexNet) of `[H, W]` uint8 as grey pictures, `border` px cut on every side; 0 if equal."""
    from torchmetrics.functional.image import learned_perceptual_image_patch_similarity

    a, b = (_tensor(_cut(p, border)).expand(-1, 3, -1, -1) / 127.5 - 1 for p in (picture, truth))
    return float(learned_perceptual_image_patch_similarity(a, b, net_type="alex"))


def lpips_missing() -> str | None:
    """The reason why LPIPS cannot be measured here, or None."""
    import torch

    file = Path(torch.hub.get_dir()) / "checkpoints" / _ALEXNET
    return None if file.is_file() else f"torchvision's weights of AlexNet are not at {file}"


def vmaf(picture: Luma, truth: Luma, border: int = 0) -> float:
    """VMAF v0.6.1 of `[H, W]` uint8 as a video of one frame, `border` px cut on every side; about 97 if equal."""
    return _vmaf(picture, truth, border, "vmaf")


def vmaf_neg(picture: Luma, truth: Luma, border: int = 0) -> float:
    """VMAF-NEG: as `vmaf`, without credit for enhancement."""
    return _vmaf(picture, truth, border, "vmaf_neg")


def _vmaf(picture: Luma, truth: Luma, border: int, name: str) -> float:
    ours, wanted = _cut(picture, border), _cut(truth, border)
    height, width = wanted.shape
    return libvmaf.vmaf([(ours, wanted)], (width, height), [name])[name]


def _cut(plane: Luma, border: int) -> Luma:
    height, width = plane.shape
    return plane[border : height - border, border : width - border]


def _tensor(plane: Luma) -> "Tensor":
    import torch

    return torch.from_numpy(np.ascontiguousarray(plane))[None, None].double()
