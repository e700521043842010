"""What was found in each file, noted as it is found: a cut-off run need not look into it again."""

import json
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from acutance.training.prepare.gate import Refusal
from acutance.training.prepare.inspection import Looked

_Stamp = tuple[str, int, int]


class Notes:
    """A file of JSON lines, one a file that was looked into.

    A note counts as long as the file has the size and the time of change that it had: only this decides whether to
    look again, nothing of it reaches the set.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[_Stamp, Looked] = {}

    def __enter__(self) -> Self:
        whole = b""
        if self._path.exists():
            # A run that was killed may leave half a line, which is cut off.
            whole, _, _ = self._path.read_bytes().rpartition(b"\n")
        for line in whole.splitlines():
            path, size, changed, looked = json.loads(line)
            refused = looked["refused"] and Refusal(**looked["refused"])
            self._known[path, size, changed] = Looked(
                **{**looked, "hashes": tuple(looked["hashes"]), "refused": refused}
            )
        self._file = self._path.open("r+b" if self._path.exists() else "w+b")
        self._file.truncate(len(whole) + 1 if whole else 0)
        self._file.seek(0, 2)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def of(self, path: Path) -> Looked | None:
        """What is known of a file; none if it was not looked into, or changed."""
        stamp = _stamp(path)
        return self._known.get(stamp) if stamp else None

    def add(self, path: Path, looked: Looked) -> None:
        """Note what was found."""
        stamp = _stamp(path) or (str(path), -1, -1)
        self._known[stamp] = looked
        self._file.write(json.dumps([*stamp, asdict(looked)]).encode() + b"\n")
        self._file.flush()


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_size, found.st_mtime_ns
