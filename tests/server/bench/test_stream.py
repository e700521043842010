import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from acutance.server.bench.judge import judgement
from acutance.server.bench.judge.compare import Comparison
from acutance.server.bench.judge.frame_sets import COLUMNS
from acutance.server.bench.stream import StreamOptions, stream
from acutance.server.cli import main

pytestmark = pytest.mark.media

CLIPS = Path(__file__).parents[4] / "shared" / "data" / "clips" / "test"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--resize", "320x180@60", "--seconds", "60"], "ends after the resize"),
        (["--resize", "320x180@5", "--seconds", "90"], "at most 60 s"),
        (["--url", "http://localhost:1", "--serve", "student=nano"], "leave out --url"),
        (["--serve", "students=nano"], "'students' is not an option of `acutance serve`"),
        (["--judge", "--sessions", "2"], "--judge needs one session"),
        (["--judge", "--no-decode"], "--no-decode looks at no picture"),
        (["--judge", "--seconds", "61"], "--judge needs one session of at most 60 s"),
        (["--serve", "student"], "--serve takes an option of `acutance serve` as NAME=VALUE"),
    ],
)
def test_options_that_contradict_each_other_are_an_error(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "stream", "--seconds", "10", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_a_clip_that_does_not_exist_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "stream", "--clip", "nowhere.mp4"]) == 2
    assert "acutance: cannot read a video from nowhere.mp4" in capsys.readouterr().err


def _sizes(reference: Path, tests: Sequence[Path]) -> list[Comparison]:
    assert reference.stat().st_size > 10_000
    return [Comparison({"bytes": test.stat().st_size}, "size of the file") for test in tests]


@pytest.mark.parametrize("codec", ["h264", pytest.param("vp8", marks=pytest.mark.bench)])
def test_a_short_run_against_a_server_of_its_own(
    codec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The measures themselves have a test in tests/server/bench/judge: importing them takes longer than this run.
    monkeypatch.setattr(judgement, "compare", _sizes)
    clip = CLIPS / "sports_nature-sam2_01_dog_720p.mp4"
    log = tmp_path / "figures.jsonl"
    stream(
        StreamOptions(
            clip=clip if clip.exists() else None,
            size="480x272",
            codec=codec,  # type: ignore[arg-type]
            camera="soft",
            uplink=400_000,
            seconds=10,
            threads_table=True,
            judge=True,
            judge_frames=24,
            judge_keep=tmp_path / "videos",
            log=log,
        )
    )
    (line,) = log.read_text().splitlines()
    report = json.loads(line)
    assert report["host"]["aiortc"]
    figures = report["figures"]
    assert figures["in_order"]
    assert figures["returned"] > 0.5 * figures["sent"], "a busy machine may drop, a broken way drops nearly all"
    assert 0 < figures["latency_ms"]["p50"] < 1000
    assert 0.5 < figures["ssim"]["uplink"] < 1
    assert 0.5 < figures["ssim"]["returned"] < 1
    assert figures["server_cpu_ms_per_frame"] > 0
    assert figures["psnr_y"]["returned"] > 20
    assert figures["server_statistics"]["frames"]["received"] > 0.5 * figures["sent"]
    assert figures["server_statistics"]["size_out"] == [480, 272]
    assert figures["server_files"]["after"] <= figures["server_files"]["end"]
    by_work = figures["server_cpu_ms_per_frame_by_work"]
    assert by_work["encoding"] > 0
    assert by_work["decoding"] > 0
    # Threads and process are not measured at exactly the same time.
    assert sum(by_work.values()) == pytest.approx(figures["server_cpu_ms_per_frame"], rel=0.3)
    steady = figures["judge"]["regimes"]["steady"]
    assert 8 <= steady["frames"] <= 24, "dropped frames are left out"
    assert all(kbps > 50 for kbps in steady["kbps"].values())
    bytes_of = {name: (tmp_path / "videos" / f"steady-{name}.mkv").stat().st_size for name in COLUMNS}
    measured = steady["figures"]["bytes"]
    assert {name: measured[name] for name in COLUMNS} == bytes_of
    assert measured["second_encoding"] == bytes_of["encoded_again"] - bytes_of["arrived"]
    assert measured["student"] == bytes_of["returned"] - bytes_of["encoded_again"]
    assert "size of the file" in capsys.readouterr().out, "the protocol is printed below the measures"
    assert main(["bench", "report", str(log), str(log)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert any(f"| steady, {steady['frames']} frames | bytes |" in line for line in table)
    assert table[2] == table[3]
    assert f"| 480x272 | {codec} | soft | 400 | 10 | 1 of 1 | {figures['frame_rate']:.2f} |" in table[2]
    assert f"| 480x272 | {codec} | soft | 2 | {figures['frame_rate']:.2f} |" in table[-3], (
        "the summary is the last table"
    )
    assert report["host"]["cpu"] in table[-1]


def test_several_peers_and_one_more_than_the_server_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "figures.jsonl"
    stream(
        StreamOptions(
            size="320x192",
            uplink=200_000,
            seconds=10,
            sessions=3,
            serve=["max-sessions=2", "admission=false", "student=nano", "provider=cpu"],
            log=log,
        )
    )
    report = json.loads(log.read_text())
    sessions = report["figures"]["sessions"]
    refused = [session for session in sessions if "refused" in session]
    served = [session for session in sessions if "refused" not in session]
    assert len(served) == 2
    assert "All 2 sessions" in refused[0]["refused"]
    assert report["figures"]["frame_rate"] == min(session["frame_rate"] for session in served)
    assert report["server"]["student"] == "nano"
    capsys.readouterr()
    assert main(["bench", "report", str(log)]) == 0
    assert "| 2 of 3 |" in capsys.readouterr().out


def test_a_sender_that_reduces_its_size_receives_the_original_size(tmp_path: Path) -> None:
    log = tmp_path / "figures.jsonl"
    served = ["upscale=true", "provider=cpu"]
    stream(StreamOptions(size="640x384", resize="320x192@4", seconds=10, serve=served, log=log))
    after = json.loads(log.read_text())["figures"]["after_resize"]
    assert after["returned_sizes"].keys() == {"640x384"}
    assert after["frame_rate"] > 15
    assert 0.5 < after["ssim"]["bicubic"] < 1
    assert 0.5 < after["ssim"]["returned"] < 1


@pytest.mark.parametrize("codec", ["h264", pytest.param("vp8", marks=pytest.mark.bench)])
def test_peers_that_do_not_decode_recognise_forwarded_frames(codec: Literal["h264", "vp8"], tmp_path: Path) -> None:
    log = tmp_path / "figures.jsonl"
    stream(
        StreamOptions(
            size="320x192",
            codec=codec,
            uplink=200_000,
            seconds=10,
            keyframes=1,
            enhance=False,
            sessions=2,
            decode=False,
            serve=["admission=false", "student=nano", "provider=cpu"],
            log=log,
        )
    )
    figures = json.loads(log.read_text())["figures"]
    assert figures["equal_share"] > 0.9
    assert figures["frame_rate"] > 15
    assert figures["in_order"]
