"""`acutance peer` against the real server: all frames return in sync, and each error is one line."""

import asyncio
import socket
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
import pytest
from aiohttp.test_utils import TestServer

from acutance.server.cli import main
from acutance.server.client.peer.command import PeerOptions, call
from acutance.server.client.peer.connections import CallError
from acutance.server.client.whip import SignallingError
from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder

pytestmark = pytest.mark.media

SIZE = (320, 192)
SECONDS = 3
RATE = Fraction(25)  # not 30, the default everywhere else
# The first frames of a call may be lost on a busy host, and up to a fifth in a row later: a flash is longer than that.
FLASHES = (Fraction(4, 5), Fraction(8, 5), Fraction(12, 5))
FLASH_S = Fraction(2, 5)
IN_SYNC_S = 0.04


@pytest.fixture
async def url(ladder: Ladder) -> AsyncIterator[str]:
    # Other programs on the test host must not affect the result.
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=2, check_load=False))
    async with TestServer(create_app(host)) as server:
        yield str(server.make_url("/")).rstrip("/")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey noise that turns white for two fifths of a second, with a beep at the same time."""
    path = tmp_path_factory.mktemp("clips") / "flash.mp4"
    noise = np.random.default_rng(0).integers(0, 40, (SIZE[1], SIZE[0]), np.uint8)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"bf": "2"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio = container.add_stream("aac", rate=44_100)
        for number in range(int(SECONDS * RATE)):
            luma = noise + np.uint8(190 if _is_lit(number / RATE) else 40) + np.uint8(number % 5)
            chroma = np.full((SIZE[1] // 2, SIZE[0]), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.vstack((luma, chroma)), format="yuv420p")
            frame.pts, frame.time_base = number, 1 / RATE
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        times = np.arange(44_100 * SECONDS) / 44_100
        wave = 0.5 * np.sin(2 * np.pi * 1000 * times) * np.array([_is_lit(time) for time in times])
        for at in range(0, len(wave), 1024):
            piece = wave[at : at + 1024].astype(np.float32)[np.newaxis]
            tone = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            tone.sample_rate, tone.pts, tone.time_base = 44_100, at, Fraction(1, 44_100)
            container.mux(audio.encode(tone))
        container.mux(audio.encode(None))
    return path


def _is_lit(time: float | Fraction) -> bool:
    return any(flash <= time < flash + FLASH_S for flash in FLASHES)


def _options(**given: Any) -> PeerOptions:
    return PeerOptions.model_validate({"json": True, **given})


def _onsets(path: Path) -> tuple[list[float], list[float], list[float]]:
    """Return when the video turns light, when the audio begins, and the times of all frames, in seconds."""
    with av.open(str(path)) as container:
        lights = [(float(frame.pts * frame.time_base), _luma(frame)) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        loud = []
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray().astype(np.float32).reshape(-1, len(frame.layout.channels))[:, 0])
            begin = float(frame.pts * frame.time_base)
            # Per millisecond.
            scale = 1.0 if frame.format.name.startswith("flt") else 32768.0
            for at in range(0, len(samples), 48):
                loud.append((begin + at / frame.sample_rate, samples[at : at + 48].max() / scale))
    return _rises(lights, 140.0, 0.1), _rises(loud, 0.15, 0.1), [time for time, _ in lights]


def _luma(frame: av.VideoFrame) -> float:
    return float(np.frombuffer(frame.planes[0], np.uint8).mean())


def _rises(levels: list[tuple[float, float]], threshold: float, quiet: float) -> list[float]:
    rises, low_since = [], levels[0][0] - quiet
    for time, level in levels:
        if level > threshold:
            if low_since is not None and time - low_since >= quiet:
                rises.append(time)
            low_since = None  # type: ignore[assignment]
        elif low_since is None:
            low_since = time
    return rises


def _check_sync(path: Path) -> int:
    lights, beeps, times = _onsets(path)
    assert len(lights) == len(FLASHES), lights
    assert len(beeps) == len(FLASHES), beeps
    for light, beep, flash in zip(lights, beeps, FLASHES, strict=True):
        # On a busy host the server drops frames, and the first of a flash may be among them.
        first = next(time for time in times if time > flash - 1 / (2 * RATE))
        assert abs(light - first) < IN_SYNC_S, (lights, first)
        assert abs(light - (first - flash) - beep) < IN_SYNC_S, (lights, beeps)
        assert first - flash < FLASH_S, "a whole flash is missing"
    return len(times)


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "H264"), (".webm", "VP8"), (".mkv", "H264")])
async def test_a_clip_is_returned_whole_and_in_sync_with_its_audio(
    url: str, clip: Path, tmp_path: Path, suffix: str, codec: str
) -> None:
    out, pairs = tmp_path / f"back{suffix}", tmp_path / "pairs"
    report = await call(_options(file=clip, url=url, out=out, pairs=pairs, pairs_every=10))

    assert report["sent"]["frames"] == SECONDS * RATE
    assert report["sent"]["size"] == list(SIZE)
    assert report["returned"]["codec"] == codec
    assert report["matched"] is True
    # A frame that the server dropped is also in the server's own count, and is reported.
    dropped = report["server"]["frames"]["dropped"] if "server" in report else 0
    assert report["missing"]["frames"] <= max(dropped, 0.2 * SECONDS * RATE)
    assert report["returned"]["frames"] + report["missing"]["frames"] == report["sent"]["frames"]

    count = _check_sync(out)
    assert count == report["returned"]["frames"] == report["file"]["frames"]
    with av.open(str(out)) as container:
        assert container.streams.video[0].codec_context.name == {"H264": "h264", "VP8": "vp8"}[codec]
        duration = container.duration / 1_000_000
    assert abs(duration - SECONDS) < 0.1

    originals = sorted(path.name for path in pairs.glob("*-original.png"))
    returned = sorted(path.name.replace("returned", "original") for path in pairs.glob("*-returned.png"))
    assert originals == returned
    assert len(originals) == report["pairs"] >= 4
    for name in originals:
        before, after = (_png(pairs / each) for each in (name, name.replace("original", "returned")))
        # A wrong frame would be light instead of dark, or differ by five levels.
        assert before.shape == after.shape == (SIZE[1], SIZE[0], 3)
        assert abs(before.mean() - after.mean()) < 2


def _png(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(float)


async def test_a_clip_published_by_whip_and_watched_by_whep_is_in_sync(url: str, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "back.mp4"
    report = await call(_options(file=clip, whip=f"{url}/whip/flash", pull=f"{url}/whep/flash", out=out))
    assert report["sent"]["frames"] == SECONDS * RATE
    assert report["matched"] is True
    assert report["returned"]["frames"] >= 0.8 * SECONDS * RATE
    assert _check_sync(out) == report["returned"]["frames"]


async def test_a_watched_stream_has_audio_and_video_in_sync(url: str, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "watched.mp4"
    # The watcher knows nothing of the publisher and has only the sender reports.
    publishing = asyncio.create_task(call(_options(file=clip, whip=f"{url}/whip/flash")))
    async with aiohttp.ClientSession() as http, asyncio.timeout(10):
        while not (await (await http.get(f"{url}/streams")).json())["streams"]:  # noqa: ASYNC110 - another peer
            await asyncio.sleep(0.02)
    with pytest.raises(CallError, match="the connection broke"):  # the stream ends with its publisher
        await call(_options(pull=f"{url}/whep/flash", out=out))
    await publishing
    lights, beeps, _ = _onsets(out)
    for light, beep in zip(lights[-2:], beeps[-2:], strict=True):
        assert abs(light - beep) < IN_SYNC_S, (lights, beeps)


async def test_a_device_is_sent_as_its_frames_arrive(url: str) -> None:
    # FFmpeg's own generator in real time stands in for a camera.
    report = await call(
        _options(camera="testsrc2=size=320x192:rate=20,realtime,format=yuv420p", format="lavfi", url=url, seconds=2)
    )
    assert report["sent"]["frames"] + report["sent"]["skipped"] >= 35
    assert report["returned"]["frames"] >= 20
    assert report["matched"] is True


async def test_watching_a_stream_that_is_not_published_is_an_error(url: str) -> None:
    with pytest.raises(SignallingError, match="refused with 404") as refused:
        await call(_options(pull=f"{url}/whep/nothing"))
    assert refused.value.status == 404


async def test_a_full_server_names_when_to_try_again(ladder: Ladder, clip: Path) -> None:
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=0, check_load=False))
    async with TestServer(create_app(host)) as server:
        with pytest.raises(SignallingError, match=r"refused with 503: .*again after 5 s") as full:
            await call(_options(file=clip, url=str(server.make_url("/"))))
    assert full.value.retry_after == 5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--file", "nowhere.mp4"], "cannot open nowhere.mp4: there is no such file"),
        (["--file", __file__], "FFmpeg cannot read it"),
        (["--camera", "/dev/nothing", "--format", "v4l2"], "cannot open camera /dev/nothing: there is no such"),
        (["--screen", ":0", "--format", "videotoolbox"], "this build of PyAV has no input device 'videotoolbox'"),
        (["--out", "back.avi"], "cannot write back.avi: its name must end in .mp4, .mkv, .webm"),
        (["--out", "nowhere/back.mp4"], "there is no folder nowhere"),
        (["--out", "back.webm", "--codec", "h264"], ".webm contains VP8 with Opus only"),
        (["--file", "a.mp4", "--camera", "b"], "--file and --camera exclude each other"),
        (["--file", "a.mp4", "--pull", "http://localhost/whep"], "--pull alone watches"),
        (["--whip", "http://localhost/whip", "--out", "back.mp4"], "--whip alone returns no video"),
        (["--url", "localhost:8080"], "is no URL: it must begin with http"),
        (["--bitrate", "12"], "bitrate: Input should be greater than or equal to 50000"),
        (["--codec", "av1"], "codec: Input should be 'h264' or 'vp8'"),
    ],
)
def test_an_error_is_one_line_and_code_2(
    arguments: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["peer", *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert len(error.splitlines()) == 1


def test_an_unreachable_server_is_one_line_and_code_2(capsys: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert main(["peer", "--url", f"http://127.0.0.1:{port}"]) == 2
    error = capsys.readouterr().err
    assert f"no answer from http://127.0.0.1:{port}/" in error
    assert "cannot connect" in error
    assert len(error.splitlines()) == 1
