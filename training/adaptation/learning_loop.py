"""The loop of the process that learns a running call: takes messages, runs rounds, and answers."""

from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from acutance.model.learning.messages import Message, ProtocolError
from acutance.model.nets.export import ExportError, to_onnx
from acutance.model.nets.reading import read_onnx
from acutance.model.nets.student import Student
from acutance.training.adaptation.call_frames import CallFrames
from acutance.training.adaptation.fitted_recipe import recipe_for
from acutance.training.adaptation.student_learner import Budget, Outcome, StudentLearner
from acutance.training.data.pictures import DataError

_LARGEST = 64
"""Most frames of a segment."""


class Messages(Protocol):
    """Where messages come from, see `acutance.training.adaptation.live.Inbox`."""

    def take(self, *, wait: bool) -> Message | None:
        """Return the next message; None if there is none now, and at the end."""

    def hold(self) -> None:
        """Wait while the process is paused."""


class CallLearner:
    """Learns one call: the students take turns.

    Args:
        starts: The general students (.onnx), each of another name.
        budget: Limits.
        hold: Called often while it computes; may wait.
        changes: Changed keys of the recipes, as for `load_recipe`.

    Raises:
        ExportError: A file holds no student, or one that takes a plate: fitting that gained nothing.
    """

    def __init__(
        self, starts: Sequence[Path], budget: Budget, hold: Callable[[], None], changes: Sequence[str] = ()
    ) -> None:
        torch.set_num_threads(1)
        self._frames, self._least, self._new = CallFrames(budget.learned, budget.aside), budget.least, 0
        self._students: dict[str, StudentLearner] = {}
        for start in starts:
            general = read_onnx(start)
            if general.shape.plate:
                raise ExportError(f"{start} takes a plate: only other students are fitted to a running call")
            recipe = recipe_for(start, general.shape, changes)
            self._students[start.stem] = StudentLearner(general, recipe, self._frames, budget, hold=hold)
        self._turns = cycle(self._students)

    @property
    def ready(self) -> bool:
        """Whether a round is worth its time: there are enough segments, and a new one for each student."""
        enough = len(self._frames.split("train")) >= self._least and len(self._frames.split("val")) > 0
        return enough and self._new > 0

    def take(self, message: Message) -> None:
        """Take a message of the server.

        Raises:
            ProtocolError: It is not as described in `acutance.model.learning.messages`.
        """
        if message.type == "remembered":
            self._remember(message)
        elif message.type == "frames":
            self._add(message)
        else:
            raise ProtocolError(f"no message of this type is known: {message.type[:40]!r}")

    def round(self) -> Message:
        """Run a round of the student whose turn it is; returns the answer."""
        name = next(self._turns)
        self._new -= 1
        learner = self._students[name]
        try:
            outcome = learner.round()
        except DataError as error:
            outcome = Outcome("refused", learner.present, 0.0, 0.0, str(error))
        return _answer(name, outcome)

    def _remember(self, message: Message) -> None:
        learner = self._students.get(str(message.fields.get("student")))
        if learner is None:
            return  # of an earlier call with another student
        try:
            learner.remember(read_onnx(message.payload))
        except ExportError as error:
            raise ProtocolError(str(error)) from None

    def _add(self, message: Message) -> None:
        width, height, count = (int(message.number(name)) for name in ("width", "height", "count"))
        even = width % 2 == 0 and height % 2 == 0 and min(width, height) > 0
        if not even or not 1 <= count <= _LARGEST or len(message.payload) != count * width * height * 3 // 2:
            raise ProtocolError(f"{len(message.payload)} bytes are no {count} frames of {width}x{height}")
        frames = np.frombuffer(message.payload, np.uint8).reshape(count, -1)
        self._frames.add((width, height), frames, "val" if message.fields.get("aside") is True else "train")
        self._new = len(self._students)


def learn(learner: CallLearner, messages: Messages, send: Callable[[Message], object]) -> None:
    """Learn until `messages` gives nothing although it was asked to wait.

    Args:
        learner: Learns the call.
        messages: The messages of the server.
        send: Called with each answer.

    Raises:
        ProtocolError: A message is not as described in `acutance.model.learning.messages`.
    """
    send(Message("ready"))
    while True:
        message = messages.take(wait=not learner.ready)
        if message is not None:
            learner.take(message)
        elif learner.ready:
            messages.hold()
            send(learner.round())
        else:
            return


def _answer(name: str, outcome: Outcome) -> Message:
    fields: dict[str, str | float] = {
        "student": name,
        "gain": round(outcome.gain, 3),
        "before": round(outcome.before, 3),
    }
    if outcome.kind == "weights":
        return Message("weights", fields, _weights(name, outcome.student))
    return Message(outcome.kind, fields | ({"reason": outcome.reason} if outcome.reason else {}))


def _weights(name: str, student: Student | None) -> bytes:
    assert student is not None
    return to_onnx(student, {"name": name, "licence": "Apache-2.0"})
