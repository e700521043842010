import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from av import VideoFrame

from acutance.model.hints import Hints
from acutance.model.learning.messages import Message
from acutance.server.learning.segments import FRAMES, GOOD_STEP, Gatherer
from tests.frames import frame_of

SIZE = (640, 360)
GOOD = Hints(step=5.0, bits=0.2)


@dataclass
class Camera:
    """Offers one frame each 1/30 s; each frame has a grey level of its own."""

    gatherer: Gatherer
    now: float = 100.0
    number: int = 0

    def __post_init__(self) -> None:
        self.gatherer.clock = lambda: self.now

    def frame(self, hints: Hints = GOOD, size: tuple[int, int] = SIZE) -> Message | None:
        self.now += 1 / 30
        self.number += 1
        luma = np.full(size[::-1], self.number % 250, np.uint8)
        luma[:, ::2] += 1
        return self.gatherer.offer(frame_of(luma), hints, SIZE)

    def segments(self, frames: int) -> Iterator[Message]:
        for _ in range(frames):
            message = self.frame()
            if message is not None:
                yield message


@pytest.fixture
def camera() -> Camera:
    return Camera(Gatherer(random.Random(1)))


def test_a_segment_is_a_run_of_consecutive_frames_of_one_rectangle(camera: Camera) -> None:
    (segment, *_) = camera.segments(300)
    width, height, count = (int(segment.number(name)) for name in ("width", "height", "count"))
    assert (width, height, count) == (512, 320, FRAMES)
    frames = np.frombuffer(segment.payload, np.uint8).reshape(count, -1)
    assert frames.shape[1] == width * height * 3 // 2
    numbers = frames[:, 0].astype(int)
    assert (np.diff(numbers) == 1).all()
    assert (frames[:, width * height :] == 128).all(), "chroma"


def test_the_third_and_every_fourth_segment_after_it_is_kept_aside(camera: Camera) -> None:
    aside = [segment.fields["aside"] for segment in camera.segments(30 * 100)]
    assert aside[:8] == [False, False, True, False, False, False, True, False]


@pytest.mark.parametrize("hints", [Hints(step=GOOD_STEP + 1), Hints(), Hints(step=0.0, bits=0.2)])
def test_frames_that_are_not_good_interrupt_a_segment(camera: Camera, hints: Hints) -> None:
    for _ in range(20):
        assert not list(camera.segments(FRAMES - 2))
        assert camera.frame(hints) is None


def test_frames_that_the_sender_reduced_or_that_are_tiny_are_left_out(camera: Camera) -> None:
    assert all(camera.frame(size=(320, 180)) is None for _ in range(600))
    gatherer = Gatherer(random.Random(1))
    small = VideoFrame(96, 64, "yuv420p")
    assert all(gatherer.offer(small, GOOD, (96, 64)) is None for _ in range(600))


def test_a_call_that_stands_still_for_a_second_begins_anew(camera: Camera) -> None:
    for _ in range(20):
        assert not list(camera.segments(FRAMES - 1))
        camera.now += 1


@pytest.mark.parametrize(("size", "count"), [((1280, 720), 9), ((1920, 1080), 16), ((512, 320), 1), ((359, 641), 3)])
def test_the_rectangles_cover_the_picture_before_one_comes_again(size: tuple[int, int], count: int) -> None:
    gatherer, covered = Gatherer(random.Random(1)), np.zeros(size[::-1], np.uint8)
    first = [gatherer._next(size) for _ in range(count)]
    for cut in first:
        assert not any(number % 2 for number in (cut.left, cut.top, cut.width, cut.height))
        covered[cut.top : cut.top + cut.height, cut.left : cut.left + cut.width] = 1
    even = tuple(side // 2 * 2 for side in covered.shape)
    assert covered[: even[0] - 1, : even[1] - 1].all()
    assert {gatherer._next(size) for _ in range(count)} == set(first)
