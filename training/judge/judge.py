"""All measures of a test video against its reference."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from acutance.training.data.pictures import DataError
from acutance.training.judge.flicker import FLICKER_KIND, flicker
from acutance.training.judge.jod import DISPLAY, jod
from acutance.training.judge.video import Frames, Video
from acutance.training.metrics import libvmaf
from acutance.training.metrics.psnr_ssim import HIGHEST_PSNR, SSIM_KIND, finite_psnr, ssim

Figures = dict[str, float]
"""Figures by the name of a measure. Flicker is absent where nothing stands still."""
_SSIM_EVERY = 5


@dataclass(frozen=True)
class Measure:
    """A measure of a video against its reference.

    Attributes:
        name: Name in options and JSON.
        title: Title in tables, with the unit.
        better: Whether more or less is better.
        decimals: Digits after the point in tables.
    """

    name: str
    title: str
    better: Literal["more", "less"]
    decimals: int


MEASURES = {
    one.name: one
    for one in (
        Measure("jod", "JOD", "more", 2),
        Measure("vmaf_neg", "VMAF-NEG", "more", 1),
        Measure("vmaf", "VMAF", "more", 1),
        Measure("psnr_y", "PSNR of luma, dB", "more", 2),
        Measure("ssim_y", "SSIM of luma", "more", 4),
        Measure("psnr_u", "PSNR of U, dB", "more", 2),
        Measure("psnr_v", "PSNR of V, dB", "more", 2),
        Measure("flicker", "static flicker, grey levels", "less", 3),
    )
}
"""Every measure by its name, the most important first."""


@dataclass(frozen=True)
class Options:
    """How videos are judged.

    Attributes:
        display: Display of JOD, see `acutance.training.judge.jod.parse_display`.
        jod_frames: Length in frames of the stretch that JOD judges, 0 for the whole video: a frame of 640x360
            takes about half a second on one thread.
        jod_start: First frame of that stretch; None for the middle of the video.
    """

    display: str = DISPLAY
    jod_frames: int = 24
    jod_start: int | None = None


def choose(names: Sequence[str] = (), without: Collection[str] = ()) -> tuple[str, ...]:
    """Choose measures: those named, or all if none is named, less those of `without`, in the order of `MEASURES`.

    Raises:
        DataError: A name is unknown, nothing is left, or libvmaf is missing.
    """
    for name in (*names, *without):
        if name not in MEASURES:
            raise DataError(f"{name!r} is not a measure of videos; choose from {', '.join(MEASURES)}")
    chosen = tuple(name for name in MEASURES if (not names or name in names) and name not in without)
    if not chosen:
        raise DataError("no measure is left: name at least one")
    reason = libvmaf.missing()
    if reason and not libvmaf.MODELS.keys().isdisjoint(chosen):
        raise DataError(f"VMAF cannot be measured: {reason}; leave vmaf and vmaf_neg out")
    return chosen


def judge(
    reference: Video, test: Video, names: Collection[str] = tuple(MEASURES), options: Options | None = None
) -> Figures:
    """Judge a video against its reference.

    VMAF, PSNR and flicker judge every frame, SSIM every fifth, JOD a stretch of consecutive frames (see `Options`).

    Args:
        reference: The source.
        test: The test video, of the same size and number of frames.
        names: The measures, see `MEASURES`.
        options: How they are measured.

    Raises:
        DataError: The videos differ in size or number of frames, or a name or the display is unknown.
    """
    options = options or Options()
    if (reference.size, len(reference)) != (test.size, len(test)):
        sizes = " and ".join(f"{one.size[0]}x{one.size[1]} with {len(one)} frames" for one in (reference, test))
        raise DataError(f"videos of {sizes} cannot be compared frame by frame")
    chosen = choose(tuple(names))
    figures: Figures = {}
    if "jod" in chosen:
        start, count = jod_stretch(len(reference), options)
        figures["jod"] = jod(reference.stretch(start, count), test.stretch(start, count), options.display)
    models = [name for name in libvmaf.MODELS if name in chosen]
    if models:
        figures |= libvmaf.vmaf(zip(test.y, reference.y, strict=True), reference.size, models)
    for name, ours, theirs in (
        ("psnr_y", test.y, reference.y),
        ("psnr_u", test.u, reference.u),
        ("psnr_v", test.v, reference.v),
    ):
        if name in chosen:
            figures[name] = _mean(finite_psnr, ours, theirs)
    if "ssim_y" in chosen:
        figures["ssim_y"] = _mean(ssim, test.y[::_SSIM_EVERY], reference.y[::_SSIM_EVERY])
    if "flicker" in chosen:
        found = flicker(reference.y, test.y)
        if found is not None:
            figures["flicker"] = found
    return {name: figures[name] for name in chosen if name in figures}


def jod_stretch(frames: int, options: Options) -> tuple[int, int]:
    """First frame and number of the frames that JOD judges of a video of `frames` frames."""
    count = min(options.jod_frames or frames, frames)
    start = (frames - count) // 2 if options.jod_start is None else min(options.jod_start, frames - count)
    return start, count


def protocol(names: Collection[str], options: Options) -> str:
    """The definitions of the measures, as text for a footnote."""
    stretch = f"a stretch of {options.jod_frames} consecutive frames" if options.jod_frames else "all frames"
    kinds = {
        "jod": f"JOD by ColorVideoVDP (cvvdp) of luma and chroma in time, display {options.display}, over {stretch}",
        "vmaf": libvmaf.VMAF_KIND,
        "psnr_y": f"PSNR in dB, at most {HIGHEST_PSNR:.0f}, mean over frames",
        "ssim_y": f"SSIM by {SSIM_KIND}, every {_SSIM_EVERY}th frame",
        "flicker": FLICKER_KIND,
    }
    aliases = {"vmaf_neg": "vmaf", "psnr_u": "psnr_y", "psnr_v": "psnr_y"}
    return "; ".join(dict.fromkeys(kinds[aliases.get(name, name)] for name in MEASURES if name in names))


def _mean(metric: Callable[..., float], ours: Frames, theirs: Frames) -> float:
    return fmean(metric(a, b) for a, b in zip(ours, theirs, strict=True))
