"""The metric of the package `cvvdp` on planes in memory, computed in a third of the time. Imports torch.

The figures are those of the package. Its two slowest filters, of one plane at a time by oneDNN, are replaced, and what
depends on the reference alone is computed once for all test videos.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pycvvdp
import torch
from pycvvdp.lpyr_dec import weber_contrast_pyr
from torch import Tensor

from acutance.training.judge.video import Video

_COLOURS = "DKLd65"
"""The opponent colours of the metric: one achromatic channel, red-green, and violet-yellow."""
_DARKEST = 0.01
_HIGHEST_CONTRAST = 1000.0
_KEPT = 24 * 1280 * 720
"""Pixels of a reference up to which its bands are kept for the next test video: about a gigabyte."""


@dataclass(frozen=True)
class _Bands:
    """The contrasts of a frame in every band, `[1, 4, 1, H, W]`, and its log10 luminance of the background."""

    contrasts: list[Tensor]
    backgrounds: list[Tensor]


@dataclass(frozen=True)
class _Reference:
    """A frame of the reference: its bands, and the sensitivity of the eye in each, `[1, 4, 1, H, W]`."""

    contrasts: list[Tensor]
    sensitivities: list[Tensor]


class Metric:
    """ColorVideoVDP for one display."""

    def __init__(self, display: str, pixels_per_degree: float | None = None) -> None:
        geometry = pixels_per_degree and pycvvdp.vvdp_display_geometry([1024, 1024], ppd=pixels_per_degree)
        self._metric = pycvvdp.cvvdp(
            display_name=display, display_geometry=geometry or None, quiet=True, device=torch.device("cpu")
        )
        self._metric.pu_blur = _Blur(self._metric.pu_blur.kernel_size[0], self._metric.pu_blur.sigma[0])
        self._pyramid: _Pyramid | None = None
        self._kept: tuple[str, list[_Reference]] = ("", [])

    def jod(self, reference: Video, test: Video) -> float:
        """JOD of a video of at least two frames; both have one size, number of frames and frame rate."""
        with torch.inference_mode():
            qualities = [
                self._quality(frame, bands)
                for frame, bands in zip(self._references(reference), self._bands(test), strict=True)
            ]
            return float(self._metric.do_pooling_and_jods(torch.stack(qualities, dim=2)))

    def _references(self, video: Video) -> list[_Reference] | Iterator[_Reference]:
        if video.y.size > _KEPT:
            return self._reference_frames(video)
        key = hashlib.sha256(repr((video.fps, video.y.shape)).encode())
        for planes in (video.y, video.u, video.v):
            key.update(np.ascontiguousarray(planes))
        if self._kept[0] != key.hexdigest():
            self._kept = (key.hexdigest(), list(self._reference_frames(video)))
        return self._kept[1]

    def _reference_frames(self, video: Video) -> Iterator[_Reference]:
        for bands in self._bands(video):
            yield _Reference(bands.contrasts, [self._sensitivity(*one) for one in enumerate(bands.backgrounds)])

    def _bands(self, video: Video) -> Iterator[_Bands]:
        pyramid = self._pyramid_for(video)
        return (pyramid.bands(channels) for channels in self._channels(video))

    def _pyramid_for(self, video: Video) -> "_Pyramid":
        width, height = video.size
        if self._pyramid is None or (width, height) != (self._pyramid.W, self._pyramid.H):
            metric = self._metric
            self._pyramid = _Pyramid(width, height, metric.pix_per_deg, metric.device, contrast=metric.contrast)
        return self._pyramid

    def _channels(self, video: Video) -> Iterator[Tensor]:
        """Every frame filtered in time: three sustained channels and the transient one, `[1, 4, 1, H, W]`."""
        filters, _ = self._metric.get_temporal_filters(video.fps)
        weights = torch.stack([one.flip(0) for one in filters])
        taps = weights.shape[1]
        width, height = video.size
        recent = [self._opponent(video, 0)] * taps
        for index in range(len(video)):
            recent = [*recent[1:], self._opponent(video, index)] if index else recent
            channels = torch.zeros(4, height, width)
            for tap, frame in enumerate(recent):
                for channel, colour in enumerate((0, 1, 2, 0)):
                    channels[channel].add_(frame[colour], alpha=float(weights[channel, tap]))
            yield channels[None, :, None]

    def _opponent(self, video: Video, index: int) -> Tensor:
        """One frame in opponent colours in cd/m2, `[3, H, W]`."""
        colours: Tensor = self._metric.display_photometry.source_2_target_colorspace(rgb(video, index), _COLOURS)
        return colours[0, :, 0]

    def _sensitivity(self, band: int, background: Tensor) -> Tensor:
        metric = self._metric
        correction = 10.0 ** (metric.sensitivity_correction / 20.0)
        parts = [
            metric.csf.sensitivity(self._frequency(band), metric.omega[transient], background, colour, metric.csf_sigma)
            for colour, transient in ((0, 0), (1, 0), (2, 0), (0, 1))
        ]
        sensitivity: Tensor = torch.cat(parts, dim=1) * correction
        return sensitivity

    def _frequency(self, band: int) -> float:
        """Cycles per degree of a band; the package takes 0.1 for the rest that the last one holds."""
        assert self._pyramid is not None
        return 0.1 if band == self._pyramid.get_band_count() - 1 else float(self._pyramid.get_freqs()[band])

    def _quality(self, reference: _Reference, test: _Bands) -> Tensor:
        """Differences of one frame, pooled over its pixels: `[1, 4, bands]`."""
        metric, last = self._metric, len(test.contrasts) - 1
        pooled = []
        for band, (ours, theirs) in enumerate(zip(test.contrasts, reference.contrasts, strict=True)):
            sensitivity = reference.sensitivities[band]
            if band == last:
                differences = (ours - theirs).abs() * sensitivity
            else:
                differences = metric.apply_masking_model(ours, theirs, sensitivity)
            pooled.append(
                metric.lp_norm(differences, metric.beta, dim=(-2, -1), normalize=True, keepdim=False)[:, :, 0]
            )
        return torch.stack(pooled, dim=-1)


def rgb(video: Video, index: int) -> Tensor:
    """One frame as R'G'B' in 0..1, float32 `[1, 3, 1, H, W]`: BT.709, as the program `cvvdp` converts a file."""
    luma = torch.from_numpy(np.ascontiguousarray(video.y[index])).float()
    chroma = torch.from_numpy(np.stack([video.u[index], video.v[index]]))[None].float()
    y = ((luma - 16) / 219).clip(0, 1)
    halves = ((chroma - 128) / 224).clip(-0.5, 0.5)
    u, v = torch.nn.functional.interpolate(halves, scale_factor=2, mode="bilinear")[0]
    planes = torch.stack([y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u])
    return planes.clip(0, 1)[None, :, None]


