"""Test sets: their pictures and clips, the degradations, and the evaluated frames."""

import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from acutance.model import scaling
from acutance.model.bitstream import quantiser
from acutance.model.hints import Hints
from acutance.model.planes import Chroma
from acutance.training.data import clips, motion, pictures, planes
from acutance.training.data.clips import SUFFIXES, find_clips, read_clip
from acutance.training.data.motion import MARGIN, middle_clip
from acutance.training.data.pictures import DataError, find_pictures, read_planes
from acutance.training.data.planes import Luma, Plane, Planes, as_array
from acutance.training.degradation import codec
from acutance.training.degradation import degrade as degradation
from acutance.training.degradation.degrade import Degradation, degrade, degrade_frames, down, down_up

CODEC_GRID = tuple(
    f"{soft}{codec}-{bits}" for soft in ("", "soft2-") for codec in ("h264", "vp8") for bits in (0.02, 0.05, 0.1)
)
CALL_GRID = (
    *(f"{codec}-{bits}" for codec in ("h264", "vp8") for bits in (0.02, 0.05)),
    *(f"shrunk{ratio}-{codec}-0.05" for ratio in ("1.5", "2") for codec in ("h264", "vp8")),
    *(f"{codec}-0.1" for codec in ("h264", "vp8")),
    "identity",
)
GRIDS = {"codec": CODEC_GRID, "call": CALL_GRID}
"""The degradations of each grid, by its name."""

AROUND = 3
"""Most frames on each side that a privileged teacher sees."""
MIDDLE = (640, 384)
"""Largest width and height of the part of a picture that a codec gets."""
_CLIP_FRAMES = 8
_SMALLEST = 64
_VIDEO_FRAMES = 48
_EVALUATED_FRAMES = range(17, _VIDEO_FRAMES, 10)
"""Evaluated frames of a real clip, all after the first half second, in which the rate control settles."""

SETS_KIND = (
    f"reductions by Pillow's antialiased bicubic, rounded to 8 bits (-float: only after the method), borders of the "
    f"ratio rounded up are cut; codecs get the middle of a picture (at most {MIDDLE[0]}x{MIDDLE[1]}) as "
    f"{_CLIP_FRAMES} panned or zoomed frames, the last is evaluated; of real clips (halved from 720 px on) every tenth "
    f"of the first {_VIDEO_FRAMES} frames is evaluated, from the 18th on; H.264 is x264 superfast, baseline, "
    f"zerolatency, constant bit rate; VP8 is libvpx, real-time, cpu-used -6, constant bit rate; "
    f"bits are for a coded pixel and frame; pictures that a sender shrank are brought back by FFmpeg's bicubic"
)


@dataclass(frozen=True)
class Source:
    """A picture or a clip of a test set.

    Attributes:
        path: The file.
        name: Path below the folder of the set, with slashes; unique in the set.
        set: Name of the set: its folder and the parent folder, so that "clips/test" and "data/test" differ.
        category: First folder of a picture below the set, or the part of the name of a clip before the first hyphen.
        seed: Position in the set; seed of the motion of a picture for a codec.
    """

    path: Path
    name: str
    set: str
    category: str
    seed: int

    @property
    def is_clip(self) -> bool:
        """Whether the source is a clip, not a picture."""
        return self.path.suffix.lower() in SUFFIXES


@dataclass(frozen=True)
class MethodInput:
    """The degraded frame that a method restores.

    Attributes:
        luma: `[H, W]` in grey levels: uint8, or float32 for an exact degradation.
        hints: The hints that a receiver has for the frame.
        how: The degradation.
        reduced: The reduced picture of a `bicubic` degradation, in the precision of `luma`; None for all others.
        chroma: The chroma of the frame, corrected in place by a method with colour; None where colour has no part.
        around: Luma of `AROUND` frames before and as many after, for a privileged teacher; empty where there are none.
    """

    luma: Plane
    hints: Hints
    how: Degradation
    reduced: Plane | None
    chroma: Chroma | None = None
    around: tuple[Luma, ...] = ()


@dataclass(frozen=True)
class Sample:
    """A frame to be evaluated: the input of methods, and the truth, uint8 `[H, W]`."""

    input: MethodInput
    truth: Luma

    @property
    def border(self) -> int:
        """Pixels on every side that are not evaluated."""
        ratio = self.input.how.ratio
        return math.ceil(ratio) if ratio > 1 else 0


def find_set(name: str, data: Path) -> Path:
    """The folder of a set: a path, or the name of a folder anywhere below `data`.

    Raises:
        DataError: No folder has this name, or several have it.
    """
    if Path(name).is_dir():
        return Path(name)
    if "/" in name and (data / name).is_dir():
        return data / name
    found = sorted(p for p in data.rglob(name) if p.is_dir()) if data.is_dir() and name else []
    if len(found) != 1:
        several = f": {', '.join(map(str, found))}" if found else ""
        raise DataError(f"{name} is neither a folder nor the name of exactly one folder below {data}{several}")
    return found[0]


