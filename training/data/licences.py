"""Licences of files, read from a catalogue (`CATALOG.tsv`) beside them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from acutance.training.data.pictures import DataError

CATALOG = "CATALOG.tsv"
CLASSES = {
    "A": "public domain or CC0",
    "B": "attribution or permissive",
    "C": "CC-BY-SA or GPL",
    "P": "Unsplash or Pexels licence",
    "D": "none stated",
}
UNKNOWN = "not catalogued"


@dataclass(frozen=True)
class Licence:
    """The licence of a file as the catalogue writes it, and its class (`kind`)."""

    text: str
    kind: str


@dataclass(frozen=True)
class Catalogue:
    """Licences by resolved path; `otherwise` is the licence of files that are not in the catalogue."""

    licences: dict[Path, Licence]
    otherwise: Licence

    @classmethod
    def find(cls, source: Path, otherwise: str = "") -> "Catalogue":
        """Read the `CATALOG.tsv` of a folder, or of the nearest of its two parents.

        The table has the columns `path` (relative to the folder of the catalogue), `licence` and `class`.

        Args:
            source: The folder.
            otherwise: Licence of files that are not in the catalogue.

        Raises:
            DataError: The catalogue cannot be read, or has no column `path`.
        """
        stated = Licence(otherwise, f"stated: {otherwise}") if otherwise else Licence(UNKNOWN, UNKNOWN)
        own = source.resolve()
        for folder in (own, *own.parents[:2]):
            if (folder / CATALOG).is_file():
                return cls(_read(folder / CATALOG), stated)
        return cls({}, stated)

    def licence_of(self, path: Path) -> Licence:
        """The licence of a file."""
        return self.licences.get(path.resolve(), self.otherwise)


def _read(path: Path) -> dict[Path, Licence]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, delimiter="\t")
            if "path" not in (table.fieldnames or ()):
                raise DataError(f"{path} has no column 'path': it needs path, licence and class, separated by tabs")
            found = {}
            for line in table:
                letter = line.get("class") or ""
                text = line.get("licence") or UNKNOWN
                found[path.parent / line["path"]] = Licence(text, CLASSES.get(letter, letter or UNKNOWN))
            return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
