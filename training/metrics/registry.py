"""The registry of metrics by name, and the choice of those that this installation can measure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma
from acutance.training.metrics.edges import GRADIENT_KIND, HALO_KIND, gradient_ratio, halo
from acutance.training.metrics.external import lpips, lpips_missing, ms_ssim, vmaf, vmaf_neg
from acutance.training.metrics.libvmaf import missing as vmaf_missing
from acutance.training.metrics.psnr_ssim import HIGHEST_PSNR, SSIM_KIND, finite_psnr, ssim


def _never_missing() -> str | None:
    return None


@dataclass(frozen=True)
class Metric:
    """A metric of a picture against the truth.

    Attributes:
        name: Name in options and JSON.
        title: Title of its column, with the unit.
        measure: Function of picture, truth (uint8 `[H, W]`) and the border in pixels that is left out.
        better: Whether more, less, or a value near one is better.
        kind: Exact definition, for the footnote.
        decimals: Digits after the point in tables.
        missing: Returns the reason why this installation cannot measure it, None if it can.
    """

    name: str
    title: str
    measure: Callable[[Luma, Luma, int], float]
    better: Literal["more", "less", "one"]
    kind: str
    decimals: int
    missing: Callable[[], str | None] = _never_missing


METRICS = {
    metric.name: metric
    for metric in (
        Metric("psnr", "PSNR, dB", finite_psnr, "more", f"PSNR in dB, at most {HIGHEST_PSNR:.0f}", 2),
        Metric("ssim", "SSIM", ssim, "more", f"SSIM by {SSIM_KIND}", 4),
        Metric(
            "ms-ssim",
            "MS-SSIM",
            ms_ssim,
            "more",
            "MS-SSIM by Wang, Simoncelli and Bovik 2003, five scales, valid region (torchmetrics)",
            4,
        ),
        Metric("gradient", "gradient, over the truth's", gradient_ratio, "one", GRADIENT_KIND, 3),
        Metric("halo", "halo, grey levels", halo, "less", HALO_KIND, 2),
        Metric(
            "lpips",
            "LPIPS (alex)",
            lpips,
            "less",
            "LPIPS by Zhang et al. 2018, AlexNet, luma as grey (torchmetrics)",
            4,
            lpips_missing,
        ),
        Metric("vmaf", "VMAF", vmaf, "more", "VMAF v0.6.1 of each frame by itself (libvmaf in PyAV)", 2, vmaf_missing),
        Metric(
            "vmaf-neg",
            "VMAF-NEG",
            vmaf_neg,
            "more",
            "VMAF v0.6.1 without credit for enhancement; VMAF minus VMAF-NEG is the credit for sharpening",
            2,
            vmaf_missing,
        ),
    )
}
ALWAYS = ("psnr", "ssim")
"""Metrics that every table has."""


def choose(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Choose PSNR, SSIM, and those of the named metrics that can be measured here.

    Returns:
        Names of metrics, and a sentence for each that cannot be measured here.

    Raises:
        DataError: A name is unknown.
    """
    wanted = list(dict.fromkeys((*ALWAYS, *names)))
    for name in wanted:
        if name not in METRICS:
            raise DataError(f"{name!r} is not a metric; choose from {', '.join(METRICS)}")
    reasons = {name: METRICS[name].missing() for name in wanted}
    notes = [f"{name} is absent: {reason}" for name, reason in reasons.items() if reason]
    return [name for name in wanted if not reasons[name]], notes


def measure(names: Sequence[str], picture: Luma, truth: Luma, border: int) -> dict[str, float]:
    """Measure one picture, uint8 `[H, W]`, against the truth by each of the named metrics."""
    return {name: METRICS[name].measure(picture, truth, border) for name in names}
