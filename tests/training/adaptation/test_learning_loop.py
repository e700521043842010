"""The loop of the learning process with drawn frames, and with a fitting step that is staged where none is needed."""

import io
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from acutance.model.engine import catalog
from acutance.model.learning.messages import Message, ProtocolError, frames_message
from acutance.model.nets.export import ExportError, to_onnx
from acutance.model.nets.reading import read_onnx
from acutance.model.nets.student import Student, with_colour
from acutance.training.adaptation import student_learner
from acutance.training.adaptation.call_frames import CallFrames
from acutance.training.adaptation.fitted_recipe import recipe_for
from acutance.training.adaptation.learning_loop import CallLearner, learn
from acutance.training.adaptation.live import Inbox
from acutance.training.adaptation.student_learner import Budget, StudentLearner
from tests.training.conftest import draw

SIZE = (160, 128)
NANO = catalog.find("nano-enlarged").file
CHANGES = (
    "pairs.patches=4",
    "pairs.patch=96",
    "pairs.frame=[160,128]",
    "training.crop=64",
    "training.batch=4",
    'validation.degradations=["shrunk2-h264-0.3"]',
    "mixture.reduction=[2,2]",
    "mixture.bits=[0.3,0.3]",
)
BUDGET = Budget(learned=2, aside=1, least=1, clips=2, pairs=16, steps=2)


class Script:
    """The messages of a server, in order, and no more."""

    def __init__(self, *messages: Message) -> None:
        self._left = deque(messages)
        self.held = 0

    def take(self, *, wait: bool) -> Message | None:
        return self._left.popleft() if self._left else None

    def hold(self) -> None:
        self.held += 1


