import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
from spandrel.architectures.DnCNN.__arch.network_dncnn import DnCNN

from acutance.model.hints import COUNT
from acutance.model.nets.shape import TeacherShape
from acutance.model.nets.teacher import Teacher
from acutance.training.checkpoints.checkpoint import State, load_network, save_weights
from acutance.training.checkpoints.run_record import CheckpointError
from acutance.training.losses.distillation import affinity, teacher_features
from acutance.training.losses.perceptual import load_backbone
from acutance.training.run.averaging import Average
from acutance.training.teachers.labels import label_pairs
from acutance.training.teachers.teachers import LoadedTeacher, load_teacher, write_teacher
from tests.training.sets import blurred_pairs


@pytest.fixture
def teacher(tmp_path: Path) -> LoadedTeacher:
    """An untrained teacher."""
    torch.manual_seed(0)
    network = Teacher(TeacherShape(16, 2, hinted=True))
    save_weights(tmp_path / "best.safetensors", State(7, 1.0, 0.5), network, Average(network, 0.9).tensors, {})
    return load_teacher(tmp_path / "best.safetensors")


def luma(height: int = 36, width: int = 44) -> torch.Tensor:
    return torch.rand(2, 1, height, width, generator=torch.Generator().manual_seed(1))


def test_a_teacher_is_exported_compactly_and_is_the_same(teacher: LoadedTeacher, tmp_path: Path) -> None:
    write_teacher(teacher.file, tmp_path / "teacher.safetensors", {"recipe": "{}"})
    again = load_teacher(tmp_path / "teacher.safetensors")
    hints = torch.rand(2, COUNT)
    assert again.name == teacher.name == "teacher-c16b2h"
    assert torch.equal(again.network(luma(), hints), teacher.network(luma(), hints))
    assert not any(parameter.requires_grad for parameter in again.module.parameters())
    with safe_open(again.file, "pt") as file:
        assert {"shape", "recipe", "commit"} <= file.metadata().keys()
    assert load_network(again.file)[1].step == 7


def test_an_enlarging_rgb_network_works_on_the_reduced_picture(tmp_path: Path) -> None:
    network = SRVGGNetCompact(num_feat=8, num_conv=2, upscale=2)
    torch.nn.init.zeros_(network.body[-1].weight)  # type: ignore[union-attr]
    torch.nn.init.zeros_(network.body[-1].bias)  # type: ignore[union-attr]
    torch.save({"params": network.state_dict()}, tmp_path / "compact.pth")
    foreign = load_teacher(tmp_path / "compact.pth")
    assert foreign.name == "RealESRGAN Compact"
    # With zero weights only its skip connection remains: the reduced picture with every pixel repeated; odd sizes too.
    flat = torch.full((1, 1, 35, 43), 0.25)
    torch.testing.assert_close(foreign.network(flat), flat)
    assert foreign.network.features(luma()).shape == (2, 8, 18, 22)


def test_a_network_of_the_same_resolution_and_one_plane_is_used_unchanged(tmp_path: Path) -> None:
    network = DnCNN(in_nc=1, out_nc=1, nc=8, nb=10, act_mode="R")
    save_file(network.state_dict(), tmp_path / "dncnn.safetensors")
    foreign = load_teacher(tmp_path / "dncnn.safetensors")
    with torch.no_grad():
        torch.testing.assert_close(foreign.network(luma()), network.eval()(luma()))
    write_teacher(foreign.file, tmp_path / "teacher.safetensors", {})
    torch.testing.assert_close(load_teacher(tmp_path / "teacher.safetensors").network(luma()), foreign.network(luma()))


def test_files_that_are_no_teacher_are_explained(tmp_path: Path) -> None:
    class Surprise:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "run",)  # type: ignore[return-value]

    torch.save({"weights": Surprise()}, tmp_path / "pickle.pth")
    with pytest.raises(CheckpointError, match="holds no weights that can be read safely"):
        load_teacher(tmp_path / "pickle.pth")
    assert not (tmp_path / "run").exists()
    save_file({"a": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="neither a checkpoint of acutance-train nor a network that spandrel"):
        load_teacher(tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_teacher(tmp_path / "none.pth")


def test_labels_are_the_teachers_output_and_resume_after_an_interruption(
    teacher: LoadedTeacher, tmp_path: Path
) -> None:
    pairs = blurred_pairs(tmp_path, count=20)
    whole = np.array(label_pairs(pairs, teacher, torch.device("cpu"), lambda done, total: None))
    with torch.inference_mode():
        expected = teacher.network(torch.from_numpy(pairs.patches[:, :1]).float() / 255, torch.zeros(20, COUNT))
    assert np.abs(whole / 255 - expected[:, 0].numpy()).max() <= 0.5001 / 255
    (file,) = tmp_path.glob("labels-*.npy")
    cut = file.with_suffix(".unfinished")
    cut.write_bytes(file.read_bytes()[: -64 * 64 * 3 - 100])
    file.unlink()
    begun = []
    again = label_pairs(pairs, teacher, torch.device("cpu"), lambda done, total: begun.append(done))
    assert begun == [16, 20]
    assert np.array_equal(again, whole)


def test_a_teacher_that_takes_hints_compares_features_of_uncoded_pictures(teacher: LoadedTeacher) -> None:
    truth = luma()
    assert teacher_features(teacher.network, truth.clone(), truth).item() == 0
    output = (truth + 0.1 * torch.rand_like(truth)).requires_grad_()
    teacher_features(teacher.network, output, truth).backward()  # type: ignore[no-untyped-call]
    assert output.grad is not None
    assert output.grad.abs().sum() > 0


def test_affinity_sees_what_looks_alike_and_not_how_wide_a_network_is() -> None:
    features = torch.rand(2, 6, 32, 32)
    mixed = torch.linalg.qr(torch.rand(9, 6))[0]
    wider = torch.einsum("oc,bchw->bohw", mixed, features)  # turned into nine dimensions: all angles stay
    assert affinity(features, wider, 8).item() == pytest.approx(0, abs=1e-5)
    assert affinity(features, wider.flip(3), 8).item() > 0.1


def test_the_perceptual_loss_uses_fixed_random_weights_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    backbone = load_backbone(["relu1_2", "relu2_1"])
    assert "fixed random weights" in backbone.name
    assert len(backbone.layers) == 7
    truth = luma(32, 32)
    assert backbone.distance(truth, truth).item() == 0
    assert backbone.distance(truth + 0.05 * torch.rand_like(truth), truth).item() > 0.01
    again = load_backbone(["relu1_2", "relu2_1"])
    assert again.distance(truth.flip(2), truth) == backbone.distance(truth.flip(2), truth)


def test_the_perceptual_loss_takes_weights_from_a_file_or_torchs_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.models import squeezenet1_1

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    name = "squeezenet1_1-b8a52dc0.pth"
    torch.save(squeezenet1_1(weights=None).state_dict(), tmp_path / "hub" / "checkpoints" / name)
    assert load_backbone(["relu3_3"]).name == f"SqueezeNet 1.1 with the weights of {name}"
    named = load_backbone(["relu1_1"], tmp_path / "hub" / "checkpoints" / name)
    assert len(named.layers) == 2
    (tmp_path / "other.json").write_text(json.dumps({}))
    with pytest.raises(CheckpointError, match="no weights that can be read safely"):
        load_backbone(["relu1_1"], tmp_path / "other.json")
