from pathlib import Path

import pytest

from acutance.training.data.pictures import DataError
from acutance.training.judge.results import Judged, Results, read_results


def row(method: str, **figures: float) -> Judged:
    return Judged(
        "clips/val", "a.mp4", "people", "steady", "halved", 640, 360, "vp8", 0.02, 138.25, method, 24, figures
    )


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = Results(
        [row("input", jod=8.12346, psnr_y=31.5), row("base", jod=8.2)], {"command": "evaluate", "date": "x"}
    )
    file = tmp_path / "results.json"
    file.write_text(written.to_json(), encoding="utf-8")
    read = read_results(file)
    assert read.about == written.about
    assert read.rows == [row("input", jod=8.12346, psnr_y=31.5), row("base", jod=8.2)]


@pytest.mark.parametrize("text", ["{}", "no JSON", '{"format": "another", "rows": []}', '["rows"]'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(DataError, match=r"other\.json was not written by `evaluate --json` on clips"):
        read_results(tmp_path / "other.json")
