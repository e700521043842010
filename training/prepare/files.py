"""The files that a training set is made of: where they are, what they show, whose they are."""

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
class Found:
    """A file of a source, not looked into yet.

    Attributes:
        path: Where it is, absolute.
        name: Its category and its name without suffix, unique among all files.
        category: What it shows.
        moving: Whether it is a clip.
        judged: Whether its source is one of validation.
        licence: In the catalogue's words.
        licence_class: What kind of licence that is.
    """

    path: Path
    name: str
    category: str
    moving: bool
    judged: bool
    licence: str
    licence_class: str


def find_files(sources: Sequence[Path], val: Sequence[Path], out: Path, licence: str = "") -> list[Found]:
    """Find every picture and clip below the sources, each once.

    The category is the first folder below the source. Pictures directly in a source are of category `all`; clips
    there of what their name begins with up to its first hyphen (`screen-scrolling.mp4`), otherwise of `clips`.

    Args:
        sources: Folders, searched with their sub-folders.
        val: Folders of validation; what is in both is of validation.
        out: The set's own folder, which is left out.
        licence: The licence of files that no catalogue lists.

    Raises:
        DataError: A source is no folder, or there is neither a picture nor a clip in any.
    """
    found: dict[Path, Found] = {}
    names: set[str] = set()
    for source, judged in [(folder, True) for folder in val] + [(folder, False) for folder in sources]:
        if not source.is_dir():
            raise DataError(f"{source} is not a folder of pictures or clips")
        catalogue = Catalogue.find(source, licence)
        for path in _below(source.resolve(), out.resolve()):
            if path in found:
                continue
            moving = path.suffix.lower() in clips.SUFFIXES
            category = _category(path.relative_to(source.resolve()).parts, moving)
            name = _unused(f"{category}/{path.stem}", names)
            names.add(name)
            rights = catalogue.of(path)
            found[path] = Found(path, name, category, moving, judged, rights.text, rights.kind)
    if not any(not file.judged for file in found.values()):
        raise DataError(f"there is no picture and no clip in {', '.join(map(str, sources))}")
    return sorted(found.values(), key=lambda file: file.name)


def _below(source: Path, out: Path) -> list[Path]:
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


def _unused(name: str, names: set[str]) -> str:
    """`name`, or `name~2` and so on; `#` parts a clip's name from its segments' numbers."""
    name = name.replace("#", "_")
    unused, count = name, 1
    while unused in names:
        count += 1
        unused = f"{name}~{count}"
    return unused
