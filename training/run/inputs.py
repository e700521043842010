"""The inputs of a run, made or opened before its first step: pairs, labels, networks, validation frames, record."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lightning_fabric import Fabric
from numpy.typing import NDArray
from rich.console import Console

from acutance.training.checkpoints.provenance import commit, host_info, now, versions
from acutance.training.checkpoints.run_record import RunRecord, by_category, licences
from acutance.training.data.dataset import TrainingSet
from acutance.training.losses.perceptual import Backbone, load_backbone
from acutance.training.pairs.pairs import Pairs, make_pairs
from acutance.training.recipes.recipe import Recipe
from acutance.training.run.console import progress_bar
from acutance.training.run.run_options import RunOptions
from acutance.training.run.validation import Validation
from acutance.training.teachers.labels import label_pairs
from acutance.training.teachers.teachers import LoadedTeacher


@dataclass(frozen=True)
class RunInputs:
    """The inputs of a run.

    Attributes:
        source: The training set.
        pairs: Its pairs for the recipe.
        teacher: The teacher, or None.
        labels: uint8 `[K, P, P]`, the output of the teacher for every pair; None if no loss needs it.
        backbone: The classifier of the perceptual loss, or None.
        validation: The validation; None without validation split, and in every process but the first.
    """

    source: TrainingSet
    pairs: Pairs
    teacher: LoadedTeacher | None
    labels: NDArray[np.uint8] | None
    backbone: Backbone | None
    validation: Validation | None

    def record(self, options: RunOptions, recipe: Recipe, fabric: Fabric) -> RunRecord:
        """The record of the run that begins now."""
        teacher, backbone = self.teacher, self.backbone
        teacher_entry = {"name": teacher.name, "file": str(teacher.file), "sha256": teacher.digest} if teacher else {}
        return RunRecord(
            recipe=recipe.model_dump(mode="json"),
            sources=[str(self.source.folder)],
            validation=[item.name for item in self.source.split("val")],
            pictures=by_category(self.source.split("train")),
            skipped=list(self.source.dropped),
            commit=commit(),
            host=host_info(),
            versions=versions(),
            started=now(),
            command=options.command,
            fingerprint=self.source.fingerprint,
            pairs=self.pairs.fingerprint,
            licences=licences(self.source.split("train")),
            teacher=teacher_entry,
            perceptual=backbone.name if backbone else "",
            init=str(options.init or ""),
            precision=options.precision,
            processes=fabric.world_size,
        )


def prepare_inputs(
    options: RunOptions, recipe: Recipe, data: Path, teacher: LoadedTeacher | None, fabric: Fabric, console: Console
) -> RunInputs:
    """Make or open the inputs of a run; only the first process makes pairs, labels and validation frames.

    Args:
        options: The options of the run.
        recipe: Its recipe.
        data: Folder of the training set.
        teacher: The teacher, or None.
        fabric: The processes of the run.
        console: For progress.

    Raises:
        DataError: The set or a file of weights cannot be used, or the disk is full.
    """
    source = TrainingSet.open(data)
    pairs = _pairs(options, recipe, source, fabric, console)
    labels = None
    if teacher is not None and recipe.losses.teacher_output.weight:
        labels = _labels(pairs, teacher, fabric, console)
    backbone = None
    if recipe.losses.perceptual.weight:
        backbone = load_backbone(recipe.losses.perceptual.layers, options.perceptual_weights)
        backbone.layers.to(fabric.device)
        console.print(f"perceptual loss: {backbone.name}", highlight=False)
    validation = _validation(recipe, source, console) if fabric.is_global_zero else None
    return RunInputs(source, pairs, teacher, labels, backbone, validation)


def _pairs(options: RunOptions, recipe: Recipe, source: TrainingSet, fabric: Fabric, console: Console) -> Pairs:
    options.out.mkdir(parents=True, exist_ok=True)
    if fabric.is_global_zero:
        with progress_bar(console, "pairs") as progress:
            pairs = make_pairs(source, recipe, processes=options.processes, progress=progress)
    fabric.barrier()
    if not fabric.is_global_zero:
        pairs = make_pairs(source, recipe, processes=1, progress=lambda done, total: None)
    return pairs


def _labels(pairs: Pairs, teacher: LoadedTeacher, fabric: Fabric, console: Console) -> NDArray[np.uint8]:
    with progress_bar(console, "labels") as progress:
        if fabric.is_global_zero:
            label_pairs(pairs, teacher, fabric.device, progress)
        fabric.barrier()
        return label_pairs(pairs, teacher, fabric.device, lambda done, total: None)


def _validation(recipe: Recipe, source: TrainingSet, console: Console) -> Validation | None:
    if not source.split("val"):
        console.print(f"{source.folder} has no validation split: the last checkpoint also counts as the best")
        return None
    with progress_bar(console, "validation") as progress:
        return Validation(source, recipe.validation, progress, recipe.pairs.neighbours)
