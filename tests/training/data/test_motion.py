import numpy as np
import pytest

from acutance.training.data.motion import MARGIN, Motion, frame_size, make_clip
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes, as_array, to_planes
from tests.training.conftest import draw

SIZE = (96, 64)


@pytest.fixture(scope="module")
def planes() -> Planes:
    return to_planes(np.asarray(draw(1)))


@pytest.mark.parametrize("motion", [Motion(0, 0, 0), Motion(2, -1, 0), Motion(0.4, 1.7, 0.004)])
def test_the_last_frame_is_the_picture_itself(planes: Planes, motion: Motion) -> None:
    clip = make_clip(planes, SIZE, (40, 50), motion, 6)
    assert len(clip) == 6
    assert all(frame.size == SIZE for frame in clip)
    np.testing.assert_array_equal(as_array(clip[-1].y), as_array(planes.y)[50 : 50 + 64, 40 : 40 + 96])


def test_a_pan_by_whole_pixels_shows_the_picture_shifted(planes: Planes) -> None:
    clip = make_clip(planes, SIZE, (40, 50), Motion(2, -1, 0), 4)
    for back, frame in enumerate(reversed(clip)):
        left, top = 40 - 2 * back, 50 + back
        np.testing.assert_array_equal(as_array(frame.y), as_array(planes.y)[top : top + 64, left : left + 96])


def test_motion_stops_at_the_picture_s_edge(planes: Planes) -> None:
    clip = make_clip(planes, SIZE, (0, 0), Motion(3, 3, 0.005), 8)
    assert all(frame.size == SIZE for frame in clip)


def test_a_frame_outside_of_the_picture_is_an_error(planes: Planes) -> None:
    with pytest.raises(DataError, match="exceeds the picture"):
        make_clip(planes, SIZE, (150, 0), Motion(0, 0, 0), 2)


def test_frames_are_even_and_leave_the_margin() -> None:
    assert frame_size((2000, 1000), (640, 384)) == (640, 384)
    assert frame_size((401, 301), (640, 384)) == ((401 - 2 * MARGIN) // 2 * 2, (301 - 2 * MARGIN) // 2 * 2)
