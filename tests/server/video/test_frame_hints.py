"""Hints of an encoded frame are matched to the decoded frame with the same timestamp."""

import pytest
from av import VideoFrame

from acutance.model.hints import UNCODED
from acutance.server.video.frame_hints import FrameHints, FrameMetadata
from tests.model.streams import encoded


def _decoded(pts: int | None) -> VideoFrame:
    frame = VideoFrame(16, 16, "yuv420p")
    frame.pts = pts
    return frame


@pytest.mark.parametrize(("codec", "name"), [("h264", "H264"), ("vp8", "VP8")])
def test_each_frame_gets_the_step_of_its_own_time_stamp(codec: str, name: str) -> None:
    frames = encoded(codec, quantiser=20, count=2) + encoded(codec, quantiser=40, count=2)
    hints = FrameHints()
    for index, data in enumerate(frames):
        hints.note(name, data, index * 3000)
    steps = [hints.metadata_for(_decoded(index * 3000)).hints.step for index in (0, 1, 2, 3)]
    assert steps[1] == pytest.approx(steps[0], rel=0.5)
    assert steps[2] > 1.5 * steps[1]


def test_a_frame_that_could_not_be_read_takes_its_neighbours_step() -> None:
    hints = FrameHints()
    hints.note("VP8", encoded("vp8", quantiser=30, count=1)[0], 0)
    hints.note("VP8", b"", 3000)
    known = hints.metadata_for(_decoded(0)).hints
    assert known.step > 0
    assert hints.metadata_for(_decoded(3000)).hints == known
    assert hints.metadata_for(_decoded(None)) == FrameMetadata(known)


def test_before_the_first_frame_and_for_other_codecs_hints_are_unknown() -> None:
    hints = FrameHints()
    hints.note("AV1", b"\x12\x00", 0)
    assert hints.metadata_for(_decoded(0)).hints == UNCODED


def test_frames_that_are_never_decoded_do_not_fill_memory() -> None:
    hints = FrameHints()
    data = encoded("vp8", quantiser=30, count=1)[0]
    for index in range(1000):
        hints.note("VP8", data, index)
    remembered = [index for index in range(1000) if index in hints._coded]
    assert len(remembered) <= 64
    assert remembered[-1] == 999


def test_the_time_of_arrival_is_the_clocks() -> None:
    now = 7.0
    hints = FrameHints(lambda: now)
    hints.note("AV1", b"", 3000)
    now = 8.0
    assert hints.metadata_for(_decoded(3000)).arrived == 7.0
    assert hints.metadata_for(_decoded(6000)).arrived is None
