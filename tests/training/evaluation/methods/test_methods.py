from pathlib import Path

import numpy as np
import pytest
import torch
from spandrel.architectures.SPAN import SPAN

from acutance.model.hints import UNCODED, Hints
from acutance.model.nets.export import PARITY, to_onnx
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student, sharpen
from acutance.training.checkpoints.checkpoint import State, save_weights
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import as_array, to_planes
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.cost import costs, parse_size
from acutance.training.evaluation.methods.methods import Choice, choose, choose_all, open_method
from acutance.training.evaluation.methods.unsharp import unsharp
from acutance.training.evaluation.testsets import MethodInput
from acutance.training.metrics.psnr_ssim import psnr
from tests.model.students import lived_in
from tests.training.conftest import draw


@pytest.fixture(scope="module")
def luma() -> np.ndarray:
    return as_array(to_planes(np.asarray(draw(4, (97, 65)))).y)


def frame_of(luma: np.ndarray, hints: Hints = UNCODED) -> MethodInput:
    return MethodInput(luma, hints, Degradation(), None)


def told() -> Student:
    """A student with an output that depends on hints; that of a new student does not."""
    student = lived_in(StudentShape(8, 2, hinted=True))
    with torch.no_grad():
        next(student.head.parameters())[:, 1] = 0.5
    return student


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("mine") / "best.safetensors"
    save_weights(file, State(step=1), told(), told().state_dict(), {})
    return file


def enlarging(file: Path, scale: int) -> Path:
    torch.manual_seed(0)
    network = SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=scale)
    torch.save(network.state_dict(), file)
    return file


def test_input_and_unsharp_compute_what_they_name(luma: np.ndarray) -> None:
    assert (open_method(choose("input"))(frame_of(luma)) == luma).all()
    assert (open_method(choose("unsharp"))(frame_of(luma)) == unsharp(luma)).all()


def test_a_checkpoint_has_the_name_of_its_run_and_receives_hints(checkpoint: Path, luma: np.ndarray) -> None:
    assert choose(str(checkpoint)) == choose(str(checkpoint.parent))
    choice = choose(str(checkpoint))
    assert choice.name == checkpoint.parent.name
    method = open_method(choice)
    coarse = Hints(step=80.0, bits=0.02, reduction=2.0)
    padded = np.pad(luma, ((0, 1), (0, 1)), mode="edge")
    wanted = sharpen(told(), padded, coarse)[:65, :97]
    np.testing.assert_allclose(method(frame_of(luma, coarse)), wanted, atol=1)
    assert (method(frame_of(luma, coarse)) != method(frame_of(luma))).any()


@pytest.mark.parametrize("shape", [StudentShape(8, 2), StudentShape(8, 2, hinted=True)])
def test_every_method_takes_luma_that_was_not_rounded(shape: StudentShape, luma: np.ndarray, tmp_path: Path) -> None:
    student = lived_in(shape)
    (tmp_path / "mine.onnx").write_bytes(to_onnx(student, {}))
    save_weights(tmp_path / "mine.safetensors", State(step=1), student, student.state_dict(), {})
    rounded, coarse = luma.astype(np.float32), Hints(step=80.0, bits=0.02, reduction=2.0)
    between = rounded + np.random.default_rng(0).uniform(-0.49, 0.49, luma.shape).astype(np.float32)
    methods = [open_method(choose(str(tmp_path / f"mine.{kind}"))) for kind in ("onnx", "safetensors")]
    for method in [*methods, open_method(choose("unsharp")), open_method(choose("input"))]:
        np.testing.assert_array_equal(method(frame_of(rounded, coarse)), method(frame_of(luma, coarse)))
    for method in methods:
        assert (method(frame_of(between, coarse)) != method(frame_of(luma, coarse))).any()
    exported, trained = (method(frame_of(between, coarse)) for method in methods)
    np.testing.assert_allclose(exported, trained, atol=PARITY)


def test_a_label_renames_and_equal_names_are_refused(checkpoint: Path) -> None:
    assert choose(f"base={checkpoint}").name == "base"
    assert [one.name for one in choose_all(["unsharp", "input", f"base={checkpoint}"])] == ["input", "unsharp", "base"]
    with pytest.raises(DataError, match="have the name unsharp"):
        choose_all(["unsharp", f"unsharp={checkpoint}"])


def test_an_enlarging_network_receives_the_small_picture(tmp_path: Path, luma: np.ndarray) -> None:
    method = open_method(choose(str(enlarging(tmp_path / "span.pth", 2))))
    assert method.name == "span"
    assert method(frame_of(luma)).shape == luma.shape
    small = luma[:48, :64]
    on_its_ground = MethodInput(np.zeros((96, 128), np.uint8), UNCODED, Degradation.parse("bicubic2"), small)
    assert method(on_its_ground).shape == (96, 128)
    assert psnr(method(on_its_ground), np.zeros((96, 128), np.uint8)) < 60


def test_files_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "evil.pth").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    (tmp_path / "torn.safetensors").write_bytes(b"nothing")
    torch.save({"a": torch.zeros(3)}, tmp_path / "unknown.pth")
    (tmp_path / "notes.md").write_text("no weights")
    for name in ("evil.pth", "torn.safetensors", "unknown.pth", "notes.md"):
        with pytest.raises(DataError, match=name):
            open_method(choose(str(tmp_path / name)))
    with pytest.raises(DataError, match="is not a method"):
        choose(str(tmp_path / "absent.onnx"))


def test_costs_are_medians_of_alternating_measurements(checkpoint: Path, tmp_path: Path) -> None:
    ticks = iter(range(10_000))
    choices = choose_all(["unsharp", str(checkpoint), f"span={enlarging(tmp_path / 'span.pth', 2)}"])
    found = costs(choices, (64, 48), rounds=4, threads=[1], clock=lambda: next(ticks) / 100)
    assert [cost.method for cost in found] == ["unsharp", checkpoint.parent.name, "span"]
    assert [timing.milliseconds for cost in found for timing in cost.timings] == pytest.approx([10.0] * 3)
    assert {timing.where for cost in found for timing in cost.timings} == {"CPU, 1 thread, 64x48"}
    shape = StudentShape(8, 2, hinted=True)
    assert (found[1].parameters, found[1].mac_per_pixel) == (shape.parameters, shape.macs_per_pixel)
    assert found[2].mac_per_pixel is not None
    assert found[2].mac_per_pixel > 0


def test_sizes_are_read_or_refused() -> None:
    assert parse_size("1280x720") == (1280, 720)
    for text in ("720p", "8x8", "1280", "x", "9000x100"):
        with pytest.raises(DataError, match="is not a frame size"):
            parse_size(text)


def test_a_method_that_was_not_fitted_says_so() -> None:
    with pytest.raises(DataError, match="--fit-on"):
        open_method(Choice("linear", "linear"))
