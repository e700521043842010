"""The training loop, from the first step to the last."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_optimizer import SOAP
from torch import Tensor, nn

from model.hints import COUNT
from model.nets.student import Student
from training import checkpoint
from training.losses import LOSSES
from training.pairs import Pairs
from training.recipe import Recipe, TrainingSection
from training.run_record import Checkpoint
from training.validation import Score, Validation, worth

_OPTIMISERS: dict[str, Callable[[nn.Module, float], torch.optim.Optimizer]] = {
    "adam": lambda network, rate: torch.optim.Adam(network.parameters(), lr=rate),
    "soap": lambda network, rate: SOAP(network.parameters(), lr=rate, weight_decay=0.0),
}
"""SOAP is Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., 2024, arXiv 2409.11321)."""


class TrainingError(Exception):
    """A run that cannot go on; the message says why and what to try."""


class Report(Protocol):
    """Who hears how a run goes."""

    def step(self, step: int, done: float, loss: float) -> None:
        """After every step: its number, the share of the run that is done, the loss."""

    def validated(self, step: int, scores: dict[str, Score], worth: float, best: bool) -> None:
        """After every validation."""


@dataclass(frozen=True)
class Budget:
    """When a run ends: after the recipe's steps, or earlier after so many minutes of training.

    The learning rate follows whichever is further, so a run that is cut short still anneals.
    """

    steps: int
    minutes: float | None

    def done(self, step: int, seconds: float) -> float:
        """Share of the run that is done, 0 to 1 and beyond."""
        by_time = seconds / (self.minutes * 60) if self.minutes else 0.0
        return max(step / self.steps, by_time)


def train(
    recipe: Recipe,
    pairs: Pairs,
    validation: Validation | None,
    folder: Path,
    report: Report,
    *,
    minutes: float | None = None,
    resume: bool = False,
) -> checkpoint.State:
    """Fit a student and leave `last.safetensors` and `best.safetensors` in `folder`.

    Without validation pictures the last checkpoint is also the best.

    Args:
        recipe: Every setting; the same recipe, pairs and number of threads give the same weights.
        pairs: uint8 `[K, 2, P, P]`, spoiled and true luma.
        validation: What the run is judged by.
        folder: The run's folder; it exists.
        report: Who hears how it goes.
        minutes: Wall-clock budget of all sittings together.
        resume: Go on from `last.safetensors`.

    Raises:
        TrainingError: The loss is not a number.
        CheckpointError: `resume` without a usable checkpoint.
    """
    settings = recipe.training
    budget = Budget(settings.steps, minutes)
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng([recipe.seed, 0xBA7C4])
    student = Student(recipe.student.shape, batch_norm=recipe.student.batch_norm)
    student = student.to(memory_format=torch.channels_last)
    adam = _OPTIMISERS[settings.optimiser](student, settings.learning_rate)
    average = {name: tensor.clone() for name, tensor in student.state_dict().items()}
    state = checkpoint.State(0, 0.0, -math.inf, dict(rng.bit_generator.state))
    if resume:
        state, average = checkpoint.load(Checkpoint.LAST.file(folder), student, adam)
        rng.bit_generator.state = state.generator
    earlier, started = state.seconds, time.monotonic()
    loss_of = LOSSES[settings.loss]

    while (done := budget.done(state.step, state.seconds)) < 1:
        student.train()
        if done >= settings.freeze_norm:
            _freeze_norms(student)
        for group in adam.param_groups:
            group["lr"] = _learning_rate(settings, state.step, done)
        spoiled, truth, hints = _batch(pairs, settings, rng)
        loss = loss_of(student(spoiled, hints), truth, done)
        if not math.isfinite(loss.item()):
            raise TrainingError(
                f"the loss is {loss.item()} at step {state.step + 1}: try a smaller learning_rate than "
                f"{settings.learning_rate:g}, or --resume from the last checkpoint"
            )
        adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        state.step += 1
        _update_average(average, student, settings.ema, state.step)
        state.seconds = earlier + time.monotonic() - started
        done = budget.done(state.step, state.seconds)
        report.step(state.step, done, loss.item())
        if state.step % settings.validate_every == 0 or done >= 1:
            state.generator = dict(rng.bit_generator.state)
            _judge(recipe, validation, folder, report, state, student, average, adam)
            state.seconds = earlier + time.monotonic() - started
    return state


def _judge(
    recipe: Recipe,
    validation: Validation | None,
    folder: Path,
    report: Report,
    state: checkpoint.State,
    student: Student,
    average: dict[str, Tensor],
    adam: torch.optim.Optimizer,
) -> None:
    """Validate the averaged weights and write the checkpoints."""
    better = validation is None
    if validation is not None:
        averaged = Student(recipe.student.shape, batch_norm=recipe.student.batch_norm)
        averaged.load_state_dict(average)
        scores = validation.judge(averaged.eval())
        value = worth(scores)
        better = value > state.best
        state.best = max(value, state.best)
        report.validated(state.step, scores, value, better)
    checkpoint.save(Checkpoint.LAST.file(folder), state, student, average, adam)
    if better:
        checkpoint.save(Checkpoint.BEST.file(folder), state, student, average, adam)


def _learning_rate(settings: TrainingSection, step: int, done: float) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    warm = min(1.0, (step + 1) / settings.warm_up) if settings.warm_up else 1.0
    return settings.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _batch(pairs: Pairs, settings: TrainingSection, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Random crops in one of eight orientations, float `[B, 1, crop, crop]` in 0..1: spoiled, truth; hints."""
    batch = np.empty((settings.batch, 2, settings.crop, settings.crop), np.uint8)
    hints = np.empty((settings.batch, COUNT), np.uint8)
    room = (pairs.patches.shape[-1] - settings.crop) // 2 + 1
    for slot, hint in zip(batch, hints, strict=True):
        index = int(rng.integers(len(pairs)))
        top, left = (2 * int(i) for i in rng.integers(room, size=2))
        hint[:] = pairs.hints[index]
        crop = pairs.patches[index, :, top : top + settings.crop, left : left + settings.crop]
        slot[...] = _turned(crop, int(rng.integers(8)))
    both = torch.from_numpy(batch).float().div_(255)
    return both[:, :1], both[:, 1:], torch.from_numpy(hints).float().div_(255)


def _turned(crop: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """One of the eight ways to flip and turn `[2, P, P]`."""
    if orientation & 1:
        crop = crop[:, ::-1]
    if orientation & 2:
        crop = crop[:, :, ::-1]
    return crop.transpose(0, 2, 1) if orientation & 4 else crop


def _freeze_norms(student: Student) -> None:
    """Batch norm uses its running statistics from here on, as the exported student will."""
    for module in student.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def _update_average(average: dict[str, Tensor], student: Student, decay: float, step: int) -> None:
    """Exponential moving average of weights and statistics; young averages forget faster."""
    weight = 1 - min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for name, tensor in student.state_dict().items():
            if tensor.is_floating_point():
                average[name].lerp_(tensor, weight)
            else:
                average[name].copy_(tensor)
