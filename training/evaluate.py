"""Tables of quality: input, unsharp mask and student against the truth, by set and degradation."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.clips import SUFFIXES, find_clips, read_clip
from training.data import DataError, Planes, as_array, find_pictures, read_planes
from training.degrade import Degradation, degrade, degrade_frames
from training.motion import MARGIN, middle_clip
from training.quality import SSIM_KIND, UNSHARP_KIND, psnr, ssim, unsharp

Luma = NDArray[np.uint8]
Sharpen = Callable[[Luma], Luma]

CODEC_GRID = tuple(
    f"{soft}{codec}-{bits}" for soft in ("", "soft2-") for codec in ("h264", "vp8") for bits in (0.02, 0.05, 0.1)
)
"""What `codec` stands for."""
_FRAME = (640, 384)
_CLIP_FRAMES = 8
_SMALLEST = 64
_VIDEO_FRAMES = 48
_VIDEO_JUDGED = range(17, _VIDEO_FRAMES, 10)
"""Frames of a real clip that are judged: the first half second, where rate control settles, is left out."""
_EXACT = 99.0
"""What an exact picture counts, in dB: infinity has no mean."""

PROTOCOL = (
    f"luma of BT.601 limited range; PSNR in dB / SSIM ({SSIM_KIND}), means over pictures; reductions by "
    f"Pillow's antialiased bicubic, borders of the ratio rounded up are cut; codecs see the middle of a picture "
    f"(at most {_FRAME[0]}x{_FRAME[1]}) as {_CLIP_FRAMES} panned or zoomed frames, the last is judged; of real "
    f"clips (halved from 720 px on) every tenth of the first {_VIDEO_FRAMES} frames is judged, from the 18th on; H.264 "
    f"is x264 superfast, baseline, zerolatency, constant bit rate; VP8 is libvpx, real-time, cpu-used -6, constant bit "
    f"rate; bits are for a coded pixel and frame; {UNSHARP_KIND}; exact pictures count {_EXACT:.0f} dB"
)


@dataclass(frozen=True)
class Quality:
    """Means over a set: PSNR in dB, and SSIM."""

    psnr: float
    ssim: float


_Triple = tuple[Quality, Quality, Quality]


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        set: The set's folder and the one above.
        degradation: What was done to it.
        frames: Pictures, or frames of clips, that were judged.
        input: Quality as it came.
        unsharp: Quality of an unsharp mask.
        student: Quality of the student.
        worse: Share of the frames on which the student lost PSNR.
    """

    set: str
    degradation: str
    frames: int
    input: Quality
    unsharp: Quality
    student: Quality
    worse: float


def find_set(name: str, data: Path) -> Path:
    """The folder of a set: a path, or the name of a folder anywhere below `data`.

    Raises:
        DataError: There is none, or several have the name.
    """
    if Path(name).is_dir():
        return Path(name)
    found = sorted(p for p in data.rglob(name) if p.is_dir()) if data.is_dir() and name else []
    if len(found) != 1:
        several = f": {', '.join(map(str, found))}" if found else ""
        raise DataError(f"{name} is neither a folder nor the name of exactly one folder below {data}{several}")
    return found[0]


def expand(names: Sequence[str]) -> list[str]:
    """Check names of degradations and put the grid in the place of `codec`.

    Raises:
        DataError: A name is unknown.
    """
    expanded = [one for name in names for one in (CODEC_GRID if name == "codec" else (name,))]
    for name in expanded:
        Degradation.parse(name)
    return expanded


def judge(
    sharpen: Sharpen,
    folder: Path,
    names: Sequence[str],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Row]:
    """Measure a student on one set, a row for each degradation.

    Args:
        sharpen: uint8 `[H, W]` of any size to the same.
        folder: Pictures or clips; where there are clips, pictures beside them are not judged.
        names: Degradations.
        progress: Called with pictures or clips done and in all.

    Raises:
        DataError: The folder has neither pictures nor clips, or one cannot be read.
    """
    ways = [Degradation.parse(name) for name in names]
    measured: dict[Degradation, list[_Triple]] = {how: [] for how in ways}
    sources = _sources(folder, any(how.codec for how in ways))
    for index, path in enumerate(sources):
        clip_or_picture = read_clip(path, _VIDEO_FRAMES) if path.suffix.lower() in SUFFIXES else read_planes(path)
        for how in measured:
            measured[how] += [_measure(sharpen, *pair, how) for pair in _frames(clip_or_picture, how, index)]
        progress(index + 1, len(sources))
    # With the folder above: "clips/test" and "data/test" are not one set.
    name = "/".join(folder.resolve().parts[-2:])
    return [_row(name, how, measured[how]) for how in ways]


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| set | degradation | frames | input | unsharp | student | gain | worse |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def cells(row: Row) -> list[str]:
    """The row's cells as text: set, degradation, frames, input, unsharp, student, gain, share of worse ones."""
    qualities = [f"{q.psnr:.2f} / {q.ssim:.4f}" for q in (row.input, row.unsharp, row.student)]
    gain = f"{row.student.psnr - row.input.psnr:+.2f} / {row.student.ssim - row.input.ssim:+.4f}"
    return [row.set, row.degradation, str(row.frames), *qualities, gain, f"{row.worse:.0%}"]


def _row(name: str, how: Degradation, measured: Sequence[_Triple]) -> Row:
    before, mask, after = (
        Quality(float(np.mean([q.psnr for q in column])), float(np.mean([q.ssim for q in column])))
        for column in zip(*measured, strict=True)
    )
    worse = float(np.mean([student.psnr < as_it_came.psnr for as_it_came, _, student in measured]))
    return Row(name, how.name, len(measured), before, mask, after, worse)


def _measure(sharpen: Sharpen, spoiled: Luma, truth: Luma, how: Degradation) -> _Triple:
    border = math.ceil(how.ratio) if how.ratio > 1 else 0
    before, mask, after = (
        Quality(min(psnr(picture, truth, border), _EXACT), ssim(picture, truth, border))
        for picture in (spoiled, unsharp(spoiled), sharpen(spoiled))
    )
    return before, mask, after


def _sources(folder: Path, coded: bool) -> list[Path]:
    clips = find_clips(folder)
    if clips:
        return clips
    smallest = _SMALLEST + (2 * MARGIN if coded else 0)
    pictures, skipped = find_pictures([folder], smallest)
    if skipped:
        # A mean over some of a set is no figure for the set.
        raise DataError(f"{folder.name} cannot be judged: {skipped[0].path} {skipped[0].reason}")
    return [picture.path for picture in pictures]


def _frames(source: list[Planes] | Planes, how: Degradation, seed: int) -> Iterator[tuple[Luma, Luma]]:
    """Spoiled and true luma of every frame of a clip, or of the picture, that is judged."""
    if isinstance(source, list):
        spoiled = degrade_frames(source, how)
        judged = [index for index in _VIDEO_JUDGED if index < len(source)] or [len(source) - 1]
        yield from ((spoiled[index], as_array(source[index].y)) for index in judged)
        return
    clip = middle_clip(source, _FRAME, _CLIP_FRAMES, seed) if how.codec else _still(source, how.ratio)
    yield degrade(clip, how), as_array(clip[-1].y)


def _still(planes: Planes, ratio: float) -> list[Planes]:
    """The whole picture, cut to a multiple of the ratio as is the custom."""
    unit = math.ceil(ratio)
    width, height = (side // unit * unit for side in planes.size)
    return [planes.crop(0, 0, width, height)]
