import numpy as np
import pytest
import torch

from acutance.model.hints import UNCODED, BitMeter, Hints, fill
from acutance.model.nets.student import as_codes, hint_plane


def test_what_was_neither_coded_nor_reduced_is_all_zeros() -> None:
    assert UNCODED.codes == (0, 0, 0, 0)
    assert Hints(step=0.5, bits=0.001, reduction=0.9).codes == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("hints", "codes"), [(Hints(1, 0.004, 2, 0.5), (24, 48, 96, 128)), (Hints(224, 0.1, 4, 1), (211, 159, 192, 255))]
)
def test_codes_are_logarithmic_but_for_sharpness(hints: Hints, codes: tuple[int, ...]) -> None:
    assert hints.codes == codes


def test_what_no_codec_sends_stays_within_a_byte() -> None:
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


def test_bits_are_the_mean_of_the_last_second() -> None:
    meter = BitMeter()
    assert meter.add(1000, 8000) == 1.0
    assert meter.add(0, 8000) == 0.5
    assert [meter.add(500, 8000) for _ in range(30)][-1] == 0.5
    assert meter.add(3500, 8000) == pytest.approx(0.6)
