"""The results of the interop tests, as the table of docs/interop.md."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from acutance.server.markdown import table
from acutance.server.telemetry.host_info import describe

DOCUMENT = Path(__file__).parents[2] / "docs" / "interop.md"
HEAD = ("software", "connection", "connects", "returned", "size", "closes cleanly", "notes")
_BEGIN, _END = "<!-- written by make interop -->", "<!-- end -->"


@dataclass(frozen=True)
class Row:
    """The result of one program with one kind of connection.

    Attributes:
        software: name and version.
        connection: kind of connection.
        frames: number of enhanced frames that it decoded; None if it did not connect.
        size: size of the last frame, such as 640x360.
        closes: whether the server had no session left afterwards.
        note: remarks, or the reason for a failure.
    """

    software: str
    connection: str
    frames: int | None
    size: str = ""
    closes: bool = False
    note: str = ""

    def cells(self) -> list[str]:
        """Return the cells of the row, as in `HEAD`."""
        returned = "no" if self.frames is None else f"{self.frames} frames"
        closes = "yes" if self.closes else "no" if self.frames is not None else ""
        connects = "yes" if self.frames else "no"
        return [self.software, self.connection, connects, returned, self.size, closes, self.note]


def write(rows: list[Row], document: Path = DOCUMENT) -> None:
    """Replace the rows of the last run in the document."""
    text = document.read_text(encoding="utf-8")
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    host = describe()
    lines = [
        _BEGIN,
        "",
        table(HEAD, [row.cells() for row in sorted(rows, key=lambda row: (row.software, row.connection))]),
        "",
        f"{date.today():%Y-%m-%d}, `make interop` at {host['commit']}: {host['cpu']}, "
        f"Python {host['python']}, aiortc {host['aiortc']}, PyAV {host['av']}; loopback only.",
        "",
        _END,
    ]
    document.write_text(head + "\n".join(lines) + tail, encoding="utf-8")
