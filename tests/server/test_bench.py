import json
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest

from server import barcode
from server.bench import StreamOptions, stream
from server.bench_figures import after_resize, measure, process, quality, said, worst
from server.bench_material import SAMPLE_EVERY, Material, MaterialError, Plan, prepare
from server.bench_peer import PeerError, Trip, latest
from server.bench_server import Usage
from server.bench_threads import by_work
from server.cli import main
from server.picture import plane_view

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


def test_after_a_resize_what_came_back_is_told_by_size_and_rate() -> None:
    plan = Plan((640, 360), count=600, reduced=(320, 180), reduced_at=300)
    trip = _trip(0.080)
    trip.sizes = [(320, 180) if number < 330 and number >= 300 else (640, 360) for number, _ in trip.returned]
    del trip.returned[400:410], trip.sizes[400:410]
    figures = after_resize(Material(plan), trip)["after_resize"]
    assert figures["returned_sizes"] == {"320x180": 30, "640x360": 245}
    assert figures["frame_rate"] == pytest.approx(30 * 275 / 285, abs=0.01)
    assert after_resize(Material(Plan((640, 360))), trip) == {}


def test_pictures_are_compared_where_they_have_the_pristine_ones_size() -> None:
    plan = Plan((320, 192), count=150)
    noise = np.random.default_rng(0)
    pristine = noise.integers(60, 180, (192, 320)).astype(np.uint8)
    worn = (pristine + noise.integers(-9, 10, pristine.shape)).astype(np.uint8)
    material = Material(plan, [], {75: pristine, 90: pristine}, {75: worn, 90: worn})
    nearer = ((pristine.astype(int) + worn) // 2).astype(np.uint8)
    figures = quality(material, Trip(pictures={75: nearer, 90: np.zeros((96, 160), np.uint8)}))
    assert figures["pictures"] == 1
    assert figures["psnr_y"]["gain"] == pytest.approx(6, abs=0.5)
    assert 0 < figures["ssim"]["gain"] < 1


def test_what_the_server_said_is_summed_up() -> None:
    messages = [
        {"type": "stats", "student": "small", "loop_lag_ms": 2.0, "frames": {"enhanced": 20, "passed": 0}},
        {"type": "stats", "student": "nano", "loop_lag_ms": 9.0, "frames": {"enhanced": 40, "passed": 0}},
        {"type": "stats", "student": "nano", "loop_lag_ms": 1.0, "frames": {"enhanced": 60, "passed": 20}},
    ]
    told = said(messages)
    assert told["seconds_with"] == {"small": 1, "nano": 2}
    assert told["enhanced_share"] == 0.75
    assert told["loop_lag_ms_worst"] == 9.0
    assert told["student"] == "nano"
    assert said([]) == {}


def test_of_several_sessions_the_worst_counts() -> None:
    def session(trip: Trip, gain: float) -> dict[str, Any]:
        return {**measure(trip, rate=30), "ssim": {"gain": gain}, "pictures": 1}

    figures = worst([session(_trip(0.080, drop_every=10), 0.02), session(_trip(0.120, growth=0.010), -0.01)])
    assert figures["frame_rate"] == pytest.approx(27.0, abs=0.1)
    assert figures["drift_ms"] == pytest.approx(125, abs=3)
    assert figures["latency_ms"]["p50"] > 120
    assert figures["ssim"] == {"gain": -0.01}
    assert figures["dropped"] == measure(_trip(0.080, drop_every=10), rate=30)["dropped"]


def test_a_servers_process_is_charged_to_the_frames_that_it_got_while_it_was_watched() -> None:
    trip = _trip(0.080, seconds=70)
    seen = [Usage(at, 5 + at / 2, 200 + at, 8, 10) for at in range(70)] + [Usage(72, 42, 270, 7, 9)]
    figures = process(seen, [trip, trip])
    assert figures["server_cpu_ms_per_frame"] == pytest.approx(1000 / 2 / 60, abs=0.1)
    assert figures["server_cpus"] == 0.5
    assert figures["server_rss_mib"] == {"idle": 200, "minute": 260, "end": 269, "after": 270}
    assert figures["server_threads"] == {"idle": 8, "minute": 8, "end": 8, "after": 7}
    assert process([], [trip]) == {"server_cpu_ms_per_frame": None}


def test_processor_time_is_told_by_what_threads_do() -> None:
    names = {1: "MainThread", 2: "inference_0", 3: "encode_0", 4: "encode_0", 5: "asyncio_0"}
    spent = by_work({1: 2.0}, {1: 3.0, 2: 4.0, 3: 1.0, 4: 1.5, 5: 0.2, 99: 0.5}, names)
    assert list(spent.values()) == [4.0, 2.5, 1.0, 0.5, 0.2]
    assert spent["encoding"] == 2.5
    assert spent["asyncio_0"] == 0.2


@pytest.mark.parametrize(
    ("coded", "sent", "number"),
    [(0, 1, 0), (29, 30, 29), (29, 45, 29), (29, 60, 59), (5, 3, None), (30, 60, None)],
)
def test_packets_played_again_are_told_apart(coded: int, sent: int, number: int | None) -> None:
    assert latest(coded, 30, sent) == number


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_the_material_is_bar_coded_and_as_soft_as_said(codec: str) -> None:
    sharp = prepare(None, Plan((320, 192), codec, "sharp", 500_000, count=40))
    blurred = prepare(None, Plan((320, 192), codec, "soft", 500_000, count=40))
    assert len(sharp.packets) == 40
    assert list(sharp.pristine) == list(sharp.uplink) == [0, SAMPLE_EVERY, 2 * SAMPLE_EVERY]
    for number in sharp.uplink:
        assert barcode.read(sharp.uplink[number]) == barcode.read(blurred.uplink[number]) == number
        assert np.array_equal(sharp.pristine[number], blurred.pristine[number])

    def detail(luma: np.ndarray) -> float:
        return float(np.abs(np.diff(luma[: -2 * barcode.BLOCK].astype(float))).mean())

    assert detail(blurred.uplink[15]) < detail(sharp.uplink[15])


@pytest.mark.parametrize("reduced", [(640, 360), (320, 180), (854, 480)])
def test_a_sender_that_shrinks_its_picture_is_read_before_and_after(reduced: tuple[int, int]) -> None:
    plan = Plan((1280, 720), "H264", "sharp", 1_380_000, count=46, reduced=reduced, reduced_at=20)
    material = prepare(None, plan)
    decoder = cast(av.VideoCodecContext, av.CodecContext.create("h264", "r"))
    frames = [frame for packet in material.packets for frame in decoder.decode(av.Packet(packet))]
    assert [(frame.width, frame.height) for frame in frames] == [(1280, 720)] * 20 + [reduced] * 26
    for number, frame in enumerate(frames):
        assert barcode.read(plane_view(frame, 0), plan.block * frame.width / 1280) == number
    # As a player shows them: enlarged again, and compared with what was there before.
    for number, picture in material.uplink.items():
        assert picture.shape == material.pristine[number].shape == (720, 1280)
        assert barcode.read(picture, plan.block) == number


@pytest.mark.parametrize("clip", [Path("nowhere.mp4"), Path(__file__)])
def test_a_clip_that_cannot_be_read_is_named(clip: Path) -> None:
    with pytest.raises(MaterialError, match=clip.name):
        prepare(clip, Plan((320, 192), count=10))


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        (Plan((280, 192)), "280x192"),
        (Plan((641, 360)), "641x360"),
        (Plan((640, 361)), "640x361"),
        (Plan((640, 32)), "640x32"),
        (Plan((640, 360), count=70_000), "70000 frames"),
        (Plan((640, 360), reduced=(160, 90)), "width at least 1152"),
        (Plan((640, 360), reduced=(1280, 720)), "does not reduce 640x360 to 1280x720"),
        (Plan((640, 360), reduced=(321, 180)), "to 321x180"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_is_encoded(plan: Plan, complaint: str) -> None:
    with pytest.raises(MaterialError, match=complaint):
        prepare(None, plan)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--resize", "320x180@60", "--seconds", "60"], "longer than until the resize"),
        (["--resize", "320x180@5", "--seconds", "90"], "at most 60 s"),
        (["--url", "http://localhost:1", "--serve", "student=nano"], "without --url"),
        (["--serve", "students=nano"], "'students=nano' is no option of `acutance serve`"),
        (["--serve", "student"], "'student' is no option of `acutance serve` as NAME=VALUE"),
    ],
)
def test_options_that_contradict_each_other_are_one_line_for_the_user(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "stream", "--seconds", "10", *arguments]) == 2
    assert complaint in capsys.readouterr().err


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
            threads_table=True,
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
    assert figures["psnr_y"]["returned"] > 20
    assert figures["server_said"]["frames"]["received"] > 0.5 * figures["sent"]
    assert figures["server_said"]["size_out"] == [480, 272]
    assert figures["server_files"]["after"] <= figures["server_files"]["end"]
    by_work = figures["server_cpu_ms_per_frame_by_work"]
    assert by_work["encoding"] > 0
    assert by_work["decoding"] > 0
    # The looks at the threads and at the process are not quite at the same time.
    assert sum(by_work.values()) == pytest.approx(figures["server_cpu_ms_per_frame"], rel=0.3)
    capsys.readouterr()
    assert main(["bench", "report", str(log), str(log)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[2] == table[3]
    assert f"| 480x272 | {codec} | soft | 400 | 10 | 1 of 1 | {figures['frame_rate']:.2f} |" in table[2]
    assert f"| 480x272 | {codec} | soft | 2 | {figures['frame_rate']:.2f} |" in table[7]
    assert report["machine"]["cpu"] in table[-1]


def test_several_peers_and_one_too_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "figures.jsonl"
    stream(
        StreamOptions(
            size="320x192",
            uplink=200_000,
            seconds=10,
            sessions=3,
            serve=["max-sessions=2", "admission=false", "student=nano"],
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


def test_a_sender_that_shrinks_its_picture_gets_its_size_back(tmp_path: Path) -> None:
    log = tmp_path / "figures.jsonl"
    stream(StreamOptions(size="640x384", resize="320x192@4", seconds=10, serve=["upscale=true"], log=log))
    after = json.loads(log.read_text())["figures"]["after_resize"]
    assert after["returned_sizes"].keys() == {"640x384"}
    assert after["frame_rate"] > 15
    assert 0.5 < after["ssim"]["bicubic"] < 1
    assert 0.5 < after["ssim"]["returned"] < 1


@pytest.mark.skipif(not CLIPS.exists(), reason="the project's clips (shared/data/clips) are not on this machine")
def test_a_real_clip_of_another_shape_is_cut_and_not_stretched() -> None:
    upright = CLIPS / "talking_head-liveportrait_d0.mp4"
    material = prepare(upright, Plan((640, 360), count=20))
    assert all(picture.shape == (360, 640) for picture in material.pristine.values())
    assert material.pristine[0].std() > 10
