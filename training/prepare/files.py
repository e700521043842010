"""The source files of a training set, with category and licence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acutance.training.data import clips
from acutance.training.data import pictures as data
from acutance.training.data.licences import Catalogue
from acutance.training.data.pictures import DataError

_PREFIX = re.compile(r"([A-Za-z][A-Za-z_]*)-")


@dataclass(frozen=True)
class SourceFile:
    """A picture or clip below a source folder, not inspected yet.

    Attributes:
        path: Absolute path.
        name: Category and file name without suffix, unique among all files.
        category: Name of the category.
        moving: Whether it is a clip.
        validation: Whether it is below a validation folder.
        licence: The licence as the catalogue writes it.
        licence_class: The class of that licence.
    """

    path: Path
    name: str
    category: str
    moving: bool
    validation: bool
    licence: str
    licence_class: str


def find_files(sources: Sequence[Path], val: Sequence[Path], out: Path, licence: str = "") -> list[SourceFile]:
    """Find every picture and clip below the sources, each once.

    The category is the first folder below the source. Pictures directly in a source have the category `all`. The
    category of clips directly in a source is the part of their name before the first hyphen (`screen` for
    `screen-scrolling.mp4`), or `clips` without a hyphen.

    Args:
        sources: Folders, searched with their sub-folders.
        val: Folders of validation files; a file below both is validation.
        out: Folder of the set itself, which is left out.
        licence: Licence of files that no catalogue lists.

    Raises:
        DataError: A source is not a folder, or no source has a picture or clip.
    """
    found: dict[Path, SourceFile] = {}
    names: set[str] = set()
    for source, validation in [(folder, True) for folder in val] + [(folder, False) for folder in sources]:
        if not source.is_dir():
            raise DataError(f"{source} is not a folder of pictures or clips")
        catalogue = Catalogue.find(source, licence)
        for path in _files_below(source.resolve(), out.resolve()):
            if path in found:
                continue
            moving = path.suffix.lower() in clips.SUFFIXES
            category = _category(path.relative_to(source.resolve()).parts, moving)
            name = _unique_name(f"{category}/{path.stem}", names)
            names.add(name)
            rights = catalogue.licence_of(path)
            found[path] = SourceFile(path, name, category, moving, validation, rights.text, rights.kind)
    if not any(not file.validation for file in found.values()):
        raise DataError(f"no picture and no clip found in {', '.join(map(str, sources))}")
    return sorted(found.values(), key=lambda file: file.name)


def _files_below(source: Path, out: Path) -> list[Path]:
    wanted = data.SUFFIXES | clips.SUFFIXES
    return sorted(
        path
        for path in source.rglob("*")
        if path.suffix.lower() in wanted and path.is_file() and not path.is_relative_to(out)
    )


def _category(inside: Sequence[str], moving: bool) -> str:
    if len(inside) > 1:
        return inside[0]
    if not moving:
        return "all"
    prefix = _PREFIX.match(inside[0])
    return prefix[1] if prefix else "clips"


def _unique_name(name: str, names: set[str]) -> str:
    """`name`, or `name~2` and so on if it is in use; `#` is reserved for the numbers of segments."""
    name = name.replace("#", "_")
    unused, count = name, 1
    while unused in names:
        count += 1
        unused = f"{name}~{count}"
    return unused
