from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from acutance.model.hints import REDUCTIONS
from acutance.training.data.motion import Motion, make_clip
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Planes, as_array, to_planes
from acutance.training.degradation.codec import Codec, encode_decode
from acutance.training.degradation.degrade import Degradation, degrade, degrade_frames
from acutance.training.metrics.psnr_ssim import psnr
from acutance.training.recipes.recipe import MixtureSection
from tests.training.conftest import RECIPE, draw

NAMES = [
    "identity",
    "bicubic2",
    "bicubic2-float",
    "h264-0.1",
    "vp8-0.05",
    "soft2-h264-0.1",
    "soft1.5-vp8-0.05",
    "shrunk2-h264-0.05",
]


@pytest.fixture(scope="module")
def clip() -> list[Planes]:
    return make_clip(to_planes(np.asarray(draw(2, (320, 240)))), (256, 180), (32, 30), Motion(2, 1, 0), 6)


@pytest.mark.parametrize("name", NAMES)
def test_names_read_back(name: str) -> None:
    assert Degradation.parse(name).name == name


@pytest.mark.parametrize(
    "name", ["", "blur", "bicubic", "bicubic9", "bicubic0.5", "h264", "h264-0", "soft2", "vp9-0.1", "h264-0.1-float"]
)
def test_unknown_names_are_refused_with_examples(name: str) -> None:
    with pytest.raises(DataError, match="is not a degradation; examples: identity"):
        Degradation.parse(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_clip_is_degraded_the_same_way_twice(clip: list[Planes], name: str) -> None:
    how = Degradation.parse(name)
    first, second = degrade(clip, how), degrade(clip, how)
    np.testing.assert_array_equal(first.luma, second.luma)
    assert first.hints == second.hints


@pytest.mark.parametrize(("name", "coded", "reduction"), [
    ("identity", False, 1), ("bicubic2", False, 1), ("h264-0.1", True, 1), ("soft2-vp8-0.1", True, 1),
    ("shrunk2-vp8-0.1", True, 2), ("shrunk1.5-h264-0.1", True, 1.5),
])  # fmt: skip
def test_hints_tell_what_a_receiver_knows_and_no_more(
    clip: list[Planes], name: str, coded: bool, reduction: float
) -> None:
    hints = [degraded.hints for degraded in degrade_frames(clip, Degradation.parse(name))]
    assert all((h.step > 0) == coded and (h.bits > 0) == coded for h in hints)
    assert all(h.reduction == pytest.approx(reduction, rel=0.02) for h in hints)


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_fewer_bits_have_a_coarser_quantiser_step(clip: list[Planes], codec: Codec) -> None:
    poor, good = (degrade(clip, Degradation(codec=codec, bits=bits)).hints for bits in (0.03, 0.6))
    assert poor.step > 2 * good.step
    assert poor.bits < good.bits


def test_a_kernel_a_lens_and_a_sensor_change_what_is_sent(clip: list[Planes]) -> None:
    plain = Degradation(2.0, "h264", 0.5, shrunk=True)
    others = [replace(plain, kernel=1), replace(plain, blur=0.8), replace(plain, noise=3.0)]
    lumas = [degrade(clip, how).luma for how in (plain, *others)]
    assert all((lumas[0] != luma).any() for luma in lumas[1:])
    noisy = replace(plain, ratio=1.0, shrunk=False, noise=3.0, bits=4.0)
    assert (degrade(clip, noisy).luma != degrade(clip, replace(noisy, seed=1)).luma).any()


def test_only_the_identity_leaves_the_picture_unchanged(clip: list[Planes]) -> None:
    truth = as_array(clip[-1].y)
    for name in NAMES:
        degraded = degrade(clip, Degradation.parse(name)).luma
        assert degraded.shape == truth.shape
        assert (name == "identity") == bool((degraded == truth).all())


@pytest.mark.parametrize("codec", ["h264", "vp8"])
@pytest.mark.parametrize("how", ["{}-0.2", "soft2-{}-0.2", "shrunk2-{}-0.2"])
def test_decoded_frames_are_aligned_with_their_truth_in_time_and_space(
    clip: list[Planes], codec: Codec, how: str
) -> None:
    degraded = [one.luma for one in degrade_frames(clip, Degradation.parse(how.format(codec)))]
    truths = [as_array(frame.y) for frame in clip]
    for index, frame in enumerate(degraded):
        # The clip moves by 2 and 1 px per frame, so a frame too early or too late matches another truth better.
        by_frame = [psnr(frame, truth) for truth in truths]
        assert int(np.argmax(by_frame)) == index
    inner = degraded[-1][4:-4, 4:-4]
    by_shift = {
        (dy, dx): psnr(inner, truths[-1][4 + dy : -4 + dy or None, 4 + dx : -4 + dx or None])
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    }
    assert max(by_shift, key=lambda shift: by_shift[shift]) == (0, 0)


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_more_bits_are_a_better_picture(clip: list[Planes], codec: Codec) -> None:
    truth = as_array(clip[-1].y)
    qualities = [psnr(degrade(clip, Degradation(codec=codec, bits=bits)).luma, truth) for bits in (0.05, 0.2, 0.8)]
    assert qualities == sorted(qualities)
    assert qualities[-1] > qualities[0] + 3


def test_height_need_not_be_a_multiple_of_four() -> None:
    frames = [np.full((66 * 3 // 2, 64), 90, np.uint8)] * 4
    assert [frame.yuv.shape for frame in encode_decode(frames, "vp8", 0.1)] == [(99, 64)] * 4


def test_the_mixture_is_seeded_and_keeps_its_shares() -> None:
    mixture = MixtureSection.model_validate(RECIPE["mixture"]).mixture
    drawn = [[mixture.draw(np.random.default_rng([1, i])) for i in range(2000)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    kinds = Counter(
        "shrunk" if d.shrunk else d.name if d.name == "identity" else "bicubic" if d.codec is None else "sharp or soft"
        for d in drawn[0]
    )
    shares = {kind: count / 2000 for kind, count in kinds.items()}
    assert shares == pytest.approx({"identity": 0.1, "bicubic": 0.3, "sharp or soft": 0.4, "shrunk": 0.2}, abs=0.04)
    coded = [d for d in drawn[0] if d.codec]
    assert all(0.05 <= d.bits <= 0.2 for d in coded)
    assert all(d.ratio in (1, pytest.approx(2, abs=0.5)) for d in coded if not d.shrunk)


def test_senders_reduce_by_all_that_the_server_undoes() -> None:
    mixture = MixtureSection.model_validate({**RECIPE["mixture"], "shrunk": 1.0, "soft": 0.0}).mixture  # type: ignore[dict-item]
    drawn = [mixture.draw(np.random.default_rng([1, i])) for i in range(2000)]
    ratios = [d.ratio for d in drawn if d.shrunk]
    assert min(ratios) == pytest.approx(REDUCTIONS[0], abs=0.02)
    assert max(ratios) == pytest.approx(REDUCTIONS[1], abs=0.02)
    # The number between 1.1 and 2.1 equals that between 2.1 and 4: half of all are below the geometric mean.
    assert sum(ratio < np.sqrt(np.prod(REDUCTIONS)) for ratio in ratios) == pytest.approx(len(ratios) / 2, rel=0.1)