def set_name(folder: Path) -> str:
    """The name of a set in tables: its folder and the parent folder."""
    return "/".join(folder.resolve().parts[-2:])


def expand(names: Sequence[str]) -> list[str]:
    """Check names of degradations, replace grids by their degradations, and drop duplicates.

    Raises:
        DataError: A name is unknown.
    """
    return list(dict.fromkeys(Degradation.parse(one).name for name in names for one in GRIDS.get(name, (name,))))


def find_sources(folder: Path, coded: bool) -> list[Source]:
    """The clips of a set, or its pictures if it has no clips.

    Args:
        folder: Folder of the set.
        coded: Whether pictures will be coded; they then need a margin for panning.

    Raises:
        DataError: The set has no clip and no picture, or a picture cannot be read or is too small.
    """
    name = set_name(folder)
    clips = find_clips(folder)
    if clips:
        return [
            Source(path, path.relative_to(folder).as_posix(), name, path.stem.partition("-")[0], seed)
            for seed, path in enumerate(clips)
        ]
    pictures, skipped = find_pictures([folder], _SMALLEST + (2 * MARGIN if coded else 0))
    if skipped:
        # A mean over a part of a set must not be reported for the set.
        raise DataError(f"{folder.name} cannot be evaluated: {skipped[0].path} {skipped[0].reason}")
    return [
        Source(picture.path, picture.path.relative_to(folder).as_posix(), name, picture.category, seed)
        for seed, picture in enumerate(pictures)
    ]


def samples(source: Source, how: Degradation, cache: Path | None = None) -> list[Sample]:
    """The evaluated frames of a source.

    Args:
        source: A picture gives one frame, a clip several.
        how: The degradation.
        cache: Folder in which degraded frames are cached; they are made again if the file or the program changes.

    Raises:
        DataError: The file cannot be read, or the codec failed.
    """
    if cache is None or how.codec is None:
        return _make(source, how)
    file = cache / f"{_fingerprint(source, how)}.npz"
    if file.is_file():
        return _load(file, how)
    made = _make(source, how)
    cache.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    np.savez(
        packed,
        luma=np.stack([one.input.luma for one in made]),
        truth=np.stack([one.truth for one in made]),
        hints=np.array([astuple(one.input.hints) for one in made]),
    )
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_bytes(packed.getbuffer())
    unfinished.replace(file)
    return made


def _load(file: Path, how: Degradation) -> list[Sample]:
    with np.load(file) as kept:
        lumas, truths, hints = kept["luma"], kept["truth"], kept["hints"].tolist()
    return [Sample(MethodInput(lumas[i], Hints(*hints[i]), how, None), truths[i]) for i in range(len(truths))]


def _make(source: Source, how: Degradation) -> list[Sample]:
    if source.is_clip:
        clip = read_clip(source.path, _VIDEO_FRAMES)
        evaluated = [index for index in _EVALUATED_FRAMES if index < len(clip)] or [len(clip) - 1]
        if how.codec is None:
            return [last_frame([clip[index]], how) for index in evaluated]
        degraded = degrade_frames(clip[: evaluated[-1] + 1], how)
        return [
            Sample(MethodInput(degraded[index].luma, degraded[index].hints, how, None), as_array(clip[index].y))
            for index in evaluated
        ]
    return [still(read_planes(source.path), how, source.seed)]


def still(planes: Planes, how: Degradation, seed: int) -> Sample:
    """Degrade a picture: its middle with motion (drawn with `seed`) for a codec, otherwise the whole picture."""
    if how.codec:
        return last_frame(middle_clip(planes, MIDDLE, _CLIP_FRAMES, seed), how)
    # Cut to a multiple of the ratio, as usual in super-resolution.
    unit = math.ceil(how.ratio)
    width, height = (side // unit * unit for side in planes.size)
    return last_frame([planes.crop(0, 0, width, height)], how)


def last_frame(clip: Sequence[Planes], how: Degradation) -> Sample:
    """Degrade a clip; returns its last frame."""
    degraded, plane = degrade(clip, how), clip[-1].y
    if how.codec is not None or how.ratio == 1:
        return Sample(MethodInput(degraded.luma, degraded.hints, how, None), as_array(plane))
    reduced = np.asarray(down(plane, how))
    return Sample(MethodInput(np.asarray(down_up(plane, how)), degraded.hints, how, reduced), as_array(plane))


def _fingerprint(source: Source, how: Degradation) -> str:
    """A fingerprint of the inputs of degraded frames: the file, the degradation, the program, its libraries."""
    stat = source.path.stat()
    parts = [str(source.path.resolve()), stat.st_size, stat.st_mtime_ns, source.seed, how, program()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def program() -> str:
    """A fingerprint of the code and the libraries that make degraded frames."""
    digest = hashlib.sha256()
    for module in (planes, pictures, clips, motion, codec, degradation, scaling, quantiser):
        digest.update(Path(str(module.__file__)).read_bytes())
    digest.update(Path(__file__).read_bytes())
    for package in ("av", "pillow", "numpy"):
        digest.update(metadata.version(package).encode())
    return digest.hexdigest()
