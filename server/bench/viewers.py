"""`acutance bench viewers`: what each further viewer of a stream costs the server."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, Any, Literal
from urllib.request import urlopen

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.table import Table

from acutance.server.bench import log
from acutance.server.bench.errors import BenchError
from acutance.server.bench.material import Plan, prepare
from acutance.server.bench.peers import watchers as bench_watchers
from acutance.server.bench.peers.processes import Process
from acutance.server.bench.peers.round_trip import Sending
from acutance.server.bench.server import Watched, acutance
from acutance.server.telemetry import host_info

_STREAM = "bench"
_SETTLE_S = 3.0
_LIVE_S = 20.0
_PERIOD_S = 10


class ViewersOptions(BaseModel):
    """Measure what a viewer more costs: one publisher (WHIP), and steps of more and more viewers (WHEP).

    Starts a server of its own (ACUTANCE_… in the environment reaches it).
    """

    model_config = ConfigDict(extra="forbid")

    steps: Annotated[list[Annotated[int, Field(ge=1, le=200)]], Field(description="how many watch, step by step")] = [
        1,
        5,
        10,
        20,
    ]
    seconds: Annotated[int, Field(ge=2, le=600, description="of each step's measurement")] = 20
    clip: Annotated[Path | None, Field(description="a video file; without one FFmpeg's test picture")] = None
    size: Annotated[str, Field(pattern=r"^\d+x\d+$", description="of the picture")] = "640x360"
    codec: Annotated[Literal["h264", "vp8"], Field(description="both ways")] = "h264"
    uplink: Annotated[int, Field(ge=50_000, description="bit rate of what is published, bits a second")] = 600_000
    serve: Annotated[list[str], Field(description="NAME=VALUE, an option of `acutance serve` for the server")] = []
    log: Annotated[Path | None, Field(description="append the figures to this file, a line of JSON a run")] = None


@dataclass(frozen=True)
class Step:
    """What was seen with so many viewers.

    Attributes:
        viewers: how many.
        cpu: processors that the server used.
        encoders: how many it ran.
        enhanced: frames a second that came out of the student.
        least: frames a second of the viewer that got the fewest.
        mbit: bits a second that all viewers together got, in millions.
    """

    viewers: int
    cpu: float
    encoders: int
    enhanced: float
    least: float
    mbit: float


def viewers(options: ViewersOptions) -> None:
    """Run the benchmark and print its table.

    Raises:
        BenchError, MaterialError, PeerError: it cannot run.
    """
    width, height = (int(side) for side in options.size.split("x"))
    plan = Plan((width, height), options.codec.upper(), bitrate=options.uplink, count=_PERIOD_S * 30)
    if options.log is not None:
        log.check_writable(options.log)
    material = prepare(options.clip, plan)
    steps = _run(options, Sending(plan, material.packets, 1 << 30))
    report = {
        "benchmark": "viewers",
        "options": options.model_dump(mode="json", exclude={"log"}),
        "machine": host_info.describe(),
        "figures": {"cpu_per_viewer": per_viewer(steps), "steps": [asdict(step) for step in steps]},
    }
    _print(report)
    if options.log is not None:
        log.append(options.log, report)


def per_viewer(steps: list[Step]) -> float | None:
    """Return processors that a viewer more takes: the slope of the line through all steps; None with one step."""
    if len({step.viewers for step in steps}) < 2:
        return None
    slope, _ = np.polyfit([step.viewers for step in steps], [step.cpu for step in steps], 1)
    return round(float(slope), 4)


def _run(options: ViewersOptions, sending: Sending) -> list[Step]:
    most = f"max-viewers={max(options.steps)}"
    # A student that changes between two steps would be taken for what the viewers cost.
    with acutance(["student=nano", "governor=false", "admission=false", most, *options.serve]) as server:
        publisher = Process(bench_watchers.publish, f"{server.url}/whip/{_STREAM}", sending)
        watchers = Process(bench_watchers.watch, f"{server.url}/whep/{_STREAM}", options.codec.upper())
        try:
            publisher.ask("begin")
            _await_live(server)
            return [_step(server, watchers, count, options.seconds) for count in sorted(options.steps)]
        finally:
            watchers.end()
            publisher.end()


def _step(server: Watched, watchers: Process, count: int, seconds: int) -> Step:
    watchers.ask(count)
    sleep(_SETTLE_S)
    before, counted = watchers.ask(None), _stream(server)["enhanced"]
    server.look()
    sleep(seconds)
    server.look()
    after, stream = watchers.ask(None), _stream(server)
    first, last = server.seen[-2:]
    rates = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(before, after, strict=True)]
    bits = sum(8 * (b[2] - a[2]) / (b[0] - a[0]) for a, b in zip(before, after, strict=True))
    elapsed = last.at - first.at
    return Step(
        count,
        round((last.cpu - first.cpu) / elapsed, 3),
        len(stream["renditions"]),
        round((stream["enhanced"] - counted) / elapsed, 1),
        round(min(rates), 1),
        round(bits / 1e6, 2),
    )


def _await_live(server: Watched) -> None:
    deadline = monotonic() + _LIVE_S
    while _stream(server).get("size_in") is None:
        if monotonic() > deadline:
            raise BenchError(f"the published stream is not there after {_LIVE_S:g} s")
        sleep(0.1)


def _stream(server: Watched) -> dict[str, Any]:
    try:
        with urlopen(f"{server.url}/streams", timeout=5) as response:
            streams: list[dict[str, Any]] = json.load(response)["streams"]
    except (OSError, ValueError) as error:
        raise BenchError(f"no answer from {server.url}/streams: {error}") from error
    return streams[0] if streams else {}


def _print(report: dict[str, Any]) -> None:
    options, figures = report["options"], report["figures"]
    table = Table(title=f"{options['size']} at 30/s, {options['codec']}, {options['seconds']} s a step")
    for heading in ("viewers", "processors", "encoders", "enhanced/s", "least viewer/s", "Mbit/s out"):
        table.add_column(heading, justify="right")
    for step in figures["steps"]:
        table.add_row(*(str(value) for value in step.values()))
    console = Console()
    console.print(table)
    if figures["cpu_per_viewer"] is not None:
        console.print(f"a viewer more takes {100 * figures['cpu_per_viewer']:.1f} % of a processor")
    console.print(f"{report['machine']['cpu']}, {report['machine']['commit']}, {report['machine']['date']}")
