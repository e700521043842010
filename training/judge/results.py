"""The results of judging clips: a row for each clip, setting and method, and their JSON file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from acutance.training.data.pictures import DataError

Size = Literal["native", "halved"]
_FORMAT = "acutance-train: judged clips, 1"


@dataclass(frozen=True)
class Judged:
    """One method on one clip in one setting.

    Attributes:
        set: Name of the set, such as `clips/val`.
        clip: Name of the file.
        category: Category of the clip.
        regime: `first_second` after a keyframe, `steady` (from second 2 on), or `shrunk1.5`, `shrunk2`, `shrunk3`: the
            steady state of a sender that reduces its frames by that ratio.
        size: Whether the clip was judged at its own size (`native`) or `halved` before it was coded.
        width: Width in pixels of the judged frames.
        height: Height in pixels of the judged frames.
        codec: `h264` or `vp8`.
        bits: Bits per coded pixel and frame that the encoder was set to.
        kbps: Bit rate in kbit/s that was sent in the judged frames.
        method: Name of the method in tables; `input` is what arrived.
        frames: Number of judged frames.
        figures: Figures by the name of a measure, see `acutance.training.judge.judge.MEASURES`.
    """

    set: str
    clip: str
    category: str
    regime: str
    size: Size
    width: int
    height: int
    codec: str
    bits: float
    kbps: float
    method: str
    frames: int
    figures: dict[str, float]


@dataclass(frozen=True)
class Results:
    """Rows, and how they were measured.

    Attributes:
        rows: The rows.
        about: `command`, `protocol`, `machine`, `versions`, `commit` and `date`.
    """

    rows: Sequence[Judged]
    about: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text of the JSON file: a line for each row."""
        lines = [json.dumps(asdict(row), ensure_ascii=False) for row in self.rows]
        head = json.dumps({"format": _FORMAT, **self.about}, indent=1, ensure_ascii=False)
        return head.removesuffix("\n}") + ',\n "rows": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"


def read_results(file: Path) -> Results:
    """Read the JSON file of `evaluate --json` on clips.

    Raises:
        DataError: The file cannot be read or was not written by `evaluate` on clips.
    """
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        if read.pop("format") != _FORMAT:
            raise ValueError("another format")
        return Results([Judged(**row) for row in read.pop("rows")], read)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file} was not written by `evaluate --json` on clips ({error})") from None
