import logging
from copy import copy
from pathlib import Path

import numpy as np
import pytest
from aiortc.mediastreams import VIDEO_TIME_BASE
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from acutance.model.engine.engine import Engine
from acutance.model.hints import Hints
from acutance.model.nets.export import to_onnx
from acutance.model.nets.shape import StudentShape
from acutance.model.planes import Chroma, Plane
from acutance.model.scaling import enlarge
from acutance.model.sharpness import detail_ratio
from acutance.server.frames.planes import plane_view
from acutance.server.students.ladder import Ladder
from acutance.server.video.enhancer import Enhancer, Treatment
from tests.frames import frame_of, lumas, soft
from tests.model.students import lived_in

SHARPEN = Treatment("small")


class Failing(Engine):
    """An engine that has lost its device."""

    def __init__(self) -> None:
        self.provider = "CUDA"

    def sharpen(self, *given: object, **named: object) -> Plane:
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
def test_luma_is_the_engines_and_the_rest_is_unchanged(ladder: Ladder, size: tuple[int, int]) -> None:
    frame = _coloured(*size)
    planes = [plane_view(frame, index).copy() for index in range(3)]
    enhanced = Enhancer(ladder).enhance(frame, SHARPEN, Hints(step=12, bits=0.05))
    assert enhanced.passed_reason is None
    result = enhanced.frame
    assert (result.width, result.height) == size
    assert np.array_equal(
        plane_view(result, 0), ladder.best.sharpen(planes[0], hints=Hints(12, 0.05, sharpness=detail_ratio(planes[0])))
    )
    assert not np.array_equal(plane_view(result, 0), planes[0])
    assert all(np.array_equal(plane_view(result, index), planes[index]) for index in (1, 2))
    assert (result.pts, result.time_base) == (21_000, VIDEO_TIME_BASE)
    assert (result.color_range, result.colorspace) == (ColorRange.MPEG, Colorspace.ITU709)


@pytest.mark.parametrize("size", [(64, 48), (641, 361)])
def test_a_student_with_colour_corrects_u_and_v(size: tuple[int, int], tmp_path: Path) -> None:
    file = tmp_path / "coloured.onnx"
    file.write_bytes(to_onnx(lived_in(StudentShape(8, 1, hinted=True, colour=True)), {}))
    engine = Engine.open(file, "cpu", 1)
    frame = _coloured(*size)
    planes = [plane_view(frame, index).copy() for index in range(3)]
    enhanced = Enhancer(Ladder.of(engine)).enhance(frame, Treatment(engine.student.name), Hints(step=12, bits=0.05))
    assert enhanced.passed_reason is None
    chroma = Chroma(planes[1].copy(), planes[2].copy())
    luma = engine.sharpen(planes[0], hints=Hints(12, 0.05, sharpness=detail_ratio(planes[0])), chroma=chroma)
    for index, expected in enumerate((luma, chroma.u, chroma.v)):
        np.testing.assert_array_equal(plane_view(enhanced.frame, index), expected)
        assert not np.array_equal(expected, planes[index])
        np.testing.assert_array_equal(plane_view(frame, index), planes[index], "the incoming frame stays as it is")


def test_full_range_frames_stay_full_range(ladder: Ladder) -> None:
    assert Enhancer(ladder).enhance(_coloured(64, 48, "yuvj420p"), SHARPEN).frame.format.name == "yuvj420p"


def test_a_frame_too_small_passes_through_with_the_reason(ladder: Ladder) -> None:
    frame = frame_of(np.zeros((14, 14), np.uint8))
    enhanced = Enhancer(ladder).enhance(frame, SHARPEN)
    assert enhanced.frame is frame
    assert enhanced.passed_reason is not None
    assert "14x14" in enhanced.passed_reason


def test_another_pixel_format_passes_through_as_420(ladder: Ladder) -> None:
    enhanced = Enhancer(ladder).enhance(VideoFrame(64, 48, "yuv444p"), SHARPEN)
    assert enhanced.frame.format.name == "yuv420p"
    assert enhanced.passed_reason == "frames in the format yuv444p are not enhanced"


def test_frames_of_a_failing_engine_pass_through_and_it_is_logged_once(
    ladder: Ladder, caplog: pytest.LogCaptureFixture
) -> None:
    broken = copy(ladder)
    broken.engines = {"small": Failing()}
    enhancer = Enhancer(broken)
    with caplog.at_level(logging.WARNING):
        results = [enhancer.enhance(_coloured(64, 48), SHARPEN) for _ in range(3)]
    assert [result.passed_reason for result in results] == ["the student failed on CUDA: RuntimeError"] * 3
    assert len(caplog.records) == 1


