"""Fits a student further on pairs in memory, on one thread, and can be held at any step."""

import copy
from collections.abc import Callable

import torch

from acutance.model.nets.student import Student
from acutance.training.checkpoints.networks import restore
from acutance.training.losses.objective import Objective, Restored
from acutance.training.pairs.batches import Batches
from acutance.training.pairs.pairs import Pairs
from acutance.training.recipes.recipe import Recipe
from acutance.training.run.averaging import Average
from acutance.training.run.optimisers import learning_rate, make_optimiser

_EDGES_EVERY = 4
"""As in `acutance.training.run.trainer`: in every fourth step losses include the edges of crops."""


def fit(
    start: Student, recipe: Recipe, pairs: Pairs, steps: int, seed: int, hold: Callable[[], None] = lambda: None
) -> Student:
    """Return a student that was fitted further; `start` is not changed.

    Args:
        start: The student, without batch norm.
        recipe: Its `training` and `losses` are used.
        pairs: The pairs.
        steps: Number of steps; the learning rate falls to zero at the end.
        seed: Seed of the batches.
        hold: Called before each step; may wait.

    Returns:
        The student with the averaged weights, in evaluation mode. Whether they are finite is not checked.
    """
    settings = recipe.training
    student = copy.deepcopy(start).train().to(memory_format=torch.channels_last)
    batches = Batches(pairs, None, batch=settings.batch, crop=settings.crop, margin=0, seed=seed)
    objective = Objective(recipe.losses, start.shape.border)
    optimiser = make_optimiser(settings, student)
    average = Average(student, settings.ema)
    for step in range(steps):
        hold()
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(settings, step, steps)
        batch = batches.draw(step)
        luma, chroma, features = restore(student, batch.degraded, batch.hints, batch.plate, batch.chroma)
        total, _ = objective(Restored(luma, chroma), features, batch, step / steps, edges=step % _EDGES_EVERY == 0)
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        average.update(step + 1)
    fitted = Student(start.shape, batch_norm=False)
    fitted.load_state_dict(average.tensors)
    return fitted.eval()
