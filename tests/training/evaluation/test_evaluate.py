import csv
import io
import json
from pathlib import Path

import av
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from acutance.model.nets.export import to_onnx
from acutance.model.nets.shape import StudentShape
from acutance.training.cli.evaluation.evaluate import evaluate
from acutance.training.data.clips import read_clip
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import as_array
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.evaluate import Measurement, Plan, measure_sets
from acutance.training.evaluation.methods.methods import Choice, choose_all
from acutance.training.evaluation.rows import ALL, make_rows
from acutance.training.evaluation.tables import Report, as_csv, as_json, markdown
from acutance.training.evaluation.testsets import CALL_GRID, CODEC_GRID, expand, find_set, find_sources, samples
from acutance.training.metrics.registry import ALWAYS
from tests.model.students import lived_in
from tests.training.conftest import draw

app = typer.Typer()
app.command()(evaluate)
PLAIN = (Choice("input", "input"), Choice("unsharp", "unsharp"))


def measured(folder: Path, *degradations: str, processes: int = 1) -> list[Measurement]:
    return measure_sets(Plan(PLAIN, ALWAYS), [(folder, degradations)], processes)


def write_clip(path: Path, frames: int = 24, size: tuple[int, int] = (160, 96)) -> None:
    picture = np.asarray(draw(5, (size[0] + frames, size[1])))
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"qp": "4"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for index in range(frames):
            window = np.ascontiguousarray(picture[:, index : index + size[0]])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(window, format="rgb24")))
        container.mux(stream.encode(None))


def test_every_picture_is_measured_by_every_method(pictures: Path) -> None:
    found = measured(pictures, "bicubic2", "identity")
    assert len(found) == 5 * 2 * 2
    assert {one.category for one in found} == {"people", "text"}
    assert {one.set for one in found} == {f"{pictures.parent.name}/{pictures.name}"}
    before = [one for one in found if (one.method, one.degradation) == ("input", "identity")]
    assert [one.figures for one in before] == [{"psnr": 99.0, "ssim": 1.0}] * 5
    assert all(one.figures["psnr"] < 45 for one in found if one.degradation == "bicubic2")


def test_processes_change_nothing(pictures: Path) -> None:
    assert measured(pictures, "bicubic2", processes=2) == measured(pictures, "bicubic2")


def test_a_student_is_measured_through_the_engine(pictures: Path, tmp_path: Path) -> None:
    student = lived_in(StudentShape(8, 1, hinted=True))
    file = tmp_path / "own.onnx"
    file.write_bytes(to_onnx(student, {}))
    choices = choose_all([str(file)])
    found = measure_sets(Plan(tuple(choices), ALWAYS), [(pictures, ["h264-0.1"])])
    assert {one.method for one in found} == {"input", "own"}
    assert all(one.figures != other.figures for one, other in zip(found[::2], found[1::2], strict=True))


def test_a_set_with_a_broken_picture_has_no_figure(tmp_path: Path) -> None:
    draw(1).save(tmp_path / "good.png")
    (tmp_path / "torn.png").write_text("no picture")
    with pytest.raises(DataError, match=r"cannot be evaluated: .*torn\.png"):
        measured(tmp_path, "bicubic2")


def test_clips_are_evaluated_after_the_rate_control_settled(tmp_path: Path) -> None:
    write_clip(tmp_path / "screen-a.mp4")
    (source,) = find_sources(tmp_path, coded=True)
    assert (source.category, source.is_clip) == ("screen", True)
    (sample,) = samples(source, Degradation.parse("shrunk2-vp8-0.1"))
    assert sample.truth.shape == sample.input.luma.shape == (96, 160)
    assert sample.input.hints.reduction == pytest.approx(2)
    assert sample.input.hints.step > 0


