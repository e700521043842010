"""Choosing and opening methods: input, unsharp mask, linear filter, students, checkpoints, foreign networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from acutance.model.engine import catalog
from acutance.training.checkpoints.run_record import CheckpointError
from acutance.training.data.pictures import DataError
from acutance.training.data.planes import Luma, to_8_bits
from acutance.training.evaluation.methods.unsharp import unsharp
from acutance.training.evaluation.testsets import MethodInput

Kind = Literal["input", "unsharp", "linear", "student", "checkpoint", "foreign"]
_PLAIN: tuple[Kind, ...] = ("input", "unsharp", "linear")
_WEIGHT_FOLDERS = (Path(__file__).parents[2] / "teachers", catalog.WEIGHTS)
"""Folders of shipped weights that are not students, such as the teacher."""


class Method(Protocol):
    """A method that restores frames."""

    @property
    def name(self) -> str:
        """Name in tables."""

    def __call__(self, frame: MethodInput) -> Luma:
        """Restore one frame: uint8 `[H, W]`, the size of `frame.luma`."""


@dataclass(frozen=True)
class Choice:
    """A chosen method, not opened yet: it can be sent to another process.

    Attributes:
        name: Name in tables.
        kind: Kind of method.
        file: File of its weights, None if it has none.
    """

    name: str
    kind: Kind
    file: Path | None = None


@dataclass(frozen=True)
class Function:
    """The methods `input` and `unsharp`: a function from luma to luma."""

    name: str
    function: Kind

    def __call__(self, frame: MethodInput) -> Luma:
        """Restore one frame."""
        if self.function == "unsharp":
            return unsharp(frame.luma)
        return to_8_bits(frame.luma)


def choose(text: str) -> Choice:
    """Parse the name or file of a method, with an optional prefix `LABEL=`.

    Raises:
        DataError: The text names no method.
    """
    label, equals, rest = text.partition("=")
    if equals and label and not Path(text).exists():
        chosen = choose(rest)
        return Choice(label, chosen.kind, chosen.file)
    for kind in _PLAIN:
        if text == kind:
            return Choice(kind, kind)
    if text in catalog.shipped():
        return Choice(text, "student", catalog.shipped()[text].file)
    path = Path(text)
    if (path / "best.safetensors").is_file():
        return Choice(path.resolve().name, "checkpoint", path / "best.safetensors")
    if path.suffix == ".onnx" and path.is_file():
        return Choice(path.stem, "student", path)
    if path.is_file():
        return _weights(path)
    kept = sorted(file for folder in _WEIGHT_FOLDERS for file in folder.rglob("*.safetensors") if file.stem == text)
    if len(kept) == 1:
        return Choice(text, "checkpoint", kept[0])
    raise DataError(
        f"{text!r} is not a method: give {', '.join(_PLAIN)}, a shipped student "
        f"({', '.join(catalog.shipped()) or 'none'}), an .onnx file, a run or its checkpoint, or weights that "
        "spandrel recognises"
    )


def choose_all(texts: Sequence[str]) -> list[Choice]:
    """Parse the names of methods; `input`, the reference of all gains, becomes the first.

    Raises:
        DataError: A method is unknown, or two would have the same name in a table.
    """
    chosen = list(dict.fromkeys([Choice("input", "input"), *map(choose, texts)]))
    names = [choice.name for choice in chosen]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"two methods have the name {name}: label one of them, for example other={name}")
    return chosen


def open_method(choice: Choice, filters: Path | None = None, threads: int = 1) -> Method:
    """Open a method.

    Args:
        choice: The chosen method.
        filters: Folder of the fitted linear filters, see `fit_filters`; required for `linear`.
        threads: CPU threads of a student; checkpoints and foreign networks use the setting of torch.

    Raises:
        DataError: The file cannot be used, or `filters` is missing.
    """
    if choice.kind == "linear":
        from acutance.training.evaluation.methods.linear import LinearFilters

        if filters is None:
            raise DataError("linear must be fitted: name a prepared set or a folder of pictures with --fit-on")
        return LinearFilters(choice.name, filters)
    if choice.file is None:
        return Function(choice.name, choice.kind)
    if choice.kind == "student":
        from acutance.training.evaluation.methods.networks import ShippedStudent

        return ShippedStudent.open(choice.name, choice.file, threads)
    if choice.kind == "checkpoint":
        from acutance.training.evaluation.methods.networks import TorchNetwork

        return TorchNetwork.open(choice.name, choice.file)
    from acutance.training.evaluation.methods.foreign import ForeignMethod

    return ForeignMethod.open(choice.name, choice.file)


def _weights(path: Path) -> Choice:
    """Tell our checkpoints, by their metadata, from foreign weights."""
    from acutance.training.evaluation.methods.foreign import SUFFIXES
    from acutance.training.evaluation.methods.networks import TorchNetwork

    if path.suffix not in SUFFIXES:
        raise DataError(f"{path} is not a file of weights; known suffixes are {', '.join(sorted(SUFFIXES))} and .onnx")
    if path.suffix == ".safetensors":
        try:
            TorchNetwork.open(path.stem, path)
        except CheckpointError:
            return Choice(path.stem, "foreign", path)
        # The checkpoints of all runs are called best or last: the name of the folder distinguishes them.
        name = path.resolve().parent.name if path.stem in ("best", "last") else path.stem
        return Choice(name, "checkpoint", path)
    return Choice(path.stem, "foreign", path)
