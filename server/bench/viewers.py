"""`acutance bench viewers`: the cost of each further viewer of a stream."""

from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, Any, Literal

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
from acutance.server.bench.server import MeasuredServer, acutance
from acutance.server.telemetry import host_info

_STREAM = "bench"
_SETTLE_S = 3.0
_LIVE_S = 20.0
_PERIOD_S = 10


class ViewersOptions(BaseModel):
    """Measure the cost of each further viewer: one publisher (WHIP), and a growing number of viewers (WHEP).

    Starts a server, which reads ACUTANCE_… from the environment.
    """

    model_config = ConfigDict(extra="forbid")

    steps: Annotated[list[Annotated[int, Field(ge=1, le=200)]], Field(description="number of viewers in each step")] = [
        1,
        5,
        10,
        20,
    ]
    seconds: Annotated[int, Field(ge=2, le=600, description="duration of the measurement in each step, in seconds")] = (
        20
    )
    clip: Annotated[Path | None, Field(description="video file to publish; default: FFmpeg's test pattern")] = None
    size: Annotated[str, Field(pattern=r"^\d+x\d+$", description="size of the video, in pixels")] = "640x360"
    codec: Annotated[Literal["h264", "vp8"], Field(description="codec in both directions")] = "h264"
    uplink: Annotated[int, Field(ge=50_000, description="bit rate of the published video, in bit/s")] = 600_000
    serve: Annotated[
        list[str], Field(description="NAME=VALUE, option of `acutance serve` for the server; repeatable")
    ] = []
    log: Annotated[Path | None, Field(description="file to which the figures are appended, as one line of JSON")] = None


@dataclass(frozen=True)
class Step:
    """The figures of one step.

    Attributes:
        viewers: number of viewers.
        cpus: number of processors that the server used.
        encoders: number of encoders in the server.
        enhanced_per_s: frames/s that the student enhanced.
        slowest_viewer_per_s: frames/s of the viewer that received the fewest.
        mbit_per_s: bit rate that all viewers received together, in Mbit/s.
    """

    viewers: int
    cpus: float
    encoders: int
    enhanced_per_s: float
    slowest_viewer_per_s: float
    mbit_per_s: float


def viewers(options: ViewersOptions) -> None:
    """Run the benchmark and print its table.

    Raises:
        BenchError: it cannot run.
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
        "host": host_info.describe(),
        "figures": {"cpus_per_viewer": per_viewer(steps), "steps": [asdict(step) for step in steps]},
    }
    _print(report)
    if options.log is not None:
        log.append(options.log, report)


def per_viewer(steps: list[Step]) -> float | None:
    """Return the number of processors per additional viewer, by linear regression; None for a single step."""
    if len({step.viewers for step in steps}) < 2:
        return None
    slope, _ = np.polyfit([step.viewers for step in steps], [step.cpus for step in steps], 1)
    return round(float(slope), 4)


def _run(options: ViewersOptions, sending: Sending) -> list[Step]:
    most = f"max-viewers={max(options.steps)}"
    # Without a governor: a change of the student would count as a cost of viewers.
    # Forwarded frames need no encoder, and the cost of sharing one is measured.
    given = ["student=nano", "governor=false", "admission=false", "forward_good=false", most, *options.serve]
    with acutance(given) as server:
        publisher = Process(bench_watchers.publish, f"{server.url}/whip/{_STREAM}", sending)
        watchers = Process(bench_watchers.watch, f"{server.url}/whep/{_STREAM}", options.codec.upper())
        try:
            publisher.ask("begin")
            _await_live(server)
            return [_step(server, watchers, count, options.seconds) for count in sorted(options.steps)]
        finally:
            watchers.end()
            publisher.end()


def _step(server: MeasuredServer, watchers: Process, count: int, seconds: int) -> Step:
    watchers.ask(count)
    sleep(_SETTLE_S)
    before, counted = watchers.ask(None), _stream(server)["enhanced"]
    server.record_usage()
    sleep(seconds)
    server.record_usage()
    after, stream = watchers.ask(None), _stream(server)
    first, last = server.usages[-2:]
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


def _await_live(server: MeasuredServer) -> None:
    deadline = monotonic() + _LIVE_S
    while _stream(server).get("size_in") is None:
        if monotonic() > deadline:
            raise BenchError(f"the published stream is not live after {_LIVE_S:g} s")
        sleep(0.1)


def _stream(server: MeasuredServer) -> dict[str, Any]:
    streams: list[dict[str, Any]] = server.get("/streams").get("streams", [])
    return streams[0] if streams else {}


def _print(report: dict[str, Any]) -> None:
    options, figures = report["options"], report["figures"]
    table = Table(title=f"{options['size']}, 30 frames/s, {options['codec']}, {options['seconds']} s for each step")
    for heading in ("viewers", "processors", "encoders", "enhanced/s", "slowest viewer/s", "Mbit/s out"):
        table.add_column(heading, justify="right")
    for step in figures["steps"]:
        table.add_row(*(str(value) for value in step.values()))
    console = Console()
    console.print(table)
    if figures["cpus_per_viewer"] is not None:
        console.print(f"each further viewer takes {100 * figures['cpus_per_viewer']:.1f} % of a processor")
    console.print(f"{report['host']['cpu']}, {report['host']['commit']}, {report['host']['date']}")