def test_degraded_frames_are_kept_and_made_anew_when_the_file_changes(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    write_clip(tmp_path / "set" / "a.mp4")
    cache, how = tmp_path / "cache", Degradation.parse("h264-0.1")
    (source,) = find_sources(tmp_path / "set", coded=True)
    (made,) = samples(source, how, cache)
    (kept,) = cache.iterdir()
    (again,) = samples(source, how, cache)
    assert again.input.hints == made.input.hints
    np.testing.assert_array_equal(again.input.luma, made.input.luma)
    np.testing.assert_array_equal(again.truth, made.truth)
    write_clip(tmp_path / "set" / "a.mp4", frames=30)
    samples(source, how, cache)
    assert len(list(cache.iterdir())) == 2
    assert kept.is_file()


def test_large_clips_are_halved_and_broken_ones_named(tmp_path: Path) -> None:
    write_clip(tmp_path / "large.mp4", frames=2, size=(1280, 720))
    (frame, _) = read_clip(tmp_path / "large.mp4", 5)
    assert frame.size == (640, 360)
    assert frame.cb.size == (320, 180)
    (tmp_path / "torn.mp4").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"torn\.mp4 cannot be read"):
        read_clip(tmp_path / "torn.mp4", 5)


def test_luma_of_a_clip_is_what_was_coded(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", frames=3)
    with av.open(tmp_path / "clip.mp4") as container:
        expected = [frame.to_ndarray(format="yuv420p")[:96] for frame in container.decode(video=0)]
    for frame, luma in zip(read_clip(tmp_path / "clip.mp4", 5), expected, strict=True):
        np.testing.assert_array_equal(as_array(frame.y), luma)


def test_an_exact_degradation_rounds_nothing(pictures: Path) -> None:
    (first, *_) = find_sources(pictures, coded=False)
    (exact,), (coarse,) = (samples(first, Degradation.parse(name)) for name in ("bicubic2-float", "bicubic2"))
    assert exact.input.luma.dtype == np.float32
    assert exact.input.reduced is not None
    assert exact.input.reduced.dtype == np.float32
    assert np.any(exact.input.luma % 1)
    # The difference is two roundings: of the small picture and of the large one.
    assert 0 < np.abs(exact.input.luma - coarse.input.luma).max() < 2
    np.testing.assert_array_equal(exact.truth, coarse.truth)


def test_upscaling_networks_get_the_reduced_picture(pictures: Path) -> None:
    (first, *_) = find_sources(pictures, coded=False)
    (sample,) = samples(first, Degradation.parse("bicubic2"))
    assert sample.input.reduced is not None
    assert tuple(2 * side for side in sample.input.reduced.shape) == sample.truth.shape
    assert sample.border == 2


def test_sets_are_found_by_path_or_by_a_name_that_is_unique(tmp_path: Path) -> None:
    (tmp_path / "a" / "Set5").mkdir(parents=True)
    assert find_set(str(tmp_path / "a"), Path("nowhere")) == tmp_path / "a"
    assert find_set("Set5", tmp_path) == find_set("a/Set5", tmp_path) == tmp_path / "a" / "Set5"
    with pytest.raises(DataError, match="Set14 is neither a folder nor"):
        find_set("Set14", tmp_path)
    (tmp_path / "b" / "Set5").mkdir(parents=True)
    with pytest.raises(DataError, match="exactly one folder"):
        find_set("Set5", tmp_path)


def test_names_of_grids_stand_for_their_degradations() -> None:
    assert expand(["bicubic2", "codec"]) == ["bicubic2", *CODEC_GRID]
    assert expand(["call", "h264-0.1", "identity"]) == list(CALL_GRID)
    assert len(CALL_GRID) == 2 * 5 + 1
    with pytest.raises(DataError, match="'mist' is not a degradation"):
        expand(["mist"])


def made_up(method: str, degradation: str, source: str, psnr: float, ssim: float = 0.9) -> Measurement:
    return Measurement("s/t", "people", source, degradation, method, 4, {"psnr": psnr, "ssim": ssim})


def test_rows_have_gains_shares_of_worse_pairs_and_groups() -> None:
    found = []
    for source, gain in (("a", 1.0), ("b", -0.5)):
        for name in ("h264-0.05", "vp8-0.1", "identity"):
            found.append(made_up("input", name, source, 30))
            found.append(made_up("mine", name, source, 30 + gain, 0.91))
    rows = {(row.degradation, row.method): row for row in make_rows(found)}
    alone = rows["h264-0.05", "mine"]
    assert alone.gains["psnr"].mean == pytest.approx(0.25)
    assert (alone.gains["psnr"].low, alone.gains["psnr"].high) == (-0.5, 1.0)
    assert alone.worse == {"psnr": 0.5, "ssim": 0.0, "either": 0.5}
    assert (alone.sources, alone.frames) == (2, 8)
    assert rows["all but identity", "mine"].frames == 16
    assert rows["all but identity", "mine"].gains["ssim"].mean == pytest.approx(0.01)
    assert not any(row.degradation.startswith("codecs") for row in rows.values())


def test_tables_are_written_in_every_form(pictures: Path) -> None:
    report = Report(measured(pictures, "bicubic2", "bicubic3"), ALWAYS, notes=["lpips is absent: it is not there"])
    text = markdown("Trial", report)
    assert "| all but identity | 5 |" in text
    assert "| people, all but identity | 3 |" in text
    assert "Lpips is absent: it is not there." in text
    lines = list(csv.DictReader(io.StringIO(as_csv(report))))
    whole = [x for x in lines if (x["category"], x["degradation"], x["method"]) == ("all", "bicubic2", "unsharp")]
    assert {x["metric"] for x in whole} == {"psnr", "ssim"}
    loaded = json.loads(as_json(report))
    assert len(loaded["measurements"]) == 5 * 2 * 2
    place = ("all", "bicubic2", "unsharp")
    (row,) = [r for r in loaded["rows"] if (r["category"], r["degradation"], r["method"]) == place]
    assert float(whole[0]["mean"]) == pytest.approx(row["figures"]["psnr"]["mean"], abs=1e-5)


def test_the_command_measures_and_writes(pictures: Path, tmp_path: Path) -> None:
    order = ["unsharp", "--set", f"{pictures}:bicubic2", "--processes", "1"]
    order += ["--metric", "halo", "--json", str(tmp_path / "a.json"), "--cost", "--cost-size", "64x48"]
    result = CliRunner().invoke(app, order)
    assert result.exit_code == 0, result.output
    assert "gain over the input in PSNR" in result.output
    found = json.loads((tmp_path / "a.json").read_text())
    assert {row["method"] for row in found["rows"]} == {"input", "unsharp"}
    assert "halo" in found["rows"][0]["figures"]
    assert found["costs"][0]["timings"][0]["milliseconds"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["unsharp"], "name at least one --set"),
        (["sharper", "--set", "{}"], "'sharper' is not a method"),
        (["linear", "--set", "{}"], "with --fit-on"),
        (["unsharp", "--set", "{}", "--metric", "beauty"], "'beauty' is not a metric"),
        (["unsharp", "--cost", "--cost-size", "big"], "'big' is not a frame size"),
        (["unsharp", "a=unsharp", "unsharp=a=input", "--set", "{}"], "have the name unsharp"),
    ],
)
def test_wrong_arguments_are_explained_in_a_sentence(pictures: Path, arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, [part.format(pictures) for part in arguments])
    assert isinstance(result.exception, DataError)
    assert words in str(result.exception)


def test_pictures_of_one_name_in_two_categories_are_two_sources(tmp_path: Path) -> None:
    for index, category in enumerate(("people", "text")):
        (tmp_path / "set" / category).mkdir(parents=True)
        draw(index).save(tmp_path / "set" / category / "1.png")
    measurements = measured(tmp_path / "set", "bicubic2")
    assert len({one.source for one in measurements}) == 2
    assert [one.source for one in measurements] == ["people/1.png"] * 2 + ["text/1.png"] * 2
    (row,) = [row for row in make_rows(measurements) if (row.category, row.method) == (ALL, "input")]
    assert row.sources == 2
    assert row.gains["psnr"].mean == row.gains["psnr"].low == row.gains["psnr"].high == 0


def test_two_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    for index, parent in enumerate(("mine", "yours")):
        (tmp_path / parent / "clips" / "test").mkdir(parents=True)
        draw(index).save(tmp_path / parent / "clips" / "test" / "1.png")
    folders = [tmp_path / parent / "clips" / "test" for parent in ("mine", "yours")]
    with pytest.raises(DataError, match=r"both .*mine.* and .*yours.* would be clips/test in the tables"):
        measure_sets(Plan(PLAIN, ALWAYS), [(folder, ["identity"]) for folder in folders])
