"""`acutance bench gpu`: checks a GPU in twelve steps, and writes a report."""

import os
from pathlib import Path
from threading import Timer
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from acutance.server.gpu_check import report
from acutance.server.gpu_check.check import steps
from acutance.server.gpu_check.steps import Deadline, Result, State, run_steps
from acutance.server.gpu_check.target import Extent, gpu
from acutance.server.telemetry import host_info

_LAST_STEP_S = 140.0
"""Seconds that the last step may take, after which the whole check is ended: within ten minutes."""


class GpuCheckError(RuntimeError):
    """A step failed, or the report cannot be written; the message says which one, and what to do."""


class GpuOptions(BaseModel):
    """Check an NVIDIA GPU in twelve steps, from the driver to a kernel that traps, and stop at the first failure."""

    model_config = ConfigDict(extra="forbid")

    out: Annotated[Path, Field(description="folder in which the report is written, as JSON and as Markdown")] = Path()
    minutes: Annotated[float, Field(gt=0, le=60, description="steps that would begin later are skipped")] = 7.5
    on_device: Annotated[
        bool,
        Field(description="also check frames that never leave the GPU; calls do not use that yet"),
    ] = False


def check_gpu(options: GpuOptions) -> None:
    """Run the check and write its report, after each step anew.

    Raises:
        GpuCheckError: a step failed, or the report cannot be written.
    """
    written = _Written(options.out, host_info.describe())
    written.write()
    watchdog = Timer(60 * options.minutes + _LAST_STEP_S, written.give_up)
    watchdog.daemon = True
    watchdog.start()
    results = run_steps(steps(gpu(), Extent(), options.on_device), Deadline(60 * options.minutes), written.add)
    watchdog.cancel()
    print(f"{written.files[0]} and {written.files[1].name} have the report.")
    if not report.passed(results):
        last = results[-1]
        raise GpuCheckError(f"step {last.number} failed: {last.message}\n{report.SEND}")


class _Written:
    """The files of a report, which grows with each step."""

    def __init__(self, folder: Path, host: dict[str, str]):
        self.files = [folder / f"{host['date']}-gpu{suffix}" for suffix in (".json", ".md")]
        self._host = host
        self._results: list[Result] = []

    def add(self, result: Result) -> None:
        """Print a result and write the report with it."""
        self._results.append(result)
        columns = f"{result.number:2} {result.state.value:7} {result.seconds:6.1f} s"
        print(f"{columns}  {result.name}  {result.message}", flush=True)
        self.write()

    def write(self) -> None:
        """Write both files.

        Raises:
            GpuCheckError: one cannot be written.
        """
        texts = (report.as_json(self._host, self._results), report.as_markdown(self._host, self._results))
        for file, text in zip(self.files, texts, strict=True):
            try:
                file.write_text(text, encoding="utf-8")
            except OSError as error:
                raise GpuCheckError(f"cannot write to {file}: {error.strerror or error}") from error

    def give_up(self) -> None:
        """End the process although a step hangs: a call that waits for a device cannot be interrupted."""
        number = len(self._results) + 1
        self.add(Result(number, "this step hangs", State.FAILED, 0.0, message="the check was ended"))
        print(report.SEND, flush=True)
        os._exit(2)
