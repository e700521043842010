"""FFmpeg's own WHIP muxer (PyAV contains it) publishes with real media."""

import asyncio
import threading
from collections.abc import AsyncIterator
from fractions import Fraction
from time import monotonic, sleep
from typing import cast

import av
import pytest
from aiohttp.test_utils import TestClient, TestServer
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from acutance.server.bench import barcode
from acutance.server.http.app import create_app
from acutance.server.http.app_keys import HOST
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.frames import frame_of, lumas
from tests.server.media_peers import Client, Watcher
from tests.server.peers import HEIGHT, WIDTH, until

pytestmark = pytest.mark.media


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[Client]:
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=2, check_load=False))
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


def publish(url: str, stop: threading.Event, profile: str, *, audio: bool) -> None:
    """Send a bar-coded video with a keyframe a second until `stop` is set."""
    with av.open(url, "w", format="whip") as container:
        video = cast(VideoStream, container.add_stream("libx264", rate=30))
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.options = {"preset": "veryfast", "tune": "zerolatency", "profile": profile.lower(), "g": "30"}
        video.codec_context.profile = profile
        video.codec_context.max_b_frames = 0
        voice: AudioStream | None = None
        if audio:
            voice = cast(AudioStream, container.add_stream("libopus", rate=48000))
            voice.layout = "stereo"  # type: ignore[assignment]
        pristine = list(lumas(WIDTH, HEIGHT, 30))
        begun, number = monotonic(), 0
        while not stop.is_set():
            luma = pristine[number % 30].copy()
            barcode.stamp(luma, number)
            frame = frame_of(luma, number)
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(video.encode(frame))
            if voice is not None:
                tone = av.AudioFrame("s16", "stereo", 1600)
                tone.planes[0].update(bytes(i % 251 for i in range(6400)))
                tone.sample_rate, tone.pts, tone.time_base = 48000, 1600 * number, Fraction(1, 48000)
                container.mux(voice.encode(tone))
            number += 1
            sleep(max(0.0, begun + number / 30 - monotonic()))


@pytest.mark.parametrize(("profile", "audio"), [("Baseline", True), ("Baseline", False), ("High", True)])
async def test_ffmpeg_publishes_and_its_stream_is_watched(client: Client, profile: str, audio: bool) -> None:
    stop = threading.Event()
    url = str(client.make_url("/whip/ffmpeg"))
    publishing = asyncio.create_task(asyncio.to_thread(publish, url, stop, profile, audio=audio))
    host, viewer = client.app[HOST], Watcher(audio=audio)
    try:
        await until(
            lambda: (
                publishing.done() or (host.registry.streams.listed() and host.registry.streams.listed()[0]["size_in"])
            )
        )
        assert not publishing.done() or publishing.result()
        assert await viewer.post(client, "/whep/ffmpeg") == 201
        await until(lambda: len(viewer.order) >= 15 and (viewer.loudest > 0 or not audio))
        assert viewer.size == (WIDTH, HEIGHT)
    finally:
        stop.set()
        await asyncio.gather(publishing, return_exceptions=True)
        await viewer.close()
    await until(lambda: len(host.registry.publishers) == 0)
