import io

import numpy as np
import pytest
from PIL import Image

from acutance.training.data.planes import to_planes
from acutance.training.prepare.measures import blockiness, finest_octave_share, jpeg_quality
from tests.training.conftest import draw

DEFAULT = 0.46
"""The default minimum of sharpness of `prepare`."""

BLOCKY = 0.5
"""The default maximum of blockiness of `prepare`."""


def luma(image: Image.Image) -> Image.Image:
    return to_planes(np.asarray(image)).y


def coded(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize("seed", range(4))
def test_enlarging_lowers_the_sharpness(seed: int) -> None:
    picture = draw(seed, (256, 192))
    large = picture.resize((512, 384), Image.Resampling.BICUBIC)
    assert finest_octave_share(luma(picture)) > DEFAULT > finest_octave_share(luma(large))
    assert finest_octave_share(luma(large.resize((256, 192), Image.Resampling.BICUBIC))) > DEFAULT


def test_darkness_and_flat_surroundings_do_not_count_as_softness() -> None:
    night = Image.new("RGB", (512, 384), (4, 4, 6))
    night.paste(draw(1, (128, 96)).point(lambda v: v // 3), (192, 160))
    assert finest_octave_share(luma(night)) > DEFAULT
    assert finest_octave_share(luma(Image.new("RGB", (64, 64), (90, 90, 90)))) == 0.0


@pytest.mark.parametrize("quality", [20, 50, 75, 90])
def test_the_quality_of_a_jpeg_file_is_read(quality: int) -> None:
    assert jpeg_quality(coded(draw(1), quality).quantization) == pytest.approx(quality, abs=1.5)  # type: ignore[attr-defined]


def test_the_lowest_jpeg_qualities_are_read() -> None:
    assert jpeg_quality(coded(draw(1), 5).quantization) < 20  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(4))
def test_strong_compression_is_found_in_a_file_of_another_format(seed: int) -> None:
    picture = draw(seed, (256, 192))
    scores = [blockiness(luma(picture)), *(blockiness(luma(coded(picture, quality))) for quality in (90, 75, 20))]
    assert scores[3] > BLOCKY
    assert max(scores[:3]) < BLOCKY


def test_a_picture_without_fine_detail_is_not_called_compressed() -> None:
    assert blockiness(luma(Image.new("RGB", (64, 64), (90, 90, 90)))) == 0.0
