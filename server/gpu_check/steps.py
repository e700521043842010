"""Runs the steps of the check in order, and keeps what each of them measured."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import Any

from acutance.model.engine.providers import first_line


class State(StrEnum):
    """The result of a step."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class StepError(RuntimeError):
    """The GPU does not do what a step requires; the message says what it did."""


class StepSkippedError(RuntimeError):
    """A step does not apply to this host; the message says why."""


@dataclass
class Deadline:
    """The time that is left for the whole check.

    Attributes:
        seconds: from its creation.
        clock: monotonic time in seconds.
    """

    seconds: float
    clock: Callable[[], float] = monotonic
    _begun: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.clock()

    @property
    def left(self) -> float:
        """Seconds that are left; negative afterwards."""
        return self._begun + self.seconds - self.clock()

    def while_left[T](self, cases: Sequence[T], seconds: float) -> Iterator[T]:
        """Yield cases for at most this many seconds of those that are left, and at least the first one."""
        end = self.left - min(seconds, max(self.left, 0.0))
        for index, case in enumerate(cases):
            if index and self.left <= end:
                return
            yield case


@dataclass(frozen=True)
class Step:
    """A step of the check.

    Attributes:
        number: its place, from 1.
        name: what is checked, in a few words.
        run: returns figures by name.
    """

    number: int
    name: str
    run: Callable[[Deadline], dict[str, Any]]


@dataclass(frozen=True)
class Result:
    """What a step found.

    Attributes:
        number: of the step.
        name: of the step.
        state: its result.
        seconds: its duration.
        figures: what it measured, ready for JSON.
        message: why it failed or was skipped; empty otherwise.
        trace: the traceback of an unexpected error; empty otherwise.
    """

    number: int
    name: str
    state: State
    seconds: float
    figures: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    trace: str = ""


def run_steps(steps: Sequence[Step], deadline: Deadline, tell: Callable[[Result], None]) -> list[Result]:
    """Run steps in order until one fails.

    Args:
        steps: the steps.
        deadline: of all of them; a step that would begin after it is skipped.
        tell: called after each step.
    """
    results: list[Result] = []
    for step in steps:
        result = _run(step, deadline)
        results.append(result)
        tell(result)
        if result.state is State.FAILED:
            break
    return results


def _run(step: Step, deadline: Deadline) -> Result:
    before = deadline.left
    if before <= 0:
        return Result(step.number, step.name, State.SKIPPED, 0.0, message="no time was left")

    def result(state: State, figures: dict[str, Any], message: str = "", trace: str = "") -> Result:
        return Result(step.number, step.name, state, round(before - deadline.left, 1), figures, message, trace)

    try:
        return result(State.OK, step.run(deadline))
    except StepSkippedError as why:
        return result(State.SKIPPED, {}, str(why))
    except StepError as error:
        return result(State.FAILED, {}, str(error))
    except Exception as error:  # whatever fails on a GPU that nobody has tried
        return result(State.FAILED, {}, f"{type(error).__name__}: {first_line(error)}", traceback.format_exc())
