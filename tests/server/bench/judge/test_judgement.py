from pathlib import Path

import av
import numpy as np
import pytest

from acutance.server.bench.errors import BenchError
from acutance.server.bench.judge import compare as comparing
from acutance.server.bench.judge.frame_sets import COLUMNS, REFERENCE, frame_sets
from acutance.server.bench.judge.judgement import check_folder, judge
from acutance.server.bench.judge.regimes import regimes, write
from acutance.server.bench.material import Material, Plan, prepare
from acutance.server.bench.peers.round_trip import Trip
from acutance.server.frames.planes import plane_view
from tests.server.bench.judge.calls import report, returned


@pytest.fixture(scope="module")
def material() -> Material:
    return prepare(None, Plan((320, 192), bitrate=150_000, count=80))


@pytest.mark.parametrize(
    ("plan", "numbers"),
    [
        (Plan((640, 360), count=300), [range(30), range(60, 300)]),
        (Plan((640, 360), count=40), [range(30)]),
        (
            Plan((1280, 720), count=300, reduced=(640, 360), reduced_at=120),
            [range(30), range(60, 120), range(180, 300)],
        ),
    ],
)
def test_regimes_of_a_call(plan: Plan, numbers: list[range]) -> None:
    assert [part.numbers for part in regimes(plan, 600)] == numbers
    assert [len(part.numbers) for part in regimes(plan, 24)] == [24] * len(numbers)


def test_files_hold_the_frames_without_loss_and_without_the_bar_code(material: Material, tmp_path: Path) -> None:
    plan = material.plan
    trip = returned(material, lambda number: 300_000, dropped={3})
    sets = list(frame_sets(None, plan, material.packets, trip))
    first, steady = write(regimes(plan, 12), sets, plan, tmp_path)
    assert (first.name, first.frames, steady.name, steady.frames) == ("first_second", 11, "steady", 12)
    assert first.bytes == {name: sum(one.bytes[name] for one in sets[:11]) for name in COLUMNS}
    for name in (REFERENCE, *COLUMNS):
        with av.open(str(steady.files[name])) as container:
            assert container.streams.video[0].average_rate == 30
            frames = list(container.decode(video=0))
        assert [(frame.width, frame.height) for frame in frames] == [(320, 160)] * 12
        for frame, one in zip(frames, sets[59:], strict=False):
            for index, rows in enumerate((160, 80, 80)):
                np.testing.assert_array_equal(plane_view(frame, index), plane_view(one.videos[name], index)[:rows])


@pytest.mark.training
def test_the_measures_are_those_of_acutance_train(material: Material, tmp_path: Path) -> None:
    sets = frame_sets(None, material.plan, material.packets, returned(material, lambda number: 300_000))
    (first,) = write(regimes(material.plan, 8)[:1], sets, material.plan, tmp_path)
    same, worse = comparing.compare(first.files[REFERENCE], [first.files[REFERENCE], first.files["arrived"]])
    assert same.figures["jod"] == pytest.approx(10, abs=0.01)
    assert same.figures["psnr_y"] == 99
    assert worse.figures["jod"] < same.figures["jod"]
    assert worse.figures["vmaf_neg"] < same.figures["vmaf_neg"]
    assert "ColorVideoVDP" in worse.protocol


@pytest.mark.training
def test_what_cannot_be_compared_is_an_error_with_its_reason(tmp_path: Path) -> None:
    missing = tmp_path / "missing.mkv"
    with pytest.raises(BenchError, match=r"acutance-train compare .*missing\.mkv cannot be read"):
        comparing.compare(missing, [missing])


def test_too_few_frames_are_an_error(material: Material, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="needs 8 frames that were returned at 320x192"):
        judge(None, material, Trip(statistics=[report(1, 300_000)]), 60, tmp_path)


def test_a_missing_extra_is_an_error_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    comparing.require()
    monkeypatch.setattr(comparing, "_NEEDED", ("torch", "a_measure_that_is_missing"))
    with pytest.raises(BenchError, match=r"a_measure_that_is_missing is missing: pip install 'acutance\[train\]'"):
        comparing.require()


def test_a_folder_that_cannot_keep_videos_is_an_error_before_the_run(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "folder")
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BenchError, match=f"cannot keep videos in {file}"):
        check_folder(file)