class _FailingScaler:
    """A libswscale that has no memory left."""

    def reformat(self, *_: object, **__: object) -> VideoFrame:
        raise MemoryError


@pytest.mark.parametrize(
    "treatment", [Treatment("small", (128, 96)), Treatment(None, (128, 96), pass_reason="enhancement is switched off")]
)
def test_a_frame_that_cannot_be_resized_passes_through_at_its_own_size(
    ladder: Ladder, treatment: Treatment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("acutance.server.video.resizer.VideoReformatter", _FailingScaler)
    enhancer = Enhancer(ladder)
    frames = [_coloured(64, 48), _coloured(62, 46)]
    with caplog.at_level(logging.WARNING):
        results = [enhancer.enhance(frame, treatment) for frame in frames]
    assert [result.frame for result in results] == frames
    assert {result.passed_reason for result in results} == {"the frame could not be resized: MemoryError"}
    assert len(caplog.records) == 1


def test_a_frame_that_cannot_be_converted_passes_through_unchanged(
    ladder: Ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acutance.server.video.resizer.VideoReformatter", _FailingScaler)
    frame = VideoFrame(64, 48, "yuv444p")
    enhanced = Enhancer(ladder).enhance(frame, SHARPEN)
    assert enhanced.frame is frame
    assert enhanced.passed_reason == "the frame could not be converted from yuv444p: MemoryError"


def test_a_student_that_is_not_on_the_ladder_lets_the_frame_pass(ladder: Ladder) -> None:
    frame = _coloured(64, 48)
    enhanced = Enhancer(ladder).enhance(frame, Treatment("gone"))
    assert enhanced.frame is frame
    assert enhanced.passed_reason == "the student gone is not loaded"


def test_frames_of_every_unsupported_size_are_one_line_in_the_log(
    ladder: Ladder, caplog: pytest.LogCaptureFixture
) -> None:
    enhancer = Enhancer(ladder)
    with caplog.at_level(logging.WARNING):
        for width in range(2, 300):
            assert enhancer.enhance(frame_of(np.zeros((14, width), np.uint8)), SHARPEN).passed_reason is not None
    assert len(caplog.records) == 1


def test_a_reduced_frame_is_enlarged_then_sharpened(ladder: Ladder) -> None:
    frame = _coloured(214, 120)
    luma = enlarge(plane_view(frame, 0).copy(), 640, 360)
    result = Enhancer(ladder).enhance(frame, Treatment("small", (640, 360)), Hints(12, 0.05)).frame
    told = Hints(12, 0.05, reduction=640 / 214, sharpness=detail_ratio(luma))
    assert np.array_equal(plane_view(result, 0), ladder.best.sharpen(luma, hints=told))
    assert plane_view(result, 1).shape == (180, 320)
    assert (result.pts, result.time_base) == (21_000, VIDEO_TIME_BASE)
    assert (result.color_range, result.colorspace) == (ColorRange.MPEG, Colorspace.ITU709)


def test_strength_is_the_share_of_the_correction(ladder: Ladder) -> None:
    frame = _coloured(64, 48)
    untouched = Enhancer(ladder).enhance(frame, Treatment("small", strength=0.0)).frame
    assert np.array_equal(plane_view(untouched, 0), plane_view(frame, 0))


def test_without_a_student_only_the_size_changes(ladder: Ladder) -> None:
    frame = _coloured(64, 48)
    passed = Enhancer(ladder).enhance(frame, Treatment(None, (128, 96), pass_reason="enhancement is switched off"))
    assert (passed.frame.width, passed.frame.height) == (128, 96)
    assert passed.passed_reason == "enhancement is switched off"
    assert Enhancer(ladder).enhance(frame, Treatment(None, (64, 48))).frame is frame


def test_a_learned_student_works_instead_of_that_of_its_rung(ladder: Ladder) -> None:
    frame, hints = _coloured(64, 48), Hints(step=12, bits=0.05)
    enhancer = Enhancer(ladder)
    before = plane_view(enhancer.enhance(frame, SHARPEN, hints).frame, 0).copy()
    learned = enhancer.learned["small"] = Engine.open("nano", "cpu", 1)
    result = plane_view(enhancer.enhance(frame, SHARPEN, hints).frame, 0)
    luma = plane_view(frame, 0)
    hints = Hints(step=12, bits=0.05, sharpness=detail_ratio(luma))
    np.testing.assert_array_equal(result, learned.sharpen(luma, hints=hints))
    del enhancer.learned["small"]
    again = enhancer.enhance(frame, SHARPEN, Hints(step=12, bits=0.05))
    np.testing.assert_array_equal(plane_view(again.frame, 0), before)
