"""The choice among the checkpoints of one or more runs, by the validation clips."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

import torch

from acutance.model.nets.reading import read_onnx
from acutance.training.checkpoints.checkpoint import State, load_network, read_note, save_weights
from acutance.training.checkpoints.networks import Network
from acutance.training.checkpoints.run_record import Checkpoint
from acutance.training.data.dataset import TrainingSet
from acutance.training.data.pictures import DataError
from acutance.training.recipes.sections import ValidationSection
from acutance.training.run.validation import Validation
from acutance.training.validation.scores import (
    IDENTITY,
    HarmBound,
    Score,
    checkpoint_score,
    losses,
    mean_chroma_gain,
    mean_gain,
)

MEAN = "mean of last and best"
EXPORTED = "exported"
_NOTE = "choice"


@dataclass(frozen=True)
class Candidate:
    """A network to choose from.

    Attributes:
        source: Folder of its run, or the file of an exported student.
        name: Name of the checkpoint.
        network: The network.
        state: Progress of the run at the checkpoint.
    """

    source: Path
    name: str
    network: Network
    state: State


@dataclass(frozen=True)
class Evaluated:
    """A candidate and its results on the validation.

    Attributes:
        candidate: The candidate.
        value: The score to choose by, see `acutance.training.validation.scores.checkpoint_score`.
        gain: Mean gain in the measure of the validation.
        gain_psnr: Mean gain in PSNR in dB, over all degradations but `identity`; 0 without any.
        gain_chroma: The same of chroma, U and V together; 0 without colour.
        harmed: Number of pairs of clip and degradation with a loss of PSNR, of luma or chroma, beyond the bound.
        pairs: Number of pairs.
        worst: Name of the degradation and clip with the smallest gain in PSNR, and that gain.
    """

    candidate: Candidate
    value: float
    gain: float
    gain_psnr: float
    gain_chroma: float
    harmed: int
    pairs: int
    worst: str


@dataclass(frozen=True)
class Choice:
    """How a checkpoint was chosen, for the model card.

    Attributes:
        checkpoint: Name of the chosen candidate.
        among: Number of candidates.
        score: The measure of the gain: `psnr`, `vmaf_neg` or `jod`.
        gain: Mean gain in that measure.
        gain_psnr: Mean gain in PSNR in dB.
        harmed: Number of pairs of clip and degradation with a loss of PSNR of more than `harm` dB.
        pairs: Number of pairs.
        harm: The bound on the loss of a pair in dB.
        worst: The pair with the smallest gain in PSNR.
        degradations: Names of the degradations.
        clips: Names of the validation clips.
        set: Fingerprint of the prepared set that holds them.
        gain_chroma: Mean gain in PSNR of chroma in dB, 0 without colour.
    """

    checkpoint: str
    among: int
    score: str
    gain: float
    gain_psnr: float
    harmed: int
    pairs: int
    harm: float
    worst: str
    degradations: list[str]
    clips: list[str]
    set: str
    gain_chroma: float = 0.0


def candidates(folder: Path) -> list[Candidate]:
    """The last and the best checkpoint of a run and, if they differ, the mean of their weights.

    Raises:
        CheckpointError: `folder` holds no run.
    """
    last, state = load_network(Checkpoint.LAST.file(folder))
    found = [Candidate(folder, Checkpoint.LAST.value, last, state)]
    if not Checkpoint.BEST.file(folder).exists():
        return found
    best, best_state = load_network(Checkpoint.BEST.file(folder))
    if best_state.step == state.step:
        return found
    mean = copy.deepcopy(last)
    with torch.no_grad():
        for name, tensor in mean.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(best.state_dict()[name], 0.5)
    return [*found, Candidate(folder, Checkpoint.BEST.value, best, best_state), Candidate(folder, MEAN, mean, state)]


def exported(file: Path) -> Candidate:
    """An exported student, to compare candidates with.

    Raises:
        ExportError: The file holds no student.
    """
    return Candidate(file, EXPORTED, read_onnx(file), State())


def evaluate(
    chosen_from: Sequence[Candidate],
    validation: Validation,
    section: ValidationSection,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Evaluated]:
    """Evaluate candidates; returns them with the best one first.

    Args:
        chosen_from: The candidates, at least one.
        validation: The frames.
        section: The settings of `validation`.
        progress: Called with the numbers of finished and of all candidates.
    """
    bound = HarmBound(section.harm, section.harmed)
    found = []
    for index, candidate in enumerate(chosen_from):
        found.append(_evaluated(candidate, validation.evaluate(candidate.network), bound))
        progress(index + 1, len(chosen_from))
    return sorted(found, key=lambda one: one.value, reverse=True)


def write_choice(ranked: Sequence[Evaluated], section: ValidationSection, source: TrainingSet) -> Path:
    """Write the first candidate as the chosen checkpoint of its run, with a note of the choice; returns the file.

    Raises:
        CheckpointError: The disk is full or not writable.
        DataError: The first one is an exported student.
    """
    first = ranked[0]
    if first.candidate.name == EXPORTED:
        raise DataError(f"no checkpoint is better than {first.candidate.source} on the validation: nothing is chosen")
    choice = Choice(
        first.candidate.name,
        len(ranked),
        section.score,
        round(first.gain, 4),
        round(first.gain_psnr, 4),
        first.harmed,
        first.pairs,
        section.harm,
        first.worst,
        list(section.degradations),
        sorted({item.name.partition("#")[0] for item in source.split("val") if item.frames > 1}),
        source.fingerprint,
        round(first.gain_chroma, 4),
    )
    network = first.candidate.network
    path = Checkpoint.CHOSEN.file(first.candidate.source)
    save_weights(path, first.candidate.state, network, network.state_dict(), {_NOTE: json.dumps(asdict(choice))})
    return path


def read_choice(path: Path) -> Choice | None:
    """How a checkpoint was chosen; None if it is not one of `write_choice`.

    Raises:
        CheckpointError: The file cannot be read.
    """
    note = read_note(path, _NOTE)
    return None if note is None else Choice(**json.loads(note))


def _evaluated(candidate: Candidate, scores: Mapping[str, Score], bound: HarmBound) -> Evaluated:
    lost = losses(scores)
    degradation, source = max(lost, key=lost.__getitem__)
    return Evaluated(
        candidate,
        value=checkpoint_score(scores, bound),
        gain=mean_gain(scores),
        gain_psnr=fmean([score.gain for name, score in scores.items() if name != IDENTITY] or [0.0]),
        gain_chroma=mean_chroma_gain(scores),
        harmed=bound.harmed(scores),
        pairs=len(lost),
        worst=f"{degradation} {source} {-lost[degradation, source]:+.3f} dB",
    )
