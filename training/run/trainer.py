"""The training loop, from the first step to the last."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from acutance.training.checkpoints import checkpoint, networks
from acutance.training.checkpoints.networks import Network
from acutance.training.checkpoints.run_record import Checkpoint
from acutance.training.data.pictures import DataError
from acutance.training.losses.objective import Objective, Restored
from acutance.training.pairs.batches import Batches
from acutance.training.recipes.recipe import Recipe
from acutance.training.run.averaging import Average
from acutance.training.run.optimisers import learning_rate, make_optimiser
from acutance.training.run.validation import Validation
from acutance.training.validation.scores import Score

LOG_EVERY = 50
"""Steps between two reads of the loss: reading it synchronises a GPU."""
_EDGES_EVERY = 4
"""In every fourth step, losses include the edges of crops. Padding then reaches 4 % (nano) to 14 % (base) of the pixels
in losses, as in a frame of 640x360. A student trained without edges lost 0.6 dB on whole frames of 200x168; with edges
in every eighth step the outer 6 pixels lost 1 dB, in every fourth half a dB, in every second nothing."""


class TrainingError(DataError):
    """Training cannot continue; the message gives the reason and what to try."""


class Listener(Protocol):
    """Receives the losses and validations of a run, see `acutance.training.run.journal.Journal`."""

    def losses(self, step: int, steps: int, rate: float, losses: dict[str, float]) -> None:
        """Called after some steps with the learning rate and the means of `total` and each term since the last call."""

    def validated(self, step: int, scores: dict[str, Score], score: float, best: bool, network: nn.Module) -> None:
        """Called after every validation, with the validated network in evaluation mode."""


class _WithFeatures(nn.Module):
    """A network with a forward pass that also returns features: DDP synchronises only through the forward pass."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, luma: Tensor, hints: Tensor, plate: Tensor | None, chroma: Tensor | None, around: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        return networks.restore(self.network, luma, hints, plate, chroma, around)


