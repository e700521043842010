import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from acutance.training.data.pictures import DataError
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.cost import costs
from acutance.training.evaluation.crops import CROPS, Crop, strip
from acutance.training.evaluation.evaluate import Plan, measure_sets
from acutance.training.evaluation.figures import draw_plot, draw_strips, read_points
from acutance.training.evaluation.methods.methods import choose_all, open_method
from acutance.training.evaluation.tables import Report, as_json
from acutance.training.evaluation.testsets import find_sources, samples
from acutance.training.metrics.registry import ALWAYS
from tests.training.conftest import draw


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "test" / "text").mkdir(parents=True)
    draw(3, (420, 300)).save(tmp_path / "test" / "text" / "a.png")
    (tmp_path / "CATALOG.tsv").write_text("path\tlicence\tclass\ntest/text/a.png\tCC0-1.0\tA\n")
    return tmp_path


def test_a_crop_shows_the_same_place_under_every_degradation(data: Path) -> None:
    methods = [open_method(choice) for choice in choose_all(["unsharp"])]
    crop = Crop("letters", "test/text", "a.png", 40, 30)
    whole, coded = (strip(crop, Degradation.parse(name), methods, data) for name in ("bicubic2", "h264-0.1"))
    assert [panel.title for panel in whole.panels] == ["input", "unsharp", "truth"]
    np.testing.assert_array_equal(whole.panels[-1].luma, coded.panels[-1].luma)
    (sample,) = samples(find_sources(data / "test" / "text", coded=False)[0], Degradation.parse("h264-0.1"))
    np.testing.assert_array_equal(coded.panels[-1].luma, sample.truth[30 : 30 + 84, 40 : 40 + 112])
    assert whole.panels[0].ssim != whole.panels[1].ssim
    assert whole.credit == "letters: test/text/a.png, bicubic2; licence: CC0-1.0"


def test_strips_are_drawn_at_three_times_their_size(data: Path, tmp_path: Path) -> None:
    methods = [open_method(choice) for choice in choose_all(["unsharp"])]
    line = strip(Crop("letters", "test/text", "a.png", 0, 0), Degradation.parse("bicubic2"), methods, data)
    draw_strips([line, line], "bicubic2", tmp_path / "crops.png")
    with Image.open(tmp_path / "crops.png") as figure:
        assert figure.width > 3 * 3 * 112
        assert figure.height > 2 * 3 * 84
        assert len(np.unique(np.asarray(figure.convert("L")))) > 50
    assert (tmp_path / "crops.txt").read_text().count("CC0-1.0") == 2


def test_a_missing_crop_is_reported(data: Path) -> None:
    with pytest.raises(DataError, match=r"test/text below .* has no b\.png"):
        strip(Crop("x", "test/text", "b.png", 0, 0), Degradation(), [], data)
    with pytest.raises(DataError, match="exceeds its"):
        strip(Crop("x", "test/text", "a.png", 400, 0), Degradation.parse("h264-0.1"), [], data)


def test_the_crops_that_ship_show_text_people_and_fur() -> None:
    assert {crop.set for crop in CROPS} >= {"test/text", "test/people", "test/animals", "clips/test"}


def test_quality_is_plotted_for_timed_methods(pictures: Path, tmp_path: Path) -> None:
    choices = choose_all(["unsharp"])
    found = measure_sets(Plan(tuple(choices), ALWAYS), [(pictures, ["bicubic2", "identity"])])
    file = tmp_path / "found.json"
    file.write_text(as_json(Report(found, ALWAYS, costs(choices, (64, 48), rounds=2))))
    (point,) = read_points(file, "", "bicubic2", "CPU, 2 threads")
    rows = [row for row in json.loads(file.read_text())["rows"] if row["method"] == "unsharp"]
    assert point.psnr[0] == rows[0]["gains"]["psnr"]["mean"]
    assert point.psnr[1] <= point.psnr[0] <= point.psnr[2]
    draw_plot([point], "trial", tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as figure:
        assert figure.width > 1000
    for words, arguments in (
        ("has no timings", ("", "", "CUDA")),
        ("has no results of a timed method on h264-0.1", ("", "h264-0.1", "CPU, 2 threads")),
    ):
        with pytest.raises(DataError, match=words):
            read_points(file, *arguments)
    untimed = tmp_path / "untimed.json"
    untimed.write_text(as_json(Report(found, ALWAYS)))
    with pytest.raises(DataError, match=r"untimed\.json has no timings"):
        read_points(untimed, "", "bicubic2", "CPU, 2 threads")
    assert read_points(untimed, "", "bicubic2", "CPU, 2 threads", file) == [point]
    file.write_text("{}")
    with pytest.raises(DataError, match="was not written by `evaluate --json`"):
        read_points(file, "", "", "CPU")
