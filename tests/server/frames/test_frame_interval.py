import pytest
from aiortc.mediastreams import VIDEO_TIME_BASE
from av import VideoFrame

from acutance.server.frames.frame_interval import FrameInterval


def _after(*stamps: int | None) -> float:
    interval = FrameInterval()
    for stamp in stamps:
        frame = VideoFrame(16, 16, "yuv420p")
        if stamp is not None:
            frame.pts, frame.time_base = stamp, VIDEO_TIME_BASE
        interval.note(frame)
    return interval.seconds


def test_the_median_of_time_stamps() -> None:
    assert _after() == _after(None, None) == pytest.approx(1 / 30)
    assert _after(*range(0, 15_000, 1_500)) == pytest.approx(1 / 60)


def test_lost_frames_a_pause_and_a_jump_back_do_not_count() -> None:
    steady = [0, 3000, 6000, 9000]
    assert _after(*steady, 15_000, 18_000, 900_000, 903_000, 3000, 6000) == pytest.approx(1 / 30)
