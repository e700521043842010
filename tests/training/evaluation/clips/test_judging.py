import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acutance.training.cli.evaluation.clips import are_clips
from acutance.training.data.pictures import DataError
from acutance.training.evaluation.clips import judging
from acutance.training.evaluation.clips.judging import judge_clips
from acutance.training.evaluation.clips.settings import ClipPlan
from acutance.training.evaluation.methods.methods import choose_all
from acutance.training.judge.judge import MEASURES, Options
from acutance.training.judge.results import Judged
from tests.training.conftest import draw
from tests.training.judge.videos import moving, write_lossless

FPS = 10.0


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of three seconds at 10 frames/s."""
    folder = tmp_path_factory.mktemp("clips")
    for index, name in enumerate(("people-a.mkv", "screen-b.mkv")):
        write_lossless(folder / name, moving(30, fps=FPS, seed=index))
    return folder


def plan(cache: Path, **changes: object) -> ClipPlan:
    chosen = ClipPlan(
        tuple(choose_all(["input", "unsharp"])),
        cache,
        ("psnr_y", "psnr_u"),
        sizes=("native",),
        regimes=("first_second", "steady"),
        codecs=("h264",),
        bits=(0.1,),
    )
    return replace(chosen, **changes)  # type: ignore[arg-type]


def test_a_row_for_each_clip_regime_and_method(clips: Path, tmp_path: Path) -> None:
    rows = judge_clips(plan(tmp_path), [clips])
    assert [(row.clip, row.regime, row.method) for row in rows] == [
        (clip, regime, method)
        for clip in ("people-a.mkv", "screen-b.mkv")
        for regime in ("first_second", "steady")
        for method in ("input", "unsharp")
    ]
    assert {(row.category, row.width, row.height, row.frames) for row in rows[:4]} == {("people", 160, 96, 10)}
    arrived, sharpened = rows[2:4]
    assert arrived.kbps == sharpened.kbps > 0
    assert arrived.figures["psnr_y"] != sharpened.figures["psnr_y"]
    assert arrived.figures["psnr_u"] == sharpened.figures["psnr_u"]  # chroma stays as decoded


def test_every_measure_is_in_the_rows(clips: Path, tmp_path: Path) -> None:
    changes = {"measures": tuple(MEASURES), "frames": 4, "options": Options(jod_frames=3), "regimes": ("shrunk2",)}
    rows = judge_clips(plan(tmp_path, **changes), [clips])
    assert all(list(row.figures) == list(MEASURES) and row.frames == 4 for row in rows)
    assert all(row.figures["jod"] < 9.9 for row in rows)


def test_what_was_judged_is_not_judged_again(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = plan(tmp_path)
    begun = judge_clips(replace(whole, regimes=("steady",), measures=("psnr_y",)), [clips])
    asked: list[tuple[str, ...]] = []
    judge = judging.judge
    monkeypatch.setattr(judging, "judge", lambda *call: asked.append(call[2]) or judge(*call))
    rows = judge_clips(whole, [clips])
    # Of the steady state only the other measure was missing.
    assert sorted(asked) == sorted([("psnr_y", "psnr_u")] * 4 + [("psnr_u",)] * 4)
    steady = [row for row in rows if row.regime == "steady"]
    assert [row.figures["psnr_y"] for row in steady] == [row.figures["psnr_y"] for row in begun]
    asked.clear()
    monkeypatch.setattr(judging, "send_clip", None)  # no clip is coded again either
    assert judge_clips(whole, [clips]) == rows
    assert not asked


def test_figures_are_measured_again_if_what_they_depend_on_changes(clips: Path, tmp_path: Path) -> None:
    one = plan(tmp_path, regimes=("steady",))
    judge_clips(one, [clips])
    count = len(list(tmp_path.iterdir()))
    judge_clips(replace(one, options=Options(display="60")), [clips])
    assert len(list(tmp_path.iterdir())) == 2 * count
    assert all(set(json.loads(file.read_text())) == {"psnr_y", "psnr_u", "kbps"} for file in tmp_path.iterdir())


@pytest.mark.training
def test_processes_change_nothing(clips: Path, tmp_path: Path) -> None:
    assert judge_clips(plan(tmp_path / "a"), [clips], processes=2) == judge_clips(plan(tmp_path / "b"), [clips])


def test_large_clips_are_halved_before_they_are_coded(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    write_lossless(tmp_path / "set" / "large.mkv", moving(2, (1000, 512), fps=FPS), "libx264", {"preset": "ultrafast"})
    changes = {"regimes": ("first_second",), "sizes": ("native", "halved")}
    rows = judge_clips(plan(tmp_path / "cache", **changes), [tmp_path / "set"])
    assert [(row.size, row.width, row.height) for row in rows[::2]] == [("native", 1000, 512), ("halved", 500, 256)]


def test_clips_that_end_before_the_steady_state_have_no_row_in_it(tmp_path: Path) -> None:
    write_lossless(tmp_path / "short.mkv", moving(12, fps=FPS))
    rows = judge_clips(plan(tmp_path / "cache"), [tmp_path])
    assert {row.regime for row in rows} == {"first_second"}
    with pytest.raises(DataError, match="too short for steady: the steady state begins after 2 seconds"):
        judge_clips(plan(tmp_path / "cache", regimes=("steady",)), [tmp_path])


def test_a_set_has_clips_or_pictures(clips: Path, tmp_path: Path) -> None:
    draw(1).save(tmp_path / "1.png")
    assert are_clips([clips])
    assert not are_clips([tmp_path])
    with pytest.raises(DataError, match="evaluate them separately"):
        are_clips([clips, tmp_path])
    with pytest.raises(DataError, match="has no clip"):
        judge_clips(plan(tmp_path / "cache"), [tmp_path])


def by_rate(rows: list[Judged]) -> list[float]:
    return [float(np.mean([row.kbps for row in rows if row.bits == bits])) for bits in (0.05, 0.2)]


def test_the_sent_rate_follows_the_setting(clips: Path, tmp_path: Path) -> None:
    low, high = by_rate(judge_clips(plan(tmp_path, bits=(0.05, 0.2), regimes=("steady",)), [clips]))
    assert high > 2 * low
