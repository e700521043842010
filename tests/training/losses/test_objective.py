"""The weighted sum of a recipe's losses: the pixels of a crop that it includes, and several processes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from acutance.model.nets.shape import TeacherShape
from acutance.model.nets.teacher import Teacher
from acutance.training.losses.objective import Objective, Restored
from acutance.training.losses.perceptual import Backbone, load_backbone
from acutance.training.losses.ranks import ALONE, Ranks
from acutance.training.pairs.batches import Batch
from acutance.training.recipes.sections import LossesSection
from acutance.training.teachers.teachers import LoadedTeacher

BORDER = 6
TERMS = (
    "truth",
    "harm",
    "teacher_output",
    "teacher_features",
    "affinity",
    "perceptual",
    "bands",
    "ms_ssim",
    "jod",
    "frequency",
)
SAMPLED = ("perceptual", "ms_ssim", "jod")
SIDE, CELLS = 56, 28
"""Side of a crop in pixels, and in cells of the half grid."""


@pytest.fixture(scope="module")
def teacher() -> LoadedTeacher:
    torch.manual_seed(0)
    network = Teacher(TeacherShape(8, 1, hinted=True)).eval().requires_grad_(False)
    return LoadedTeacher(network, network.shape.name, network.shape.border, "", Path())


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone(["relu1_2"])


def batch(pictures: int) -> Batch:
    """Pictures of very different brightness, so that a common denominator matters."""
    luma = torch.rand(3, pictures, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(3))
    luma = luma * torch.linspace(0.1, 1, pictures)[:, None, None, None]
    return Batch(luma[0], luma[1], torch.rand(pictures, 4), luma[2])


def losses(*names: str, pictures: int = 0) -> LossesSection:
    terms: dict[str, dict[str, object]] = {name: {"weight": 1.0} for name in names}
    terms["truth"] = {"kind": "squared", "weight": float("truth" in names)}
    for name in set(names) & set(SAMPLED):
        terms[name]["pictures"] = pictures
    return LossesSection.model_validate(terms)


@pytest.mark.parametrize("name", [name for name in TERMS if name != "affinity"])
def test_no_loss_sees_the_border_that_padding_reaches(name: str, teacher: LoadedTeacher, backbone: Backbone) -> None:
    step = batch(2)
    output = (step.degraded + 0.1).requires_grad_()
    total, _ = Objective(losses(name), BORDER, teacher, backbone)(
        Restored(output), torch.zeros(2, 8, CELLS, CELLS), step, 1.0
    )
    total.backward()  # type: ignore[no-untyped-call]
    assert output.grad is not None
    inside = output.grad[..., BORDER:-BORDER, BORDER:-BORDER]
    assert (inside != 0).any()
    assert output.grad.abs().sum().item() == pytest.approx(inside.abs().sum().item())
    assert (output.grad[..., BORDER : BORDER + 4, BORDER:-BORDER] != 0).any()


def coloured(pictures: int) -> Batch:
    chroma = 0.5 + 0.1 * torch.rand(2, pictures, 2, CELLS, CELLS, generator=torch.Generator().manual_seed(4))
    return replace(batch(pictures), chroma=chroma[0], true_chroma=chroma[1])


@pytest.mark.parametrize("name", ["chroma", "chroma_harm"])
def test_losses_of_chroma_see_the_same_places_as_those_of_luma_and_no_luma(name: str) -> None:
    step = coloured(2)
    assert step.chroma is not None
    output = Restored((step.degraded + 0.1).requires_grad_(), (step.chroma + 0.1).requires_grad_())
    assert output.chroma is not None
    total, _ = Objective(losses(name), BORDER)(output, torch.zeros(2, 8, CELLS, CELLS), step, 1.0)
    total.backward()  # type: ignore[no-untyped-call]
    assert output.luma.grad is None
    assert output.chroma.grad is not None
    reached = torch.zeros(CELLS, CELLS, dtype=torch.bool)
    reached[BORDER // 2 : -BORDER // 2, BORDER // 2 : -BORDER // 2] = True
    assert torch.equal((output.chroma.grad != 0).any(dim=0).any(dim=0), reached)


def test_chroma_that_stays_as_it_came_does_no_harm_and_better_chroma_loses_less() -> None:
    step = coloured(2)
    assert step.chroma is not None
    assert step.true_chroma is not None
    objective = Objective(losses("chroma", "chroma_harm"), BORDER)
    outputs = (step.chroma, (step.chroma + step.true_chroma) / 2, step.chroma + 0.1)
    parts = [objective(Restored(step.degraded, one), step.degraded, step, 1.0)[1] for one in outputs]
    (kept, none), (better, still_none), (_, some) = parts
    assert none == still_none == 0
    assert better < kept
    assert some > 0


def test_some_steps_include_the_edges() -> None:
    step = batch(2)
    output = (step.degraded + 0.1).requires_grad_()
    total, _ = Objective(losses("truth"), BORDER)(
        Restored(output), torch.zeros(2, 8, CELLS, CELLS), step, 1.0, edges=True
    )
    total.backward()  # type: ignore[no-untyped-call]
    assert output.grad is not None
    assert bool((output.grad != 0).all())


def test_affinity_does_not_see_features_that_either_padding_reaches(teacher: LoadedTeacher) -> None:
    features = torch.rand(2, 8, CELLS, CELLS, requires_grad=True)
    step = batch(2)
    total, _ = Objective(losses("affinity"), BORDER, teacher)(Restored(step.degraded), features, step, 1.0)
    total.backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    cells = teacher.border // 2
    inside = features.grad[..., cells:-cells, cells:-cells]
    assert features.grad.abs().sum().item() == pytest.approx(inside.abs().sum().item())
    assert (inside[..., 0, :] != 0).any()


def meeting(count: int) -> list[Ranks]:
    """Ranks of threads that wait for each other to compute a mean."""
    barrier = threading.Barrier(count)
    values: list[Tensor] = [torch.zeros(())] * count

    def mean_of(rank: int) -> Callable[[Tensor], Tensor]:
        def mean(value: Tensor) -> Tensor:
            values[rank] = value.detach()
            barrier.wait(10)
            result = torch.stack(values).mean(dim=0)
            barrier.wait(10)
            return result

        return mean

    return [Ranks(rank, count, mean_of(rank)) for rank in range(count)]


@pytest.mark.parametrize(
    ("name", "pictures"),
    [*((name, 0) for name in TERMS), *((name, count) for name in SAMPLED for count in (1, 2, 3, 9))],
)
def test_processes_that_share_a_batch_have_the_gradient_of_one(
    name: str, pictures: int, teacher: LoadedTeacher, backbone: Backbone
) -> None:
    step = batch(4)
    features = torch.rand(4, 8, CELLS, CELLS)

    def gradients(ranks: Ranks) -> list[Tensor]:
        own = 4 // ranks.count
        part = slice(ranks.rank * own, (ranks.rank + 1) * own)
        assert step.label is not None
        mine = Batch(step.degraded[part], step.truth[part], step.hints[part], step.label[part])
        output, seen = (mine.degraded + 0.1).requires_grad_(), features[part].clone().requires_grad_()
        total, _ = Objective(losses(name, pictures=pictures), BORDER, teacher, backbone, ranks)(
            Restored(output), seen, mine, 1.0
        )
        total.backward()  # type: ignore[no-untyped-call]
        return [torch.zeros_like(x) if x.grad is None else x.grad / ranks.count for x in (output, seen)]

    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(gradients, meeting(2)))
    for one, *shared in zip(gradients(ALONE), *parts, strict=True):
        torch.testing.assert_close(torch.cat(shared), one, rtol=1e-4, atol=1e-5 * one.abs().max().item())
