"""The options of a run from the command line, resolved with the record of the run that it resumes."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from torch import nn

from acutance.model.nets.reading import read_onnx
from acutance.model.nets.student import Student, with_colour
from acutance.training.checkpoints.checkpoint import load_network
from acutance.training.checkpoints.networks import Network
from acutance.training.checkpoints.run_record import Checkpoint, CheckpointError, RunRecord
from acutance.training.data.pictures import DataError
from acutance.training.recipes.recipe import Recipe, check_recipe, load_recipe
from acutance.training.run.devices import Precision
from acutance.training.teachers.teachers import LoadedTeacher, load_teacher


@dataclass(frozen=True)
class RunOptions:
    """The options of `distil` and `teacher`; see their help."""

    command: str
    out: Path
    data: Path | None
    recipe: str | None
    overrides: tuple[str, ...] = ()
    steps: int | None = None
    teacher: Path | None = None
    init: Path | None = None
    perceptual_weights: Path | None = None
    resume: bool = False
    threads: int = 1
    processes: int = 1
    accelerator: str = "auto"
    devices: int = 1
    nodes: int = 1
    precision: Precision = "32-true"


def record_to_resume(options: RunOptions, console: Console) -> RunRecord | None:
    """Return the record of the run to resume, or None for a new run.

    Raises:
        DataError: A run would be overwritten.
    """
    has_checkpoint = Checkpoint.LAST.file(options.out).exists()
    if not options.resume:
        if has_checkpoint:
            raise DataError(f"{options.out} holds a run: continue it with --resume, or name another --out")
        return None
    if not has_checkpoint:
        console.print(f"{options.out} has no checkpoint yet: the run starts at its first step", highlight=False)
        return None
    return RunRecord.read(options.out)


def resolve_recipe(options: RunOptions, before: RunRecord | None) -> Recipe:
    """Return the named recipe, or that of the run to resume.

    Raises:
        DataError: None is named, it is wrong, or it differs from that of the run.
    """
    if before is None:
        if options.recipe is None:
            raise DataError("name a --recipe: a shipped one or a TOML file")
        recipe = load_recipe(options.recipe, options.overrides, options.steps)
    else:
        recipe = check_recipe(before.recipe, f"of {options.out}")
        if options.recipe is not None and load_recipe(options.recipe, options.overrides, options.steps) != recipe:
            raise DataError(f"{options.out} was started with another recipe: resume with that, or name another --out")
        if options.recipe is None and (options.overrides or options.steps):
            raise DataError("--set and --steps change a recipe: name it with --recipe")
    wanted = "teacher" if recipe.teacher is not None else "distil"
    if wanted != options.command:
        raise DataError(f"recipe {recipe.name} is for {wanted}, not for {options.command}")
    return recipe


def resolve_data(options: RunOptions, before: RunRecord | None) -> Path:
    """Return the folder of the training set.

    Raises:
        DataError: None is named.
    """
    if options.data is not None:
        return options.data
    if before is None:
        raise DataError("name the training set with --data, a folder that `acutance-train prepare` wrote")
    return Path(before.sources[0])


def resolve_teacher(options: RunOptions, recipe: Recipe, before: RunRecord | None) -> LoadedTeacher | None:
    """Return the named teacher, or that of the run to resume; None without one.

    Raises:
        DataError: The recipe needs one, or its file cannot be used.
    """
    path = options.teacher
    if path is None and before is not None and before.teacher:
        path = Path(before.teacher["file"])
    if path is None:
        if recipe.losses.teacher_needed:
            raise DataError(f"recipe {recipe.name} has losses that need a teacher: name its file with --teacher")
        return None
    return load_teacher(path)


def load_initial_weights(path: Path, recipe: Recipe) -> Network:
    """Read the network with the initial weights of a run: a checkpoint, or an exported student.

    A student without colour can be the start of one with it.

    Raises:
        CheckpointError: The checkpoint cannot be read, is of another shape, or differs in batch norm.
        ExportError: The ONNX file holds no student.
    """
    network: Network = read_onnx(path) if path.suffix == ".onnx" else load_network(path)[0]
    if isinstance(network, Student) and recipe.colour and not network.shape.colour and not network.shape.plate:
        network = with_colour(network)
    if network.shape != recipe.shape:
        raise CheckpointError(f"{path} is a {network.shape.name}, the recipe asks for a {recipe.shape.name}")
    has_norm = any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    wanted = recipe.student is not None and recipe.student.batch_norm
    if has_norm != wanted:
        has, recipe_has = ("batch norm", "none") if has_norm else ("no batch norm", "it")
        raise CheckpointError(
            f"{path} has {has}, but the recipe has {recipe_has}: --set student.batch_norm={str(has_norm).lower()}"
        )
    return network


def check_unchanged(out: Path, before: RunRecord, now: RunRecord) -> None:
    """Check that a resumed run has the same pairs, teacher, classifier and precision.

    Raises:
        DataError: One of them differs.
    """
    for what, one, other in (
        ("pairs", before.pairs, now.pairs),
        ("teacher", before.teacher.get("sha256"), now.teacher.get("sha256")),
        ("perceptual network", before.perceptual, now.perceptual),
        ("precision", before.precision, now.precision),
    ):
        if one != other:
            raise DataError(f"{out} was started with another {what}: resume with that, or name another --out")