class _Pyramid(weber_contrast_pyr):  # type: ignore[misc]
    """The pyramid of the package for one video; its expansion sums shifted planes, without zeros between pixels."""

    def bands(self, channels: Tensor) -> _Bands:
        """Contrasts over the luminance of the background, as the package's `weber_g1`."""
        levels = self.gaussian_pyramid_dec(channels, self.height + 1)
        contrasts, backgrounds = [], []
        for index, level in enumerate(levels):
            if index == len(levels) - 1:
                detail = level
                background = level[:, :1].clamp(min=_DARKEST).mean(dim=(-1, -2), keepdim=True)
            else:
                coarse = self.gausspyr_expand(levels[index + 1], level.shape[-2:])
                detail = level - coarse
                background = coarse[:, :1].clamp(min=_DARKEST)
            contrast = (detail / background).clamp(max=_HIGHEST_CONTRAST)
            contrasts.append(contrast if index in (0, len(levels) - 1) else 2 * contrast)
            backgrounds.append(background.log10())
        return _Bands(contrasts, backgrounds)

    def gausspyr_expand(self, x: Tensor, sz: Any = None, kernel_a: float = 0.4) -> Tensor:
        outer, inner = 2 * (0.25 - kernel_a / 2), 2 * kernel_a
        for dim, size in zip((-2, -1), sz, strict=True):
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
