"""Frames are paired by their bar codes; what was returned differs from what is encoded again by the student alone."""

import numpy as np
import pytest
from av import VideoFrame

from acutance.server.bench import barcode
from acutance.server.bench.judge.frame_sets import COLUMNS, REFERENCE, frame_sets
from acutance.server.bench.material import Material, Plan, prepare
from acutance.server.frames.planes import plane_view
from tests.server.bench.judge.calls import returned

SIZE = (320, 192)


def planes(frame: VideoFrame) -> list[np.ndarray]:
    return [plane_view(frame, index) for index in range(3)]


def brighter(frame: VideoFrame) -> VideoFrame:
    luma = plane_view(frame, 0)
    luma[: -2 * barcode.BLOCK] = np.minimum(luma[: -2 * barcode.BLOCK], 225) + 10
    return frame


def lower_later(number: int) -> int:
    return 400_000 if number < 45 else 250_000


@pytest.fixture(scope="module", params=["H264", "VP8"])
def material(request: pytest.FixtureRequest) -> Material:
    return prepare(None, Plan(SIZE, request.param, bitrate=150_000, count=90))


def test_without_a_student_the_same_is_returned_as_is_encoded_again(material: Material) -> None:
    dropped = {5, 6, 50}
    # The lower rate begins with a keyframe, as the log has it for libvpx, which begins one with any new rate.
    trip = returned(material, lower_later, dropped=dropped, keyframes={20, 45})
    sets = list(frame_sets(None, material.plan, material.packets, trip))
    assert [one.number for one in sets] == [number for number in range(90) if number not in dropped]
    for one in sets:
        assert all(barcode.read(plane_view(frame, 0)) == one.number for frame in one.videos.values())
        assert one.bytes["returned"] == one.bytes["encoded_again"]
        assert one.bytes["arrived"] == len(material.packets[one.number])
        for again, back in zip(planes(one.videos["encoded_again"]), planes(one.videos["returned"]), strict=True):
            np.testing.assert_array_equal(again, back)


def test_what_a_student_changed_is_in_the_returned_frames_alone(material: Material) -> None:
    trip = returned(material, lambda number: 400_000, brighter)
    one = list(frame_sets(None, material.plan, material.packets, trip))[60]
    rows = material.plan.compared_rows
    means = {name: float(plane_view(one.videos[name], 0)[rows].mean()) for name in (REFERENCE, *COLUMNS)}
    assert means["returned"] > means["encoded_again"] + 5
    assert means["encoded_again"] == pytest.approx(means["arrived"], abs=1)
    assert means["arrived"] == pytest.approx(means[REFERENCE], abs=2)


def test_a_damaged_frame_is_left_out(material: Material) -> None:
    trip = returned(material, lambda number: 400_000)
    trip.coded[30] = b"\x00\x00\x00\x01garbage"
    numbers = [one.number for one in frame_sets(None, material.plan, material.packets, trip)]
    assert set(range(30)) <= set(numbers) <= set(range(90)) - {30}


def test_frames_that_the_sender_reduced_are_compared_at_the_size_of_the_call() -> None:
    plan = Plan((640, 384), "H264", bitrate=600_000, count=40, reduced=(320, 192), reduced_at=20)
    reduced = prepare(None, plan)
    sets = list(frame_sets(None, plan, reduced.packets, returned(reduced, lambda number: 1_000_000)))
    assert [one.number for one in sets] == list(range(40))
    assert {(frame.width, frame.height) for one in sets for frame in one.videos.values()} == {plan.size}
