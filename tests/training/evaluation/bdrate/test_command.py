"""`acutance-train bdrate` turns the results of `evaluate` into tables and a plot."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from acutance.training.cli.main import app
from acutance.training.data.pictures import DataError
from acutance.training.evaluation.bdrate.report import Report, markdown
from acutance.training.evaluation.bdrate.savings import Choice, means, savings
from acutance.training.judge.results import Results
from tests.training.evaluation.bdrate.results import results


def test_the_mean_over_clips_is_the_gain_and_its_interval_holds_every_clip() -> None:
    found = savings(results({"nano": 1.05, "base": 1.25, "unsharp": 0.9}).rows, Choice(methods=("nano", "base")))
    assert len(found) == 3 * 2 * 2 * 3
    mean = means(found)["vp8", "base", "jod"]
    assert mean.estimate is not None
    assert mean.estimate.mean == pytest.approx(-20, abs=0.05)
    assert -21 < mean.estimate.low < mean.estimate.mean < mean.estimate.high < -19
    assert mean.worst == pytest.approx(100 / (1.25 * 0.99) - 100)
    assert (mean.clips, mean.without) == (3, 0)


def test_the_bits_that_were_sent_count_and_not_the_setting() -> None:
    rows = [replace(row, kbps=2 * row.kbps) for row in results({"base": 1.25}).rows]
    twice, once = savings(rows, Choice()), savings(results({"base": 1.25}).rows, Choice())
    assert [one.bd_rate.percent for one in twice] == pytest.approx([one.bd_rate.percent for one in once])


def test_the_command_writes_tables_and_a_plot(tmp_path: Path) -> None:
    for name, codec in (("a.json", "h264"), ("b.json", "vp8")):
        rows = [row for row in results({"nano": 1.05, "base": 1.25}).rows if row.codec == codec]
        (tmp_path / name).write_text(Results(rows, results({}).about).to_json(), encoding="utf-8")
    page, plot = tmp_path / "bdrate.md", tmp_path / "bdrate.png"
    arguments = ["bdrate", *(str(tmp_path / name) for name in ("a.json", "b.json"))]
    done = CliRunner().invoke(app, [*arguments, "--markdown", str(page), "--plot", str(plot)])
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    assert "H.264 at 0.0125, 0.02, 0.03, 0.05, 0.1, VP8 at 0.0125, 0.02, 0.03, 0.05, 0.1 bits per pixel" in text
    assert "| base | -20.0 [-20." in text
    assert "## VP8 at equal JOD, by clip" in text
    assert "| two.mp4 | -4.8 | -20.0 |" in text
    assert "a.json: `acutance-train evaluate input nano base`, measured on 2 x AMD EPYC, torch 2.14.1" in text
    assert "(bdrate.png)" in text
    pixels = np.asarray(Image.open(plot).convert("RGB"))
    assert pixels.shape[0] > 500
    assert (pixels != 255).any(axis=(0, 2)).mean() > 0.9, "panels fill the width"


def test_a_clip_without_a_number_is_counted_and_explained() -> None:
    rows = [row for row in results({"base": 1.25}).rows if row.bits < 0.1 or row.clip != "one.mp4"]
    text = markdown(Report(savings(rows, Choice()), Choice(), {}))
    assert "- one.mp4, H.264, JOD, base: 4 different bit rates, of 5." in text
    assert "native size, 3 clips; H.264 at" in text
    assert "2 of 3 clips |" in text
    assert "| one.mp4 | - |" in text


@pytest.mark.parametrize(
    ("gains", "choice", "complaint"),
    [
        (
            {"base": 1.2},
            Choice("shrunk2"),
            "no results for shrunk2 at native size up to 0.1 bits per pixel: .* steady at",
        ),
        ({"base": 1.2}, Choice(most_bits=0.01), "up to 0.01 bits"),
        ({}, Choice(), "the results have input only"),
        ({"base": 1.2}, Choice(methods=("small",)), "no results of 'small': the files have input, base"),
    ],
)
def test_results_that_do_not_fit_are_an_error(gains: dict[str, float], choice: Choice, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        savings(results(gains).rows, choice)


def test_a_setting_that_is_there_twice_is_an_error() -> None:
    rows = results({"base": 1.2}).rows
    with pytest.raises(DataError, match=r"one\.mp4, h264 at 0\.0125 bits per pixel, input is there twice"):
        savings([*rows, *rows], Choice())
