import numpy as np
import pytest

from acutance.training.data.layers import Shake, make_layered_clip
from acutance.training.data.motion import Motion
from acutance.training.data.planes import Planes, as_array, to_planes
from tests.training.conftest import draw

SIZE = (96, 64)
CORNERS = ((40, 50), (36, 44))
STILL = Motion(0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def layers() -> tuple[Planes, Planes]:
    """A picture behind that is darker than 120, and one in front that is brighter: each pixel tells its layer."""
    behind, front = (to_planes(np.asarray(draw(seed))) for seed in (1, 2))
    return Planes(*(plane.point(lambda v: v // 3) for plane in (behind.y, behind.cb, behind.cr))), (
        Planes(*(plane.point(lambda v: 160 + v // 4) for plane in (front.y, front.cb, front.cr)))
    )


def clip_of(
    layers: tuple[Planes, Planes], motions: tuple[Motion, Motion], frames: int = 8, seed: int = 0
) -> list[Planes]:
    return make_layered_clip(layers, CORNERS, motions, SIZE, frames, np.random.default_rng(seed))


def in_front(frame: Planes) -> np.ndarray:
    covered: np.ndarray = as_array(frame.y) > 140
    return covered


@pytest.mark.parametrize("seed", range(4))
def test_the_last_frame_has_the_pixels_of_both_pictures(layers: tuple[Planes, Planes], seed: int) -> None:
    last = as_array(clip_of(layers, (Motion(1.3, 0.4, 0.002), Motion(-2.0, 1.0, 0.0)), seed=seed)[-1].y)
    (left, top), (front_left, front_top) = CORNERS
    behind = as_array(layers[0].y)[top : top + 64, left : left + 96]
    front = as_array(layers[1].y)[front_top : front_top + 64, front_left : front_left + 96]
    known = (last == behind) | (last == front)
    assert known.mean() > 0.9, "only the edge of the shape is mixed"
    assert (last == front).any()
    assert (last == behind).any()


def test_what_moves_in_front_hides_and_uncovers(layers: tuple[Planes, Planes]) -> None:
    clip = clip_of(layers, (STILL, Motion(3.0, 0.0, 0.0)))
    first, last = in_front(clip[0]), in_front(clip[-1])
    assert (first & ~last).any(), "some of the picture behind was hidden"
    assert (last & ~first).any(), "and some is hidden now"


def test_a_shaking_hand_moves_both_layers_alike(layers: tuple[Planes, Planes]) -> None:
    clip = clip_of(layers, (STILL, STILL))
    assert not np.array_equal(as_array(clip[0].y), as_array(clip[-1].y))
    for seed in range(5):
        shake = Shake.draw(np.random.default_rng(seed), 8)
        assert shake.offsets[-1] == (0.0, 0.0)
        assert len(shake.offsets) == 8
        assert 0 < max(abs(side) for offset in shake.offsets for side in offset) < 12


def test_colour_belongs_to_its_layer(layers: tuple[Planes, Planes]) -> None:
    """Chroma of half size is cut out like luma: it tells the layer at the same places."""
    half = tuple(Planes(one.y, *(plane.resize((100, 84)) for plane in (one.cb, one.cr))) for one in layers)
    (frame,) = make_layered_clip((half[0], half[1]), CORNERS, (STILL, STILL), SIZE, 1, np.random.default_rng(0))
    assert frame.cb.size == (48, 32)
    of_luma = in_front(frame)[::2, ::2]
    of_chroma = as_array(frame.cb) > 120
    assert (of_luma == of_chroma).mean() > 0.95


def test_the_same_draws_give_the_same_clip(layers: tuple[Planes, Planes]) -> None:
    ones, others = (clip_of(layers, (STILL, Motion(1.0, 2.0, 0.0))) for _ in range(2))
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(as_array(one.y), as_array(other.y))
