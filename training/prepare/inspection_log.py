"""A log of inspections, so that a resumed run does not repeat them."""

import json
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from acutance.training.prepare.gate import Refusal
from acutance.training.prepare.inspection import Inspection

_Stamp = tuple[str, int, int]


class InspectionLog:
    """A file of JSON lines, one for each inspected file.

    An entry is valid while the size and modification time of the file are unchanged. The set contains neither.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[_Stamp, Inspection] = {}

    def __enter__(self) -> Self:
        whole = b""
        if self._path.exists():
            # A killed run may leave half a line, which is removed.
            whole, _, _ = self._path.read_bytes().rpartition(b"\n")
        for line in whole.splitlines():
            path, size, changed, inspection = json.loads(line)
            refused = inspection["refused"] and Refusal(**inspection["refused"])
            self._known[path, size, changed] = Inspection(
                **{**inspection, "hashes": tuple(inspection["hashes"]), "refused": refused}
            )
        self._file = self._path.open("r+b" if self._path.exists() else "w+b")
        self._file.truncate(len(whole) + 1 if whole else 0)
        self._file.seek(0, 2)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def find(self, path: Path) -> Inspection | None:
        """The inspection of a file; None if it is missing or the file has changed."""
        stamp = _stamp(path)
        return self._known.get(stamp) if stamp else None

    def add(self, path: Path, inspection: Inspection) -> None:
        """Append the inspection of a file."""
        stamp = _stamp(path) or (str(path), -1, -1)
        self._known[stamp] = inspection
        self._file.write(json.dumps([*stamp, asdict(inspection)]).encode() + b"\n")
        self._file.flush()


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_size, found.st_mtime_ns
