"""A run that is exported: its student, its record, and how its checkpoint was chosen."""

from dataclasses import dataclass
from pathlib import Path

from acutance.model.nets.student import Student
from acutance.training.checkpoints.checkpoint import State, load_network
from acutance.training.checkpoints.run_record import Checkpoint, RunRecord
from acutance.training.data.pictures import DataError
from acutance.training.shipping.choice import Choice, read_choice


@dataclass(frozen=True)
class FinishedRun:
    """A finished or interrupted run.

    Attributes:
        student: The student of the exported checkpoint.
        state: Progress of the run at that checkpoint.
        record: Record of the run.
        checkpoint: The exported checkpoint.
        choice: How `choose` chose it; None for another checkpoint.
    """

    student: Student
    state: State
    record: RunRecord
    checkpoint: Checkpoint
    choice: Choice | None


def load_run(folder: Path, wanted: Checkpoint | None = None) -> FinishedRun:
    """Read a run.

    Args:
        folder: Folder of the run.
        wanted: The checkpoint; by default the one that `choose` wrote, else the best of the validations, else the last.

    Raises:
        CheckpointError: `folder` holds no run, or the checkpoint is missing.
        DataError: The run trained a teacher.
    """
    record = RunRecord.read(folder)
    if wanted is None:
        order = (Checkpoint.CHOSEN, Checkpoint.BEST)
        wanted = next((one for one in order if one.file(folder).exists()), Checkpoint.LAST)
    network, state = load_network(wanted.file(folder))
    if not isinstance(network, Student):
        raise DataError(f"{folder} is the run of a teacher, {network.shape.name}; only students are exported")
    return FinishedRun(network, state, record, wanted, read_choice(wanted.file(folder)))
