"""The results of the interop tests, as the table of docs/interop.md."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from acutance.server.markdown import table
from acutance.server.telemetry.host_info import describe

DOCUMENT = Path(__file__).parents[2] / "docs" / "interop.md"
HEAD = ("other side", "way", "connects", "came back", "size", "closes cleanly", "to know")
_BEGIN, _END = "<!-- written by make interop -->", "<!-- end -->"


@dataclass(frozen=True)
class Row:
    """The result of one peer with one kind of connection.

    Attributes:
        peer: its name and version.
        way: kind of connection.
        frames: enhanced frames that it decoded; None if it did not connect.
        size: of the last of them, as in 640x360.
        closes: whether the server had no session left after its end.
        note: remarks, or why it does not work.
    """

    peer: str
    way: str
    frames: int | None
    size: str = ""
    closes: bool = False
    note: str = ""

    def cells(self) -> list[str]:
        """Return the cells of the row, as in `HEAD`."""
        returned = "no" if self.frames is None else f"{self.frames} frames"
        closes = "yes" if self.closes else "no" if self.frames is not None else ""
        connects = "yes" if self.frames else "no"
        return [self.peer, self.way, connects, returned, self.size, closes, self.note]


def write(rows: list[Row], document: Path = DOCUMENT) -> None:
    """Replace the rows of the last run in the document."""
    text = document.read_text(encoding="utf-8")
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    host = describe()
    lines = [
        _BEGIN,
        "",
        table(HEAD, [row.cells() for row in sorted(rows, key=lambda row: (row.peer, row.way))]),
        "",
        f"{date.today():%Y-%m-%d}, `make interop` at {host['commit']}: {host['cpu']}, "
        f"Python {host['python']}, aiortc {host['aiortc']}, PyAV {host['av']}; loopback alone.",
        "",
        _END,
    ]
    document.write_text(head + "\n".join(lines) + tail, encoding="utf-8")
