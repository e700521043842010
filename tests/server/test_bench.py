import json
from pathlib import Path

import numpy as np
import pytest

from server import barcode
from server.bench import StreamOptions, measure, stream
from server.bench_material import SAMPLE_EVERY, MaterialError, prepare
from server.bench_peer import PeerError, Trip
from server.cli import main

CLIPS = Path(__file__).parents[3] / "shared" / "data" / "clips" / "test"


def _trip(latency: float, growth: float = 0.0, drop_every: int = 0, seconds: int = 20) -> Trip:
    trip = Trip()
    for number in range(seconds * 30):
        trip.sent[number] = number / 30
        if not drop_every or number % drop_every:
            trip.returned.append((number, number / 30 + latency + growth * number / 30))
    return trip


def test_a_steady_trip_is_measured_as_it_is() -> None:
    figures = measure(_trip(0.080), rate=30)
    assert figures["frame_rate"] == 30.0
    assert figures["latency_ms"] == {"p50": 80.0, "p95": 80.0, "p99": 80.0}
    assert figures["drift_ms"] == 0.0
    assert figures["in_order"]


def test_drops_and_growing_latency_are_seen() -> None:
    figures = measure(_trip(0.080, growth=0.010, drop_every=10), rate=30)
    assert figures["frame_rate"] == pytest.approx(27.0, abs=0.1)
    # From the middle of the first five seconds after warm-up to the middle of the last: 12.5 s.
    assert figures["drift_ms"] == pytest.approx(125, abs=3)


def test_frames_out_of_order_are_seen() -> None:
    trip = _trip(0.080)
    trip.returned[100], trip.returned[101] = trip.returned[101], trip.returned[100]
    assert not measure(trip, rate=30)["in_order"]


def test_nothing_back_is_an_error_and_not_a_zero() -> None:
    with pytest.raises(PeerError, match="no frame came back"):
        measure(Trip(sent=_trip(0).sent), rate=30)


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_the_material_is_bar_coded_and_as_soft_as_said(codec: str) -> None:
    sharp = prepare(None, (320, 192), codec, "sharp", 500_000, 30, 40)
    blurred = prepare(None, (320, 192), codec, "soft", 500_000, 30, 40)
    assert len(sharp.packets) == 40
    assert list(sharp.pristine) == list(sharp.uplink) == [0, SAMPLE_EVERY, 2 * SAMPLE_EVERY]
    for number in sharp.uplink:
        assert barcode.read(sharp.uplink[number]) == barcode.read(blurred.uplink[number]) == number
        assert np.array_equal(sharp.pristine[number], blurred.pristine[number])

    def detail(luma: np.ndarray) -> float:
        return float(np.abs(np.diff(luma[: -2 * barcode.BLOCK].astype(float))).mean())

    assert detail(blurred.uplink[15]) < detail(sharp.uplink[15])


@pytest.mark.parametrize("clip", [Path("nowhere.mp4"), Path(__file__)])
def test_a_clip_that_cannot_be_read_is_named(clip: Path) -> None:
    with pytest.raises(MaterialError, match=clip.name):
        prepare(clip, (320, 192), "H264", "sharp", 500_000, 30, 10)


@pytest.mark.parametrize(
    ("size", "count", "complaint"),
    [
        ((280, 192), 10, "280x192"),
        ((641, 360), 10, "641x360"),
        ((640, 361), 10, "640x361"),
        ((640, 32), 10, "640x32"),
        ((640, 360), 70_000, "70000 frames"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_is_encoded(size: tuple[int, int], count: int, complaint: str) -> None:
    with pytest.raises(MaterialError, match=complaint):
        prepare(None, size, "H264", "sharp", 500_000, 30, count)


def test_a_log_that_cannot_be_written_is_said_before_the_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["bench", "stream", "--log", str(tmp_path / "nowhere" / "log.jsonl")]) == 2
    assert "acutance: cannot write to" in capsys.readouterr().err


def test_a_wrong_clip_is_one_line_for_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "stream", "--clip", "nowhere.mp4"]) == 2
    assert "acutance: cannot read a video from nowhere.mp4" in capsys.readouterr().err


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_a_short_run_against_a_server_of_its_own(
    codec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
            log=log,
        )
    )
    (line,) = log.read_text().splitlines()
    report = json.loads(line)
    assert report["machine"]["aiortc"]
    figures = report["figures"]
    assert figures["in_order"]
    assert figures["returned"] > 0.5 * figures["sent"], "a busy machine may drop, a broken way drops nearly all"
    assert 0 < figures["latency_ms"]["p50"] < 1000
    assert 0.5 < figures["ssim"]["uplink"] < 1
    assert 0.5 < figures["ssim"]["returned"] < 1
    assert figures["server_cpu_ms_per_frame"] > 0
    capsys.readouterr()
    assert main(["bench", "report", str(log), str(log)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[2] == table[3]
    assert f"| 480x272 | {codec} | soft | 10 | {figures['frame_rate']:.2f} |" in table[2]
    assert f"| 480x272 | {codec} | soft | 2 | {figures['frame_rate']:.2f} |" in table[7]
    assert report["machine"]["cpu"] in table[-1]


def test_a_file_that_is_no_log_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text('{"options": {}}\n')
    assert main(["bench", "report", str(file)]) == 2
    assert "other.jsonl is not a log of" in capsys.readouterr().err


@pytest.mark.skipif(not CLIPS.exists(), reason="the project's clips (shared/data/clips) are not on this machine")
def test_a_real_clip_of_another_shape_is_cut_and_not_stretched() -> None:
    upright = CLIPS / "talking_head-liveportrait_d0.mp4"
    material = prepare(upright, (640, 360), "H264", "sharp", 600_000, 30, 20)
    assert all(picture.shape == (360, 640) for picture in material.pristine.values())
    assert material.pristine[0].std() > 10
