"""A call whose connection becomes poor: what is remembered of the time before."""

import numpy as np
import pytest

from acutance.model.memory.call_memory import CallMemory
from acutance.training.data.motion import Motion, make_clip
from acutance.training.data.planes import Planes, as_array, to_planes
from acutance.training.degradation.degrade import Degradation, DegradedFrame
from acutance.training.degradation.drop import degrade_drop
from tests.training.conftest import draw

GOOD = Degradation.parse("h264-3")
SIZE = (128, 96)


def still(seed: int, frames: int = 4) -> list[Planes]:
    return make_clip(to_planes(np.asarray(draw(seed))), SIZE, (32, 32), Motion(0, 0, 0), frames)


def after_a_drop(before: list[Planes], after: list[Planes], poor: str = "shrunk2-h264-1") -> list[DegradedFrame]:
    return degrade_drop(before, after, GOOD, Degradation.parse(poor), CallMemory(), {1, 3})


@pytest.mark.parametrize("poor", ["shrunk2-h264-1", "shrunk2-vp8-1", "h264-0.3"])
def test_the_wanted_frames_remember_the_good_connection(poor: str) -> None:
    clip = still(0)
    frames = after_a_drop(clip, clip, poor)
    assert [frame.planes is not None for frame in frames] == [False, True, False, True]
    planes, truth = frames[3].planes, as_array(clip[3].y).astype(float)
    assert planes is not None
    assert planes.share > 0.5
    covered = planes.fit > 128
    error = {name: np.abs(luma - truth)[covered].mean() for name, luma in (("in", frames[3].luma), ("p", planes.plate))}
    assert error["p"] < 0.6 * error["in"]


def test_after_a_cut_only_the_new_scene_is_remembered() -> None:
    old, new = (as_array(still(seed)[0].y).astype(float) for seed in (0, 1))
    for frame in after_a_drop(still(0), still(1)):
        if frame.planes is not None:
            assert np.abs(frame.planes.plate - new).mean() < 0.3 * np.abs(frame.planes.plate - old).mean()


def test_nothing_is_remembered_where_the_connection_stays_good() -> None:
    assert all(frame.planes is None for frame in after_a_drop(still(0), still(0), "h264-3"))
