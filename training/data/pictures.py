"""Folders of pictures: finding them, and reading them as planes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from acutance.training.data.planes import Planes, to_planes

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm"})


class DataError(Exception):
    """Data or options of training cannot be used; the message gives the reason."""


@dataclass(frozen=True)
class PictureFile:
    """A picture that can be decoded: path, category, width and height in pixels."""

    path: Path
    category: str
    width: int
    height: int


@dataclass(frozen=True)
class Skipped:
    """A file that is not used, and the reason."""

    path: Path
    reason: str


def find_pictures(
    sources: Sequence[Path], smallest: int, *, fallback: str = "all"
) -> tuple[list[PictureFile], list[Skipped]]:
    """Find every picture below `sources`, sorted by path.

    The category is the first folder below the source; pictures directly in it have the category `fallback`.

    Args:
        sources: Folders, searched with their sub-folders.
        smallest: Minimum of the shorter side in pixels; smaller pictures are skipped.
        fallback: Category of pictures directly in a source.

    Raises:
        DataError: A source is not a folder, or no usable picture is below any of them.
    """
    found: list[PictureFile] = []
    skipped: list[Skipped] = []
    for source in sources:
        if not source.is_dir():
            raise DataError(f"{source} is not a folder of pictures")
        for path in sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()):
            inside = path.relative_to(source).parts
            try:
                # The whole picture is decoded, so that a truncated file is found now and not in the middle of a run.
                with Image.open(path) as image:
                    image.load()
                    width, height = image.size
            except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
                skipped.append(Skipped(path, f"cannot be read ({error})"))
                continue
            except Image.DecompressionBombError:
                skipped.append(Skipped(path, "is too large to be decoded safely"))
                continue
            if min(width, height) < smallest:
                skipped.append(Skipped(path, f"is {width}x{height}, smaller than {smallest} px"))
                continue
            found.append(PictureFile(path, inside[0] if len(inside) > 1 else fallback, width, height))
    if not found:
        names = ", ".join(str(s) for s in sources)
        why = f"; {len(skipped)} skipped, the first {skipped[0].path} {skipped[0].reason}" if skipped else ""
        raise DataError(f"no usable picture (at least {smallest}x{smallest} px) in {names}{why}")
    return found, skipped


def read_planes(path: Path) -> Planes:
    """Read a picture as planes, chroma of full size, rotated by its EXIF orientation, with transparency on white.

    Raises:
        DataError: The file cannot be decoded as a picture.
    """
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file)
            if image.mode in ("RGBA", "LA", "PA", "P"):
                over = image.convert("RGBA")
                white = Image.new("RGBA", over.size, (255, 255, 255, 255))
                rgb = Image.alpha_composite(white, over).convert("RGB")
            elif image.mode.startswith("I"):
                # Grey of 16 bits: Pillow would clip all values above 255 to white.
                rgb = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
            else:
                rgb = image.convert("RGB")
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    except Image.DecompressionBombError:
        raise DataError(f"{path} is too large to be decoded safely") from None
    return to_planes(np.asarray(rgb))
