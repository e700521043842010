from pathlib import Path

import pytest

from acutance.training.evaluation.clips.settings import ClipPlan
from acutance.training.evaluation.clips.summary import ALL, summaries
from acutance.training.evaluation.clips.tables import grids, markdown, results
from acutance.training.evaluation.methods.methods import choose_all
from acutance.training.judge.results import Judged


def row(clip: str, bits: float, method: str, jod: float, psnr: float, regime: str = "steady") -> Judged:
    figures = {"jod": jod, "psnr_y": psnr}
    return Judged("clips/val", clip, "people", regime, "halved", 640, 360, "vp8", bits, 900 * bits, method, 24, figures)


ROWS = [
    row("people-a.mp4", 0.02, "input", 8.0, 30.0),
    row("people-a.mp4", 0.02, "base", 8.2, 30.51),
    row("people-b.mp4", 0.02, "input", 7.0, 28.0),
    row("people-b.mp4", 0.02, "base", 7.4, 27.9),
    row("people-a.mp4", 0.1, "input", 9.5, 38.0),
    row("people-a.mp4", 0.1, "base", 9.5, 37.99),
    row("people-b.mp4", 0.1, "input", 9.3, 36.0),
    row("people-b.mp4", 0.1, "base", 9.4, 36.0),
]


def test_gains_are_means_over_clips_and_harm_counts_pairs() -> None:
    found = {(one.setting, one.method): one for one in summaries(ROWS)}
    low = found["vp8 0.02", "base"]
    assert low.clips == 2
    assert low.gains["jod"].mean == pytest.approx(0.3)
    assert low.figures["psnr_y"].mean == pytest.approx(29.205)
    assert low.harm is not None
    assert (low.harm.harmed, low.harm.pairs, low.harm.clip) == (1, 2, "people-b.mp4")
    assert low.harm.worst == pytest.approx(0.1)
    high = found["vp8 0.1", "base"].harm  # a hundredth of a decibel is no harm
    assert high is not None
    assert high.harmed == 0
    # The mean over settings is taken for each clip first: its interval is over two clips, not over four pairs.
    whole = found[ALL, "base"]
    assert whole.gains["jod"].mean == pytest.approx(0.175)
    assert (whole.gains["jod"].low, whole.gains["jod"].high) == (pytest.approx(0.1), pytest.approx(0.25))


def test_a_table_shows_what_gets_worse_beside_what_gets_better() -> None:
    means, clips = grids(ROWS)
    assert means.title.startswith("clips/val, halved, steady")
    assert means.columns == ["setting", "kbit/s", "method", "JOD", "PSNR of luma, dB", "harmed", "worst, dB"]
    lines = {(line[0], line[2]): line for line in means.lines}
    assert lines["vp8 0.02", "input"] == ["vp8 0.02", "18", "input", "7.50", "29.00", "", ""]
    assert lines["vp8 0.02", "base"][3].startswith("+0.30 [")
    assert lines["vp8 0.02", "base"][5:] == ["1 of 2", "-0.10 (b)"]
    assert lines["vp8 0.1", "base"][5:] == ["0 of 2", "-0.01 (a)"]
    assert clips.columns == ["clip", "base"]
    assert clips.lines == [["a", "+0.10 / +0.25 (-0.01)"], ["b", "+0.25 / -0.05 (-0.10)"]]


def test_what_nothing_changes_is_zero() -> None:
    (means, _) = grids([row("people-a.mp4", 0.02, method, 8.0, 30.0) for method in ("input", "base")])
    assert means.lines[1][3:] == ["0", "0", "0 of 1", "none"]


def test_every_regime_has_its_own_table() -> None:
    shrunk = [row("people-a.mp4", 0.05, "input", 8.0, 30.0, "shrunk2")]
    assert [grid.title.partition(":")[0] for grid in grids([*ROWS, *shrunk])] == [
        "clips/val, halved, steady",
        "clips/val, halved, steady, by clip",
        "clips/val, halved, shrunk2",
    ]


def test_markdown_names_the_command_and_the_protocol(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["acutance-train", "evaluate", "base", "--set", "clips/val"])
    plan = ClipPlan(tuple(choose_all(["base"])), tmp_path, ("jod", "psnr_y"), frames=24)
    text = markdown(results(ROWS, plan))
    assert "`acutance-train evaluate base --set clips/val`" in text
    assert "JOD by ColorVideoVDP" in text
    assert "at most 24 frames of a regime" in text
    assert "VMAF" not in text.rpartition("\n\n")[2]
