import logging
from fractions import Fraction

import numpy as np
import pytest
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from model.engine import Engine
from model.hints import Hints
from model.sharpness import sharpness
from server.enhancer import Enhancer
from server.picture import plane_view
from tests.pictures import frame_of, lumas, soft


class Failing:
    """An engine whose device went away."""

    provider = "CUDA"

    def sharpen(self, luma: object, out: object = None, hints: object = None) -> None:
        raise RuntimeError("CUDA failure 999: unknown error")


def _coloured(width: int, height: int, name: str = "yuv420p") -> VideoFrame:
    frame = frame_of(soft(next(lumas(width, height, 1))), number=7, name=name)
    for index in (1, 2):
        view = plane_view(frame, index)
        view[:] = np.random.default_rng(index).integers(0, 256, view.shape, np.uint8)
    frame.color_range = ColorRange.MPEG
    frame.colorspace = Colorspace.ITU709
    return frame


@pytest.mark.parametrize("size", [(64, 48), (1366, 768), (641, 361)])
def test_luma_is_the_engines_and_the_rest_is_as_it_came(engine: Engine, size: tuple[int, int]) -> None:
    frame = _coloured(*size)
    planes = [plane_view(frame, index).copy() for index in range(3)]
    enhanced = Enhancer(engine).enhance(frame, Hints(step=12, bits=0.05))
    assert enhanced.passed_reason is None
    result = enhanced.frame
    assert (result.width, result.height) == size
    assert np.array_equal(
        plane_view(result, 0), engine.sharpen(planes[0], hints=Hints(12, 0.05, sharpness=sharpness(planes[0])))
    )
    assert not np.array_equal(plane_view(result, 0), planes[0])
    assert all(np.array_equal(plane_view(result, index), planes[index]) for index in (1, 2))
    assert (result.pts, result.time_base) == (21_000, Fraction(1, 90_000))
    assert (result.color_range, result.colorspace) == (ColorRange.MPEG, Colorspace.ITU709)


def test_full_range_frames_stay_full_range(engine: Engine) -> None:
    assert Enhancer(engine).enhance(_coloured(64, 48, "yuvj420p")).frame.format.name == "yuvj420p"


def test_a_frame_too_small_passes_through_with_the_reason(engine: Engine) -> None:
    frame = frame_of(np.zeros((14, 14), np.uint8))
    enhanced = Enhancer(engine).enhance(frame)
    assert enhanced.frame is frame
    assert enhanced.passed_reason is not None
    assert "14x14" in enhanced.passed_reason


def test_a_strange_format_passes_through_as_420(engine: Engine) -> None:
    enhanced = Enhancer(engine).enhance(VideoFrame(64, 48, "yuv444p"))
    assert enhanced.frame.format.name == "yuv420p"
    assert enhanced.passed_reason == "pictures in the format yuv444p are not enhanced"


def test_a_failing_engine_lets_the_picture_go_on_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    enhancer = Enhancer(Failing())  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        results = [enhancer.enhance(_coloured(64, 48)) for _ in range(3)]
    assert [result.passed_reason for result in results] == ["the student failed on CUDA: RuntimeError"] * 3
    assert len(caplog.records) == 1
