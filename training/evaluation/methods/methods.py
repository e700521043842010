"""Methods that are compared: students, teachers, other people's networks, the unsharp mask, the best linear filter."""

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
_HERE = (Path(__file__).parents[2] / "teachers", catalog.WEIGHTS)
"""Where weights lie that are no students, such as teachers."""


class Method(Protocol):
    """Something that makes a picture better, or tries to."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def __call__(self, frame: MethodInput) -> Luma:
        """Restore one frame: uint8 `[H, W]`, the size of `frame.luma`."""


@dataclass(frozen=True)
class Choice:
    """A method that is asked for, so that any process can open it.

    Attributes:
        name: What tables call it.
        kind: What it is.
        file: Its weights, if it has any.
    """

    name: str
    kind: Kind
    file: Path | None = None


@dataclass(frozen=True)
class Function:
    """A method that needs nothing but a function from luma to luma."""

    name: str
    function: Kind

    def __call__(self, frame: MethodInput) -> Luma:
        """Restore one frame."""
        if self.function == "unsharp":
            return unsharp(frame.luma)
        return to_8_bits(frame.luma)


def choose(text: str) -> Choice:
    """Understand what was asked for: a name, a file, or `LABEL=` before either.

    Raises:
        DataError: It is none of what can be judged.
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
    kept = sorted(file for folder in _HERE for file in folder.rglob("*.safetensors") if file.stem == text)
    if len(kept) == 1:
        return Choice(text, "checkpoint", kept[0])
    raise DataError(
        f"{text!r} is nothing that can be judged: give {', '.join(_PLAIN)}, a shipped student "
        f"({', '.join(catalog.shipped()) or 'none'}), an .onnx file, a run or its checkpoint, or weights that spandrel "
        "knows"
    )


def choose_all(texts: Sequence[str]) -> list[Choice]:
    """Understand every method asked for; `input`, which all are compared with, comes first.

    Raises:
        DataError: One is unknown, or two would have the same name in a table.
    """
    chosen = list(dict.fromkeys([Choice("input", "input"), *map(choose, texts)]))
    names = [choice.name for choice in chosen]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"two methods would be called {name}: give one another name, such as other={name}")
    return chosen


def open_method(choice: Choice, filters: Path | None = None, threads: int = 1) -> Method:
    """Make a method ready.

    Args:
        choice: What was asked for.
        filters: Where `evaluation.methods.linear` keeps the filters that it fitted; needed for `linear`.
        threads: CPU threads of a student; torch's own setting rules for checkpoints and foreign networks.

    Raises:
        DataError: Its file cannot be used.
    """
    if choice.kind == "linear":
        from acutance.training.evaluation.methods.linear import LinearFilters

        if filters is None:
            raise DataError("linear is fitted on pictures: name them by --fit-on, a prepared set or a folder")
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
    """Whose weights a file holds: ours, which say so in their metadata, or somebody else's."""
    from acutance.training.evaluation.methods.foreign import SUFFIXES
    from acutance.training.evaluation.methods.networks import TorchNetwork

    if path.suffix not in SUFFIXES:
        raise DataError(f"{path} is no file of weights: {', '.join(sorted(SUFFIXES))} and .onnx can be judged")
    if path.suffix == ".safetensors":
        try:
            TorchNetwork.open(path.stem, path)
        except CheckpointError:
            return Choice(path.stem, "foreign", path)
        # A run's checkpoints are all called best or last: the folder's name tells them apart.
        name = path.resolve().parent.name if path.stem in ("best", "last") else path.stem
        return Choice(name, "checkpoint", path)
    return Choice(path.stem, "foreign", path)
