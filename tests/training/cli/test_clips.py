from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from acutance.training.cli.evaluation.evaluate import evaluate
from acutance.training.data.pictures import DataError
from acutance.training.evaluation.clips.tables import markdown
from acutance.training.judge.results import read_results
from tests.training.judge.videos import moving, write_lossless

app = typer.Typer()
app.command()(evaluate)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    folder.mkdir()
    write_lossless(folder / "people-a.mkv", moving(12, fps=10))
    return folder


def test_evaluate_judges_clips_and_writes_tables_and_results(clips: Path, tmp_path: Path) -> None:
    json, tables = tmp_path / "out.json", tmp_path / "out.md"
    grid = ["--regime", "first_second", "--codec", "vp8", "--bits", "0.1", "--size", "native", "--processes", "1"]
    measures = ["--without", "jod", "--without", "vmaf", "--without", "vmaf_neg"]
    files = ["--json", str(json), "--markdown", str(tables), "--cache", str(tmp_path / "cache")]
    done = CliRunner().invoke(app, ["unsharp", "--set", str(clips), *grid, *measures, *files], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "judging: 1 of 1" in done.output
    results = read_results(json)
    assert [(row.method, row.codec, row.bits) for row in results.rows] == [
        ("input", "vp8", 0.1),
        ("unsharp", "vp8", 0.1),
    ]
    assert list(results.rows[0].figures) == ["psnr_y", "ssim_y", "psnr_u", "psnr_v", "flicker"]
    assert tables.read_text("utf-8") == markdown(results)
    assert "harmed" in done.output


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--degradation", "bicubic2"], "--degradation, --metric, --csv and --cost are for pictures"),
        (["--regime", "later"], "'later' is not a regime"),
        (["--measure", "psnr"], "'psnr' is not a measure of videos"),
        (["--display", "cinema"], "'cinema' is not a display"),
        (["--json", "nowhere/out.json"], "nowhere/out.json cannot be written"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_coded(clips: Path, options: list[str], why: str) -> None:
    done = CliRunner().invoke(app, ["input", "--set", str(clips), *options])
    assert isinstance(done.exception, DataError)
    assert why in str(done.exception)