def segment(aside: bool, count: int = 36) -> Message:
    """A pan over a drawn picture that stands still between the two runs of frames."""
    width, height = SIZE
    picture = np.asarray(draw(5, (width + 64, height)).convert("L"))
    frames = []
    for number in range(count):
        luma = picture[:height, number // 8 : number // 8 + width]
        frames.append(np.concatenate([luma.ravel(), np.full(width * height // 2, 128, np.uint8)]))
    return frames_message(SIZE, count, np.stack(frames).astype(np.uint8).tobytes(), aside=aside)


def learner(*starts: Path) -> CallLearner:
    return CallLearner(starts or [NANO], BUDGET, lambda: None, CHANGES)


def answers(*messages: Message, start: Path = NANO) -> list[Message]:
    sent: list[Message] = []
    learn(learner(start), Script(*messages), sent.append)
    return sent


def staged(monkeypatch: pytest.MonkeyPatch, change: Callable[[Student], None]) -> None:
    """Let a round return the student that it starts from, changed, instead of fitting it."""

    def fit(start: Student, *given: object) -> Student:
        fitted = read_onnx(to_onnx(start, {}))
        with torch.no_grad():
            change(fitted)
        return fitted

    monkeypatch.setattr(student_learner, "fit", fit)


def brighter(student: Student) -> None:
    """All pixels by some grey levels: worse than the general student."""
    student.tail.bias += 0.1


@pytest.fixture
def spoiled(tmp_path: Path) -> Path:
    """A general student that is too bright, so that better ones exist."""
    general = read_onnx(NANO)
    with torch.no_grad():
        brighter(general)
    file = tmp_path / NANO.name
    file.write_bytes(to_onnx(general, {}))
    return file


def darker(student: Student) -> None:
    student.tail.bias -= 0.1


@pytest.mark.training
def test_a_round_answers_with_weights_or_a_refusal() -> None:
    ready, answer = answers(segment(False), segment(True))
    assert ready.type == "ready"
    assert answer.type in ("weights", "refused")
    assert answer.fields["student"] == "nano-enlarged"
    assert answer.number("before") > 0, "the general student restores something"


@pytest.mark.training
def test_a_student_with_colour_is_fitted_to_the_colours_of_the_call(tmp_path: Path) -> None:
    start = tmp_path / "coloured.onnx"
    start.write_bytes(to_onnx(with_colour(read_onnx(NANO)), {}))
    (answer,) = (one for one in answers(segment(aside=False), segment(aside=True), start=start) if one.type != "ready")
    assert answer.type in ("weights", "refused")
    if answer.type == "weights":
        assert read_onnx(answer.payload).shape.colour


def test_students_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    staged(monkeypatch, lambda student: None)
    sent: list[Message] = []
    both = learner(NANO, catalog.find("nano").file)
    learn(both, Script(segment(False), segment(True), segment(False)), sent.append)
    assert [message.fields.get("student") for message in sent] == [None, "nano-enlarged", "nano"]


@pytest.mark.training
def test_a_worse_student_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    staged(monkeypatch, brighter)
    _, answer = answers(segment(False), segment(True))
    assert answer.type == "refused"
    assert "not better" in answer.fields["reason"]
    assert not answer.payload


@pytest.mark.training
def test_a_better_student_is_handed_over(monkeypatch: pytest.MonkeyPatch, spoiled: Path) -> None:
    staged(monkeypatch, darker)
    _, answer = answers(segment(False), segment(True), start=spoiled)
    assert answer.type == "weights"
    assert answer.number("gain") > answer.number("before") + student_learner.MARGIN
    assert read_onnx(answer.payload).shape == read_onnx(NANO).shape


@pytest.mark.training
def test_a_remembered_student_is_used_if_it_is_better(monkeypatch: pytest.MonkeyPatch, spoiled: Path) -> None:
    staged(monkeypatch, lambda student: None)
    call, name = (segment(False), segment(True)), {"student": NANO.stem}
    _, answer = answers(Message("remembered", name, NANO.read_bytes()), *call, start=spoiled)
    assert answer.type == "weights"
    _, answer = answers(Message("remembered", name, spoiled.read_bytes()), *call)
    assert answer.type == "refused"
    other = Message("remembered", name, catalog.find("small").file.read_bytes())
    assert answers(other, *call)[-1].type == "refused", "of another shape"
    assert answers(Message("remembered", {"student": "none"}, b""), *call)[-1].type == "refused"


@pytest.mark.training
def test_a_student_in_use_that_is_no_longer_better_is_withdrawn(spoiled: Path) -> None:
    frames, general = CallFrames(2, 1), read_onnx(NANO)
    learned = StudentLearner(general, recipe_for(NANO, general.shape, CHANGES), frames, BUDGET)
    for message, split in ((segment(False), "train"), (segment(True), "val")):
        frames.add(SIZE, np.frombuffer(message.payload, np.uint8).reshape(36, -1), split)  # type: ignore[arg-type]
    learned.present = read_onnx(spoiled)
    outcome = learned.round()
    assert outcome.kind == "withdrawn"
    assert outcome.gain == outcome.before
    assert learned.present is None


@pytest.mark.training
def test_frames_that_are_too_small_are_refused_with_the_reason() -> None:
    tiny = frames_message((32, 32), 36, bytes(36 * 32 * 32 * 3 // 2), aside=False)
    _, answer = answers(tiny, segment(True))
    assert answer.type == "refused"
    assert answer.fields["reason"]


@pytest.mark.parametrize(
    "message",
    [
        Message("stop"),
        Message("frames", {"width": 16, "height": 16, "count": 1}, b"short"),
        Message("frames", {"width": 15, "height": 16, "count": 1}, bytes(360)),
        Message("frames", {"width": 16, "height": 16, "count": 0}),
        Message("remembered", {"student": NANO.stem}, b"no student"),
    ],
)
def test_what_is_no_message_is_an_error(message: Message) -> None:
    with pytest.raises(ProtocolError):
        answers(message)


def test_what_is_no_student_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"no student")
    with pytest.raises(ExportError, match="is not an exported student"):
        learner(tmp_path / "mine.onnx")
    with pytest.raises(ExportError, match="takes a plate"):
        learner(catalog.find(catalog.MEMORY).file)


class Pipe(io.RawIOBase):
    """A stream that blocks at its end, as a pipe does that is still open."""

    def __init__(self, *messages: Message) -> None:
        self._stream = io.BytesIO(b"".join(message.encoded() for message in messages))

    def readline(self, size: int | None = -1) -> bytes:
        line = self._stream.readline()
        if not line:
            threading.Event().wait()
        return line

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)


def test_the_inbox_passes_messages_on_and_holds_while_paused() -> None:
    inbox = Inbox(Pipe(Message("pause"), Message("frames")))
    message = inbox.take(wait=True)
    assert message is not None
    assert message.type == "frames"
    assert inbox.take(wait=False) is None
    held = threading.Thread(target=inbox.hold, daemon=True)
    held.start()
    held.join(0.05)
    assert held.is_alive()
    Inbox(Pipe(Message("pause"), Message("resume"), Message("frames"))).hold()


def test_the_process_ends_with_its_input_and_tells_what_is_missing() -> None:
    command = [sys.executable, "-m", "acutance.training.adaptation.live"]
    assert subprocess.run([*command, "--check"], timeout=60, check=False).returncode == 0
    ended = subprocess.run([*command, "--from", str(NANO)], input=b"", timeout=60, check=False)
    assert ended.returncode == 0
    ended = subprocess.run([*command, "--from", str(NANO)], input=b"junk\n", timeout=60, check=False)
    assert ended.returncode == 2
