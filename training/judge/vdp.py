"""The metric of the package `cvvdp` on planes in memory, with two of its filters computed faster. Imports torch."""

from typing import Any

import numpy as np
import pycvvdp
import torch
from pycvvdp.lpyr_dec import weber_contrast_pyr
from pycvvdp.video_source import video_source_dm
from torch import Tensor

from acutance.training.judge.video import Video


class Source(video_source_dm):  # type: ignore[misc]
    """Two videos in memory as a source of the package: each frame is converted when it is needed."""

    def __init__(self, reference: Video, test: Video, photometry: Any) -> None:
        super().__init__(display_photometry=photometry)
        self._reference, self._test = reference, test

    def get_video_size(self) -> tuple[int, int, int]:
        """Height, width and number of frames."""
        width, height = self._reference.size
        return height, width, len(self._reference)

    def get_frames_per_second(self) -> float:
        """Frame rate."""
        return self._reference.fps

    def get_batch_size(self) -> int:
        """Number of videos that are judged at a time."""
        return 1

    def get_test_frame(self, frame: int, device: Any, colorspace: str) -> Tensor:
        """A frame of the test video in a colour space of the package, `[1, 3, 1, H, W]`."""
        return self._converted(self._test, frame, colorspace)

    def get_reference_frame(self, frame: int, device: Any, colorspace: str) -> Tensor:
        """A frame of the reference, as `get_test_frame`."""
        return self._converted(self._reference, frame, colorspace)

    def _converted(self, video: Video, frame: int, colorspace: str) -> Tensor:
        converted: Tensor = self.apply_dm_and_color_transform(rgb(video, frame), colorspace)
        return converted


def rgb(video: Video, index: int) -> Tensor:
    """One frame as R'G'B' in 0..1, float32 `[1, 3, 1, H, W]`: BT.709, as the program `cvvdp` converts a file."""
    luma = torch.from_numpy(np.ascontiguousarray(video.y[index])).float()
    chroma = torch.from_numpy(np.stack([video.u[index], video.v[index]]))[None].float()
    y = ((luma - 16) / 219).clip(0, 1)
    halves = ((chroma - 128) / 224).clip(-0.5, 0.5)
    u, v = torch.nn.functional.interpolate(halves, scale_factor=2, mode="bilinear")[0]
    planes = torch.stack([y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u])
    return planes.clip(0, 1)[None, :, None]


def open_metric(display: str, pixels_per_degree: float | None) -> Any:
    """The metric for a display of the package, or for its photometry with another number of pixels per degree.

    Figures are those of the package; its two slow filters, one plane at a time by oneDNN, are replaced.
    """
    geometry = pixels_per_degree and pycvvdp.vvdp_display_geometry([1024, 1024], ppd=pixels_per_degree)
    metric = _Metric(display_name=display, display_geometry=geometry or None, quiet=True, device=torch.device("cpu"))
    metric.pu_blur = _Blur(metric.pu_blur.kernel_size[0], metric.pu_blur.sigma[0])
    return metric


class _Metric(pycvvdp.cvvdp):  # type: ignore[misc]
    def predict_video_source(self, vid_source: Source) -> Any:
        height, width, _ = vid_source.get_video_size()
        if self.lpyr is None or (width, height) != (self.lpyr.W, self.lpyr.H):
            self.lpyr = _Pyramid(width, height, self.pix_per_deg, self.device, contrast=self.contrast)
        return super().predict_video_source(vid_source)


class _Pyramid(weber_contrast_pyr):  # type: ignore[misc]
    """The pyramid of the package; its expansion sums shifted planes, without the zeros between the pixels."""

    def gausspyr_expand(self, x: Tensor, sz: Any = None, kernel_a: float = 0.4) -> Tensor:
        outer, inner = 2 * (0.25 - kernel_a / 2), 2 * kernel_a
        for dim, size in zip((-2, -1), sz or [2 * side for side in x.shape[-2:]], strict=True):
            x = _expanded(x, dim, size, outer, inner)
        return x


def _expanded(x: Tensor, dim: int, size: int, outer: float, inner: float) -> Tensor:
    length = x.shape[dim]
    before = torch.cat([x.narrow(dim, 0, 1), x.narrow(dim, 0, length - 1)], dim)
    after = torch.cat([x.narrow(dim, 1, length - 1), x.narrow(dim, length - 1, 1)], dim)
    shape = list(x.shape)
    shape[dim] = size
    result = x.new_empty(shape)
    even, odd = ((slice(first, None, 2), slice(None)) if dim == -2 else (slice(first, None, 2),) for first in (0, 1))
    result[..., *even] = (before + after).mul_(outer).add_(x, alpha=inner)
    result[..., *odd] = (x + after).mul_(0.5).narrow(dim, 0, size // 2)
    return result


class _Blur:
    """torchvision's Gaussian blur, whose kernel is a product, as two passes of shifted planes."""

    def __init__(self, taps: int, sigma: float) -> None:
        places = torch.arange(taps) - (taps - 1) / 2
        weights = torch.exp(-0.5 * (places / sigma) ** 2)
        self._weights = (weights / weights.sum()).tolist()

    def forward(self, planes: Tensor) -> Tensor:
        """Blur `[N, 1, H, W]`, mirrored at the border."""
        margin = len(self._weights) // 2
        padded = torch.nn.functional.pad(planes, [margin] * 4, mode="reflect")
        for dim in (-2, -1):
            length = planes.shape[dim]
            total = torch.zeros_like(padded.narrow(dim, 0, length))
            for place, weight in enumerate(self._weights):
                total.add_(padded.narrow(dim, place, length), alpha=weight)
            padded = total
        return padded
