"""Inspect a file once: whether it can be decoded, whether it passes the gate, and its perceptual hash."""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import imagehash
from PIL import Image

from acutance.training.data import clips
from acutance.training.data.clips import reduced
from acutance.training.data.pictures import DataError, read_planes
from acutance.training.data.planes import Planes
from acutance.training.prepare.files import SourceFile
from acutance.training.prepare.gate import Gate, Refusal, clip_reductions, decide
from acutance.training.prepare.measures import finest_octave_share, jpeg_quality

HASH_SIDE = 16
"""Perceptual hashes have 16x16 bits: with 64 bits, different pages of text have the same hash."""
_LEAST_FRAMES = 8
"""Minimum number of frames of a clip: shorter ones have too little motion."""


@dataclass(frozen=True)
class Inspection:
    """The result of decoding and checking a file.

    Attributes:
        digest: SHA-256 of its bytes in hexadecimal, empty if it cannot be read.
        width: Width in the set in pixels, even.
        height: Height in the set in pixels, even.
        frames: Number of frames of a clip, 1 for a picture.
        reduction: Factor by which it is reduced to be crisp, 1.0 for none.
        hashes: Perceptual hashes in hexadecimal: of a picture, or of the first, middle and last frame of a clip.
        refused: Reason for not using the file, None if it is used.
    """

    digest: str
    width: int = 0
    height: int = 0
    frames: int = 0
    reduction: float = 1.0
    hashes: tuple[str, ...] = ()
    refused: Refusal | None = None


def inspect_file(file: SourceFile, gate: Gate) -> Inspection:
    """Decode a whole file and apply the gate; a file that cannot be used is a refusal, not an error."""
    try:
        digest = digest_of(file.path)
    except OSError as error:
        return _refused("", "broken", f"cannot be read ({error.strerror})")
    try:
        return _inspect_clip(file.path, digest, gate) if file.moving else _inspect_picture(file.path, digest, gate)
    except DataError as error:
        return _refused(digest, "broken", str(error).removeprefix(f"{file.path} "))


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def planes_of(path: Path, reduction: float) -> Planes:
    """A picture as the set stores it: of even size, with chroma of half the size.

    Raises:
        DataError: The file cannot be decoded as a picture.
    """
    planes = reduced(_read(path), reduction)
    planes = planes.crop(0, 0, planes.size[0] // 2 * 2, planes.size[1] // 2 * 2)
    # The mean of each 2x2: chroma sited in the middle, as in JPEG and MPEG-1; only codecs use it.
    return Planes(planes.y, planes.cb.reduce(2), planes.cr.reduce(2))


def _inspect_picture(path: Path, digest: str, gate: Gate) -> Inspection:
    planes = _read(path)
    by = decide(planes, _jpeg_quality(path), gate)
    if isinstance(by, Refusal):
        return Inspection(digest, refused=by)
    kept = reduced(planes, by)
    width, height = (side // 2 * 2 for side in kept.size)
    return Inspection(digest, width, height, 1, by, (_hash(kept.y),))


def _inspect_clip(path: Path, digest: str, gate: Gate) -> Inspection:
    frames = 0
    hashes: dict[int, str] = {}
    size = (0, 0)
    crispest: dict[float, float] = {}
    for planes in clips.read_frames(path, 1.0):
        if frames and planes.size != size:
            return _refused(digest, "broken", f"changes its size from {_pixels(size)} to {_pixels(planes.size)}")
        size = planes.size
        # The middle is known only at the end; one of every sixteenth frame is close enough to it.
        if frames % 16 == 0:
            hashes[frames] = _hash(planes.y)
            for by in clip_reductions(size):
                crispest[by] = max(crispest.get(by, 0.0), finest_octave_share(reduced(planes, by).y))
        frames, last = frames + 1, planes
    if frames < _LEAST_FRAMES:
        return _refused(digest, "too short", f"has {frames} frames, fewer than {_LEAST_FRAMES}")
    crisp = [by for by, share in crispest.items() if share >= gate.sharpness]
    kept = reduced(last, crisp[0] if crisp else max(crispest)).size
    if min(kept) < gate.smallest:
        return _refused(digest, "too small", f"is {_pixels(kept)}, smaller than {gate.smallest} px")
    if not crisp:
        reason = f"is soft (sharpness {max(crispest.values()):.3f}, less than {gate.sharpness:g})"
        return _refused(digest, "soft", reason)
    middle = min(hashes, key=lambda index: abs(index - frames // 2))
    return Inspection(digest, *kept, frames, crisp[0], (hashes[0], hashes[middle], _hash(last.y)))


def _refused(digest: str, kind: str, reason: str) -> Inspection:
    return Inspection(digest, refused=Refusal(kind, reason))


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _read(path: Path) -> Planes:
    with warnings.catch_warnings():
        # Pillow only warns from 89 to 179 million pixels; that is too large for several processes at once.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning)
        try:
            return read_planes(path)
        except Image.DecompressionBombWarning:
            raise DataError(f"{path} is too large to be decoded safely") from None


def _jpeg_quality(path: Path) -> float | None:
    with Image.open(path) as image:
        tables: dict[int, list[int]] | None = getattr(image, "quantization", None)
    return jpeg_quality(tables) if tables else None


def _hash(luma: Image.Image) -> str:
    return str(imagehash.phash(luma, hash_size=HASH_SIDE))
