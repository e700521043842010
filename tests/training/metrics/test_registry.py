import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from acutance.training.data.pictures import DataError
from acutance.training.data.planes import as_array, to_planes
from acutance.training.evaluation.methods.unsharp import unsharp
from acutance.training.metrics.registry import METRICS, choose, measure
from tests.training.conftest import draw


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return as_array(to_planes(np.asarray(draw(4, (240, 208)))).y)


@pytest.fixture(scope="module")
def soft(truth: np.ndarray) -> np.ndarray:
    small = Image.fromarray(truth).resize((120, 104), Image.Resampling.BICUBIC)
    return as_array(small.resize((240, 208), Image.Resampling.BICUBIC))


def wang_ms_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """MS-SSIM of Wang, Simoncelli and Bovik 2003, from scikit-image's maps: valid region, 2x2 means between scales."""
    a, b = x.astype(float), y.astype(float)
    product = 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
        if scale == 4:
            return product * float(structural_similarity(a, b, **wang)) ** weight
        # Only contrast and structure: a huge K1 sets the luminance term of SSIM to one.
        product *= float(structural_similarity(a, b, K1=1e6, **wang)) ** weight
        a, b = (p.reshape(p.shape[0] // 2, 2, p.shape[1] // 2, 2).mean(axis=(1, 3)) for p in (a, b))
    raise AssertionError


def test_ms_ssim_is_wang_s(truth: np.ndarray, soft: np.ndarray) -> None:
    assert measure(["ms-ssim"], soft, truth, 0)["ms-ssim"] == pytest.approx(wang_ms_ssim(soft, truth), abs=1e-4)
    assert measure(["ms-ssim"], truth, truth, 2)["ms-ssim"] == pytest.approx(1)
    with pytest.raises(DataError, match="at least 176 px"):
        measure(["ms-ssim"], soft[:100], truth[:100], 0)


def test_gradient_falls_with_blur_and_rises_with_sharpening(truth: np.ndarray, soft: np.ndarray) -> None:
    figures = [measure(["gradient"], p, truth, 2)["gradient"] for p in (soft, unsharp(soft), truth, unsharp(truth))]
    assert figures == sorted(figures)
    assert figures[2] == 1


def test_halo_is_overshoot_beside_edges_in_grey_levels() -> None:
    step = np.full((40, 40), 80, np.uint8)
    step[:, 20:] = 160
    assert measure(["halo"], step, step, 0)["halo"] == 0
    over = step.copy()
    over[:, 20] += 12  # one of the six columns whose neighbourhood has the edge
    assert measure(["halo"], over, step, 0)["halo"] == pytest.approx(12 / 6)
    assert measure(["halo"], np.full_like(step, 255), np.full_like(step, 80), 0)["halo"] == 0


@pytest.mark.skipif(METRICS["vmaf"].missing() is not None, reason="PyAV has no libvmaf here")
def test_vmaf_credits_sharpening_and_its_other_form_less(truth: np.ndarray, soft: np.ndarray) -> None:
    names = ["vmaf", "vmaf-neg"]
    same, blurred, masked = (measure(names, p, truth, 2) for p in (truth, soft, unsharp(soft)))
    assert same["vmaf"] > 95 > blurred["vmaf"]
    assert masked["vmaf"] - masked["vmaf-neg"] > blurred["vmaf"] - blurred["vmaf-neg"]


def test_a_missing_metric_is_left_out_and_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    names, notes = choose(["lpips", "halo"])
    assert names == ["psnr", "ssim", "halo"]
    assert len(notes) == 1
    assert notes[0].startswith("lpips is absent: torchvision's weights of AlexNet are not at ")
    with pytest.raises(DataError, match="'beauty' is not a metric"):
        choose(["beauty"])


def test_a_nearly_exact_picture_never_counts_more_than_an_exact_one() -> None:
    exact = np.full((360, 640), 90, np.uint8)
    nearly = exact.copy()
    nearly[100, 100] += 1  # 10 log10(255² · 640 · 360) = 101.75 dB
    figures = [measure(["psnr"], picture, exact, 0)["psnr"] for picture in (nearly, exact)]
    assert figures == [99.0, 99.0]
