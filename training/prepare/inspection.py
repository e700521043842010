"""Looking into a file once: can it be decoded, is it good enough, what does it look like."""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import imagehash
from PIL import Image

from acutance.training.data import clips
from acutance.training.data.pictures import DataError, read_planes
from acutance.training.data.planes import Planes
from acutance.training.prepare.files import Found
from acutance.training.prepare.gate import Gate, Refusal, judge, reduced
from acutance.training.prepare.measures import jpeg_quality, sharpness

HASH_SIDE = 16
"""Perceptual hashes have this squared bits: 64 bits take different pages of text for the same."""
_LEAST_FRAMES = 8
"""Clips shorter than this teach nothing of motion."""


@dataclass(frozen=True)
class Looked:
    """What was found in a file.

    Attributes:
        digest: SHA-256 of its bytes, empty if it cannot be read.
        width: Of what the set will hold, even.
        height: Of what the set will hold, even.
        frames: All frames of a clip, 1 for a picture.
        reduction: By how much a picture is reduced to be crisp; 1.0 for not at all.
        hashes: Perceptual hashes in hexadecimal: of a picture, or of a clip's first, middle and last frame.
        refused: Why it is not used, none if it is.
    """

    digest: str
    width: int = 0
    height: int = 0
    frames: int = 0
    reduction: float = 1.0
    hashes: tuple[str, ...] = ()
    refused: Refusal | None = None


def look(file: Found, gate: Gate) -> Looked:
    """Decode a file whole and judge it; never raises for what is wrong with the file."""
    try:
        digest = digest_of(file.path)
    except OSError as error:
        return Looked("", refused=Refusal("broken", f"cannot be read ({error.strerror})"))
    try:
        return _look_at_clip(file.path, digest, gate) if file.moving else _look_at_picture(file.path, digest, gate)
    except DataError as error:
        return Looked(digest, refused=Refusal("broken", str(error).removeprefix(f"{file.path} ")))


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def planes_of(path: Path, reduction: float) -> Planes:
    """A picture as the set holds it: even in size, chroma of half the size.

    Raises:
        DataError: The file is no picture that can be decoded.
    """
    planes = reduced(_read(path), reduction)
    planes = planes.crop(0, 0, planes.size[0] // 2 * 2, planes.size[1] // 2 * 2)
    # The mean of each 2x2: chroma sited in the middle, as JPEG and MPEG-1 have it; only codecs will see it.
    return Planes(planes.y, planes.cb.reduce(2), planes.cr.reduce(2))


def _look_at_picture(path: Path, digest: str, gate: Gate) -> Looked:
    planes = _read(path)
    by = judge(planes, _jpeg_quality(path), gate)
    if isinstance(by, Refusal):
        return Looked(digest, refused=by)
    kept = reduced(planes, by)
    width, height = (side // 2 * 2 for side in kept.size)
    return Looked(digest, width, height, 1, by, (_hash(kept.y),))


def _look_at_clip(path: Path, digest: str, gate: Gate) -> Looked:
    frames = 0
    hashes: dict[int, str] = {}
    size, crispest = (0, 0), 0.0
    for planes in clips.read_frames(path):
        if frames and planes.size != size:
            return Looked(digest, refused=Refusal("broken", f"changes its size from {size[0]}x{size[1]} on the way"))
        size = planes.size
        # The middle is known only at the end: every sixteenth frame is near enough to it.
        if frames % 16 == 0:
            hashes[frames] = _hash(planes.y)
            crispest = max(crispest, sharpness(planes.y))
        frames, last = frames + 1, planes
    if frames < _LEAST_FRAMES:
        return Looked(digest, refused=Refusal("too short", f"has {frames} frames, fewer than {_LEAST_FRAMES}"))
    if min(size) < gate.smallest:
        return Looked(digest, refused=Refusal("too small", f"is {size[0]}x{size[1]}, smaller than {gate.smallest} px"))
    if crispest < gate.sharpness:
        reason = f"is soft (sharpness {crispest:.3f}, less than {gate.sharpness:g})"
        return Looked(digest, refused=Refusal("soft", reason))
    middle = min(hashes, key=lambda index: abs(index - frames // 2))
    return Looked(digest, *size, frames, 1.0, (hashes[0], hashes[middle], _hash(last.y)))


def _read(path: Path) -> Planes:
    with warnings.catch_warnings():
        # Pillow only warns from 89 to 179 million pixels: decoded here by several processes, too many as well.
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
