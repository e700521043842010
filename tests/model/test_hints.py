import numpy as np
import pytest
import torch

from acutance.model.hints import BITS_WINDOW, UNCODED, Hints, StreamHints, fill, with_frame
from acutance.model.nets.half_grid import as_codes, hint_plane
from acutance.model.sharpness import detail_ratio


def test_hints_of_an_uncoded_and_unreduced_frame_are_zero() -> None:
    assert UNCODED.codes == (0, 0, 0, 0)
    assert Hints(step=0.5, bits=0.001, reduction=0.9).codes == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("hints", "codes"), [(Hints(1, 0.004, 2, 0.5), (24, 48, 96, 128)), (Hints(224, 0.1, 4, 1), (211, 159, 192, 255))]
)
def test_codes_are_logarithmic_but_for_sharpness(hints: Hints, codes: tuple[int, ...]) -> None:
    assert hints.codes == codes


def test_out_of_range_hints_stay_within_a_byte() -> None:
    assert Hints(1e9, 1e9, 1e9, 1e9).codes == (255, 255, 255, 255)


def test_the_engines_plane_is_the_one_that_networks_are_trained_on() -> None:
    hints = Hints(step=17.0, bits=0.05, reduction=1.5, sharpness=0.4)
    plane = np.full((6, 8), 99, np.uint8)
    fill(plane, hints)
    trained = hint_plane(as_codes(hints), torch.zeros(1, 1, 6, 8))
    assert np.array_equal(plane, (trained[0, 0] * 255).round().numpy())
    assert set(plane[0::2, 0::2].ravel()) == {hints.codes[0]}
    assert set(plane[0::2, 1::2].ravel()) == {hints.codes[1]}
    assert set(plane[1::2, 0::2].ravel()) == {hints.codes[2]}
    assert set(plane[1::2, 1::2].ravel()) == {hints.codes[3]}


def test_bits_are_the_mean_of_the_last_second_and_the_step_is_the_frames_own() -> None:
    stream = StreamHints()
    assert stream.last == UNCODED
    assert stream.add(2.0, 1000, 8000) == Hints(2.0, 1.0)
    assert stream.add(3.0, 0, 8000) == stream.last == Hints(3.0, 0.5)
    assert [stream.add(1.0, 500, 8000).bits for _ in range(BITS_WINDOW)][-1] == 0.5
    assert stream.add(1.0, 3500, 8000).bits == pytest.approx(0.6)


def test_a_frame_without_a_readable_step_has_the_hints_of_the_frame_before() -> None:
    stream = StreamHints()
    assert stream.add(None, 1000, 8000) == UNCODED
    assert stream.add(2.0, 500, 8000) == stream.add(None, 9000, 8000) == Hints(2.0, 0.5)
    assert stream.add(4.0, 500, 8000) == Hints(4.0, 0.5)


def test_the_decoded_frame_adds_sharpness_and_reduction() -> None:
    luma = np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8)
    assert with_frame(Hints(2.0, 0.5), luma, 32) == Hints(2.0, 0.5, 2.0, detail_ratio(luma))
    assert with_frame(UNCODED, luma, 128).reduction == 1.0