class Trainer:
    """The training loop of one run: network, optimiser, averaged weights, and the state that checkpoints keep.

    Args:
        recipe: Every setting; with one thread, the same recipe and pairs give bit-identical weights.
        batches: The part of this process in the batches.
        steps: Length of the run.
        interval: Steps between two validations.
        objective: The loss to minimise.
        validation: The validation in the first process; without it, the last checkpoint also counts as the best.
        folder: Existing folder of the run.
        fabric: Launched Fabric: device, precision, processes.

    Raises:
        TrainingError: The network has batch norm, and several processes run on the CPU.
    """

    def __init__(
        self,
        recipe: Recipe,
        batches: Batches,
        steps: int,
        interval: int,
        objective: Objective,
        validation: Validation | None,
        folder: Path,
        fabric: Fabric,
    ) -> None:
        self._recipe, self._settings = recipe, recipe.training
        self._batches, self._steps, self._interval = batches, steps, interval
        self._objective, self._validation = objective, validation
        self._folder, self._fabric = folder, fabric
        torch.manual_seed(recipe.training.seed)
        self.network = _shared(networks.build(recipe), fabric).to(memory_format=torch.channels_last)
        self._optimiser = make_optimiser(recipe.training, self.network)
        self._fitted, self._stepper = fabric.setup(_WithFeatures(self.network), self._optimiser)
        self._average = Average(self.network, recipe.training.ema)
        self.state = checkpoint.State()
        self._sums = torch.zeros(1 + len(objective.names), device=fabric.device)
        self._summed = 0

    def start_from(self, weights: nn.Module) -> None:
        """Start from the weights of another network of the same shape."""
        self.network.load_state_dict(weights.state_dict())
        self._average.load(weights.state_dict())

    def resume(self) -> None:
        """Resume from the last checkpoint of the folder.

        Raises:
            CheckpointError: The checkpoint is missing or cannot be used.
        """
        path = Checkpoint.LAST.file(self._folder)
        self.state, average = checkpoint.load(path, self.network, self._optimiser)
        self._average.load(average)
        if self.state.scaler:
            self._fabric.strategy.precision.load_state_dict(self.state.scaler)

    def train(self, listener: Listener, stop: Callable[[], bool] = lambda: False) -> bool:
        """Train to the end, or until `stop` returns true; either way, a checkpoint is written at the end.

        Returns:
            Whether the end was reached.

        Raises:
            TrainingError: The loss or a weight is not finite.
            CheckpointError: The disk is full or not writable.
        """
        earlier, started = self.state.seconds, time.monotonic()
        while self.state.step < self._steps:
            self._step()
            step = self.state.step
            ended = step == self._steps
            validating, saving = ended or step % self._interval == 0, step % self._settings.save_every == 0
            logging = validating or saving or step % LOG_EVERY == 0
            # One process may stop at any step; several agree on it when they exchange the losses.
            stopping = self._all_stop(stop) if logging or self._fabric.world_size == 1 else False
            if logging or stopping:
                self._log_losses(listener)
            self.state.seconds = earlier + time.monotonic() - started
            best = validating and self._validate(listener)
            if best or saving or validating or stopping:
                self._save(best)
            if stopping and not ended:
                return False
        return True

    def _step(self) -> None:
        settings, step = self._settings, self.state.step
        done = step / self._steps
        self.network.train()
        if done >= settings.freeze_norm:
            _freeze_norms(self.network)
        rate = learning_rate(settings, step, self._steps)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        batch = self._batches.draw(step).to(self._fabric.device)
        luma, chroma, features = self._fitted(batch.degraded, batch.hints, batch.plate, batch.chroma, batch.around)
        total, parts = self._objective(Restored(luma, chroma), features, batch, done, edges=step % _EDGES_EVERY == 0)
        self._stepper.zero_grad(set_to_none=True)
        self._fabric.backward(total)
        if settings.clip:
            self._fabric.clip_gradients(self._fitted, self._stepper, max_norm=settings.clip)
        self._stepper.step()
        self.state.step += 1
        self._average.update(self.state.step)
        self._sums += torch.stack([total.detach(), *parts])
        self._summed += 1

    def _log_losses(self, listener: Listener) -> None:
        """Report the mean losses since the last call."""
        if not self._summed:
            return
        reduced = self._fabric.all_reduce(self._sums / self._summed, reduce_op="mean")
        assert isinstance(reduced, Tensor)
        means = reduced.tolist()
        self._sums.zero_()
        self._summed = 0
        step = self.state.step
        if not all(map(math.isfinite, means)) or not self._average.finite():
            raise TrainingError(
                f"the loss is {means[0]} in the {LOG_EVERY} steps before step {step}: try a smaller learning_rate than "
                f"{self._settings.learning_rate:g}, or --resume from the previous checkpoint"
            )
        rate = learning_rate(self._settings, step, self._steps)
        listener.losses(step, self._steps, rate, dict(zip(("total", *self._objective.names), means, strict=True)))

    def _validate(self, listener: Listener) -> bool:
        """Validate the averaged weights; returns whether they are the best so far."""
        if self._validation is None:
            return self._fabric.is_global_zero
        averaged = networks.build(self._recipe).to(self._fabric.device)
        averaged.load_state_dict(self._average.tensors)
        scores = self._validation.evaluate(averaged.eval())
        value = self._validation.value(scores)
        best = value > self.state.best
        self.state.best = max(value, self.state.best)
        listener.validated(self.state.step, scores, value, best, averaged)
        return best

    def _save(self, best: bool) -> None:
        self.state.scaler = dict(self._fabric.strategy.precision.state_dict())
        if self._fabric.is_global_zero:
            average = self._average.tensors
            if best:
                checkpoint.save_weights(Checkpoint.BEST.file(self._folder), self.state, self.network, average, {})
            checkpoint.save(Checkpoint.LAST.file(self._folder), self.state, self.network, average, self._optimiser)
        self._fabric.barrier()

    def _all_stop(self, stop: Callable[[], bool]) -> bool:
        return bool(self._fabric.broadcast(stop())) if self._fabric.world_size > 1 else stop()


def _shared(network: Network, fabric: Fabric) -> Network:
    """The network with batch norm over the whole batch of all processes: statistics of a part give other weights."""
    if fabric.world_size == 1 or not any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        return network
    if fabric.device.type != "cuda":
        raise TrainingError(
            "batch norm cannot be shared by several processes on the CPU: "
            "train with one, or with --set student.batch_norm=false"
        )
    shared: Network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    return shared


def _freeze_norms(network: nn.Module) -> None:
    """Let batch norm use its running statistics, as in the exported network."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.SyncBatchNorm):
            module.eval()
