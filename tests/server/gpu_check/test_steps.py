"""The order of the steps, their results and the report."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acutance.server.gpu_check import command, report
from acutance.server.gpu_check.check import FOR_DOCTOR, steps
from acutance.server.gpu_check.command import GpuCheckError, GpuOptions, check_gpu
from acutance.server.gpu_check.steps import Deadline, Result, State, Step, StepError, StepSkippedError, run_steps
from acutance.server.gpu_check.target import Extent, gpu

HOST = {"date": "2026-11-28", "gpu": "NVIDIA L4, driver 580.65.06", "cpu": "16 x some | processor"}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def step(number: int, run: Callable[[], dict[str, Any]], clock: Clock, takes: float = 10.0) -> Step:
    def timed(deadline: Deadline) -> dict[str, Any]:
        clock.now += takes
        return run()

    return Step(number, f"step {number}", timed)


def fails(error: Exception) -> Callable[[], dict[str, Any]]:
    def run() -> dict[str, Any]:
        raise error

    return run


def test_the_first_failure_stops_the_check() -> None:
    clock, told = Clock(), []
    given = [
        step(1, lambda: {"gpu": "L4"}, clock),
        step(2, fails(StepSkippedError("NVENC does not open")), clock),
        step(3, fails(StepError("it differs by 9 grey levels")), clock),
        step(4, dict, clock),
    ]
    results = run_steps(given, Deadline(600, clock), told.append)
    assert results == told
    assert [one.state for one in results] == [State.OK, State.SKIPPED, State.FAILED]
    assert [one.seconds for one in results] == [10, 10, 10]
    assert results[0].figures == {"gpu": "L4"}
    assert [one.message for one in results[1:]] == ["NVENC does not open", "it differs by 9 grey levels"]


def test_an_unexpected_error_is_a_failure_with_its_traceback() -> None:
    clock = Clock()
    (result,) = run_steps(
        [step(1, fails(RuntimeError("CUDNN_STATUS_BAD_PARAM\nmore")), clock)], Deadline(600, clock), print
    )
    assert (result.state, result.message) == (State.FAILED, "RuntimeError: CUDNN_STATUS_BAD_PARAM")
    assert "Traceback" in result.trace


def test_what_would_begin_too_late_is_skipped() -> None:
    clock = Clock()
    results = run_steps([step(1, dict, clock, 700), step(2, dict, clock)], Deadline(600, clock), print)
    assert [(one.state, one.message) for one in results] == [(State.OK, ""), (State.SKIPPED, "no time was left")]


def test_cases_are_left_out_when_their_time_is_over() -> None:
    clock = Clock()
    deadline, done = Deadline(100, clock), []
    for case in deadline.while_left(range(10), 30):
        done.append(case)
        clock.now += 10
    assert done == [0, 1, 2]
    clock.now = 200
    assert list(deadline.while_left(range(3), 30)) == [0], "one, although nothing is left"


def test_there_are_twelve_steps_in_the_order_of_the_page() -> None:
    listed = steps(gpu(), Extent())
    assert [one.number for one in listed] == list(range(1, 13))
    assert [one.number for one in steps(gpu(), Extent(), on_device=True)][12:] == [13]
    assert listed[FOR_DOCTOR - 1].name == "pictures of the GPU and the CPU"


def test_the_report_has_every_step_and_the_host() -> None:
    results = [
        Result(1, "driver", State.OK, 1.5, {"gpu": "L4", "ms": {"p50": 1, "p95": 2}, "sizes": [1, 2]}),
        Result(2, "sessions", State.FAILED, 3.0, message="base on CUDA: no kernel", trace="Traceback\n  here"),
    ]
    read = json.loads(report.as_json(HOST, results))
    assert (read["passed"], read["host"], len(read["steps"])) == (False, HOST, 2)
    assert read["steps"][1]["message"] == "base on CUDA: no kernel"
    page = report.as_markdown(HOST, results)
    assert "| 1 | driver | ok | 1.5 | gpu L4; ms (p50 1; p95 2); sizes 1, 2 |" in page
    assert "| 2 | sessions | failed | 3.0 | base on CUDA: no kernel |" in page
    assert "FAILED" in page
    assert "some \\| processor" in page
    assert "Traceback" in page
    assert "passed" in report.as_markdown(HOST, results[:1])


@pytest.mark.parametrize("state", [State.OK, State.SKIPPED])
def test_a_skipped_step_is_no_failure(state: State) -> None:
    assert report.passed([Result(1, "NVENC", state, 0.0)])


def test_the_command_writes_the_report_and_says_what_to_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    given = [step(1, lambda: {"gpu": "L4"}, clock), step(2, fails(StepError("no kernel image")), clock)]
    monkeypatch.setattr(command, "steps", lambda *_: given)
    with pytest.raises(GpuCheckError, match="step 2 failed: no kernel image") as raised:
        check_gpu(GpuOptions(out=tmp_path))
    assert "send both files and the output of `nvidia-smi`" in str(raised.value)
    (as_json, page) = sorted(tmp_path.iterdir())
    assert [one["state"] for one in json.loads(as_json.read_text())["steps"]] == ["ok", "failed"]
    assert "no kernel image" in page.read_text()
    assert "ok" in capsys.readouterr().out
    with pytest.raises(GpuCheckError, match="cannot write to"):
        check_gpu(GpuOptions(out=tmp_path / "nowhere"))


def test_a_step_that_hangs_is_reported_and_the_process_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(command.os, "_exit", codes.append)
    written = command._Written(tmp_path, HOST)
    written.add(Result(1, "driver", State.OK, 1.0))
    written.give_up()
    assert codes == [2]
    steps_of_report = json.loads(written.files[0].read_text("utf-8"))["steps"]
    assert [(one["number"], one["state"]) for one in steps_of_report] == [(1, "ok"), (2, "failed")]
