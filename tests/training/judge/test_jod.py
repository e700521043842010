import numpy as np
import pytest
import torch
from scipy.ndimage import zoom

from acutance.training.data.pictures import DataError
from acutance.training.judge.jod import jod, parse_display
from acutance.training.judge.video import Video
from tests.training.judge.videos import blurred, moving


def _doubled(planes: np.ndarray) -> np.ndarray:
    return np.stack([zoom(plane.astype(float), 2, order=1, grid_mode=True, mode="nearest") for plane in planes])


def as_rgb(video: Video) -> np.ndarray:
    """R'G'B' in 0..1 by BT.709, limited range, with bilinear chroma; float32 `[F, H, W, 3]`."""
    y = np.clip((video.y.astype(float) - 16) / 219, 0, 1)
    u, v = (np.clip((_doubled(planes) - 128) / 224, -0.5, 0.5) for planes in (video.u, video.v))
    rgb = np.stack([y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u], axis=-1)
    return np.clip(rgb, 0, 1).astype(np.float32)


@pytest.mark.parametrize(("size", "display"), [((160, 96), "standard_fhd"), ((134, 118), "standard_4k")])
def test_jod_is_that_of_the_package(size: tuple[int, int], display: str) -> None:
    from pycvvdp import cvvdp  # here, because it takes seconds, which each process that collects tests would need

    video = moving(8, size)
    metric = cvvdp(display_name=display, quiet=True, device=torch.device("cpu"))
    for sigma in (0.6, 1.5):
        test = blurred(video, sigma)
        with torch.inference_mode():
            expected, _ = metric.predict(as_rgb(test), as_rgb(video), dim_order="FHWC", frames_per_second=25)
        # The second test video shares the kept bands of the reference.
        assert jod(video, test, display) == pytest.approx(float(expected), abs=2e-3)


def test_a_display_is_a_name_or_pixels_per_degree() -> None:
    assert parse_display("standard_4k") == ("standard_4k", None)
    assert parse_display("60") == ("standard_fhd", 60)
    video = moving(4)
    near, far = (jod(video, blurred(video), degrees) for degrees in ("20", "80"))
    assert near < far
    with pytest.raises(DataError, match=r"'cinema' is not a display: give pixels per degree, or one of .*standard_fhd"):
        parse_display("cinema")
    with pytest.raises(DataError, match="5 to 200 pixels per degree"):
        parse_display("1")


def test_one_frame_has_no_jod() -> None:
    with pytest.raises(DataError, match="at least two frames"):
        jod(moving(1), moving(1))
