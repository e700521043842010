"""FFmpeg's own WHIP muxer, which PyAV contains, with a test pattern in real time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import av
from av.video.stream import VideoStream


@contextmanager
def publishing(url: str, profile: str) -> Iterator[None]:
    """Publish until the block ends; errors of the publisher are raised."""
    stop, failed = threading.Event(), []

    def run() -> None:
        try:
            _publish(url, profile, stop)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(1.5)  # the muxer does not say when it is connected
    try:
        yield
    finally:
        stop.set()
        thread.join(15)
    if failed:
        raise failed[0]


def _publish(url: str, profile: str, stop: threading.Event) -> None:
    pattern = "testsrc2=size=640x360:rate=30,realtime,format=yuv420p"
    with av.open(pattern, format="lavfi") as source, av.open(url, "w", format="whip") as container:
        video = cast(VideoStream, container.add_stream("libx264", rate=30))
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        video.options = {"preset": "veryfast", "tune": "zerolatency", "profile": profile.lower(), "g": "30"}
        video.codec_context.profile = profile
        video.codec_context.max_b_frames = 0
        video.bit_rate = 1_500_000
        for frame in source.decode(video=0):
            if stop.is_set():
                return
            container.mux(video.encode(frame))
