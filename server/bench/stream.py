"""`acutance bench stream`: real WebRTC round trips on this host; bar codes identify the frames."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.table import Table

from acutance.server.bench import figures as bench_figures
from acutance.server.bench import log
from acutance.server.bench import threads as bench_threads
from acutance.server.bench.errors import BenchError
from acutance.server.bench.judge import judgement
from acutance.server.bench.judge.compare import require
from acutance.server.bench.material import Camera, Material, Plan, prepare
from acutance.server.bench.peers.round_trip import PeerError, Sending, Trip
from acutance.server.bench.peers.sessions import Outcome, Refused, run_sessions
from acutance.server.bench.server import MeasuredServer, acutance, environment
from acutance.server.telemetry import host_info

# Longer runs repeat the material: at 1080p, the frames to compare of one minute take half a gigabyte.
_MATERIAL_S = 60


class StreamOptions(BaseModel):
    """Measure round trips: frame rate, drops, latency, drift, and SSIM and PSNR of uplink and returned video.

    Uses a running server (--url), or starts one, which reads ACUTANCE_… from the environment.
    """

    model_config = ConfigDict(extra="forbid")

    clip: Annotated[Path | None, Field(description="video file to send; default: FFmpeg's test pattern")] = None
    size: Annotated[str, Field(pattern=r"^\d+x\d+$", description="size of the sent video, in pixels")] = "640x360"
    codec: Annotated[Literal["h264", "vp8"], Field(description="codec in both directions")] = "h264"
    camera: Annotated[Camera, Field(description="soft: each frame is scaled down and up by two before encoding")] = (
        "sharp"
    )
    uplink: Annotated[int, Field(ge=50_000, description="bit rate of the sent video, in bit/s")] = 600_000
    rate: Annotated[int, Field(ge=1, le=120, description="frame rate, in frames/s")] = 30
    seconds: Annotated[
        int, Field(ge=10, le=86_400, description="duration, in seconds; the video repeats each minute")
    ] = 60
    resize: Annotated[
        str | None,
        Field(
            pattern=r"^\d+x\d+@\d+$",
            description="WIDTHxHEIGHT@SECONDS: from that time on, send this size, at most the first one, at the same "
            "bits per pixel or at --uplink-after",
        ),
    ] = None
    keyframes: Annotated[
        float | None,
        Field(
            ge=0.5,
            le=60,
            description="seconds between keyframes of the sender, and one after half a second, as if it answered a "
            "request; default: the first frame only, and then nothing is forwarded",
        ),
    ] = None
    enhance: Annotated[
        bool, Field(description="let the server enhance the frames; --no-enhance measures what it forwards")
    ] = True
    decode: Annotated[
        bool,
        Field(
            description="let the peers decode what returns; with --no-decode they recognise only frames that return as "
            "they were sent, which leaves the cores to a server that forwards"
        ),
    ] = True
    uplink_after: Annotated[
        int | None, Field(ge=20_000, description="bit rate of the sent video after --resize, in bit/s")
    ] = None
    sessions: Annotated[
        int, Field(ge=1, le=64, description="number of simultaneous peers, each in its own process")
    ] = 1
    stagger: Annotated[float, Field(ge=0, le=600, description="seconds between the starts of two peers")] = 0.0
    serve: Annotated[
        list[str],
        Field(description="NAME=VALUE, option of `acutance serve` for the server started here; repeatable"),
    ] = []
    url: Annotated[str | None, Field(description="URL of a running server; default: one is started")] = None
    threads_table: Annotated[bool, Field(description="also report processor time per frame by kind of thread")] = False
    judge: Annotated[
        bool,
        Field(
            description="also judge what was returned by the measures of `acutance-train compare` (JOD, VMAF, …), "
            "beside what arrived and the same encoded again without a student; takes minutes after the run"
        ),
    ] = False
    judge_frames: Annotated[
        int, Field(ge=8, le=600, description="number of judged frames of each regime (first second, steady, shrunk)")
    ] = 60
    judge_keep: Annotated[
        Path | None, Field(description="folder in which the judged videos stay, as lossless files; default: none")
    ] = None
    log: Annotated[Path | None, Field(description="file to which the figures are appended, as one line of JSON")] = None


@dataclass
class Run:
    """The record of one run.

    Attributes:
        outcomes: one for each session.
        server: the server and its use of resources.
        health: the server's `/health` before the run.
        cpu_by_work: processor seconds by kind of thread; empty unless requested.
    """

    outcomes: list[Outcome]
    server: MeasuredServer
    health: dict[str, Any]
    cpu_by_work: Mapping[str, float]

    @property
    def trips(self) -> list[Trip]:
        """The records of the sessions that were not refused."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Trip)]


def stream(options: StreamOptions) -> None:
    """Run the benchmark and print its table.

    Raises:
        BenchError: it cannot run.
    """
    plan = _plan(options)
    if options.log is not None:
        log.check_writable(options.log)
    material = prepare(options.clip, plan)
    count = options.seconds * options.rate
    run = _run(
        options,
        Sending(plan, material.packets, count, options.judge, options.enhance, options.decode),
    )
    report = {
        "benchmark": "stream",
        "options": options.model_dump(mode="json", exclude={"log"}),
        "host": host_info.describe(),
        "server": {name: run.health.get(name) for name in ("version", "student", "provider", "provider_note")},
        "figures": {**figures(material, run), **_judged(options, material, run)},
    }
    _print(report)
    if options.log is not None:
        log.append(options.log, report)


def figures(material: Material, run: Run) -> dict[str, Any]:
    """Return the figures of a run: of its session, or the worst of several sessions and the figures of each.

    Raises:
        PeerError: the server accepted no session, or returned no frame.
    """
    each = [_session(material, outcome) for outcome in run.outcomes]
    served = [session for session in each if "refused" not in session]
    if not served:
        raise PeerError(f"the server accepted no session: {each[0]['refused']}")
    frames = sum(len(trip.sent) for trip in run.trips)
    by_work = {work: round(seconds * 1000 / frames, 2) for work, seconds in run.cpu_by_work.items()}
    return {
        **(served[0] if len(each) == 1 else bench_figures.worst(served)),
        **bench_figures.process(run.server.usages, run.trips),
        **({"server_cpu_ms_per_frame_by_work": by_work} if by_work else {}),
        **({"sessions": each} if len(each) > 1 else {}),
    }


def _judged(options: StreamOptions, material: Material, run: Run) -> dict[str, Any]:
    if not options.judge:
        return {}
    return {"judge": judgement.judge(options.clip, material, run.trips[0], options.judge_frames, options.judge_keep)}


def _session(material: Material, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Refused):
        return {"refused": outcome.message}
    statistics = bench_figures.summarise(outcome.statistics)
    return {
        **bench_figures.measure(outcome, material.plan.rate),
        **bench_figures.quality(material, outcome),
        **bench_figures.after_resize(material, outcome),
        **({"server_statistics": statistics} if statistics else {}),
    }


def _plan(options: StreamOptions) -> Plan:
    seconds, reduced, at = min(options.seconds, _MATERIAL_S), None, 0
    if options.resize is not None:
        size, _, after = options.resize.partition("@")
        reduced, at = _size(size), int(after) * options.rate
        if options.seconds > _MATERIAL_S or int(after) >= options.seconds:
            raise BenchError(f"--resize needs a run of at most {_MATERIAL_S} s that ends after the resize")
    if options.uplink_after is not None and options.resize is None:
        raise BenchError("--uplink-after needs --resize, which says when; it may name the size of --size")
    if not options.decode and (options.judge or options.resize is not None):
        raise BenchError("--no-decode looks at no picture: leave out --judge and --resize")
    if options.judge:
        if options.sessions > 1 or options.seconds > _MATERIAL_S:
            raise BenchError(f"--judge needs one session of at most {_MATERIAL_S} s")
        require()
        if options.judge_keep is not None:
            judgement.check_folder(options.judge_keep)
    environment(options.serve)  # an error here, before a minute of encoding
    if options.url is not None and (options.serve or options.threads_table):
        raise BenchError("--serve and --threads-table are for a server that is started here: leave out --url")
    return Plan(
        _size(options.size),
        options.codec.upper(),
        options.camera,
        options.uplink,
        options.rate,
        seconds * options.rate,
        reduced,
        at,
        round((options.keyframes or 0) * options.rate),
        options.uplink_after,
    )


def _size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def _run(options: StreamOptions, sending: Sending) -> Run:
    with _server(options) as (server, names):
        health = server.health()
        outcomes = run_sessions(server.url, sending, options.sessions, options.stagger, server.record_usage)
        by_work = _by_work(server, names) if names else {}
        if options.url is None:
            server.await_end_of_sessions()
            server.record_usage()
    return Run(outcomes, server, health, by_work)


def _by_work(server: MeasuredServer, names: Path) -> dict[str, float]:
    return bench_threads.by_work(server.cpu_by_thread_before, server.cpu_by_thread, bench_threads.read_names(names))


@contextmanager
def _server(options: StreamOptions) -> Iterator[tuple[MeasuredServer, Path | None]]:
    if options.url is not None:
        yield MeasuredServer(options.url.rstrip("/")), None
        return
    with tempfile.TemporaryDirectory(prefix="acutance-bench-") as folder:
        names = Path(folder) / "threads.json" if options.threads_table else None
        with acutance(options.serve, names) as server:
            yield server, names


def _print(report: dict[str, Any]) -> None:
    options, values = report["options"], dict(report["figures"])
    sessions, judged = values.pop("sessions", []), values.pop("judge", None)
    title = f"{options['size']}, {options['rate']} frames/s, {options['codec']}, {options['camera']} camera"
    table = Table("figure", "value", title=title)
    table.add_row("clip", Path(options["clip"]).name if options["clip"] else "FFmpeg's testsrc2 pattern")
    table.add_row("uplink", f"{options['uplink']} bit/s for {options['seconds']} s")
    table.add_row("best student", f"{report['server']['student']} on {report['server']['provider']}")
    if sessions:
        table.add_row("sessions", f"{len(sessions)}; the figures below are the worst of all sessions")
    for name, value in values.items():
        _add(table, name.replace("_", " "), value)
    for number, session in enumerate(sessions, 1):
        shown = f"refused: {session['refused']}" if "refused" in session else _in_short(session)
        table.add_row(f"session {number}", shown)
    table.add_row("host", f"{report['host']['cpu']}, Python {report['host']['python']}")
    table.add_row("commit", f"{report['host']['commit']}, {report['host']['date']}")
    Console().print(table)
    if judged is not None:
        Console().print(judgement.table(judged))
        Console().print(judged["protocol"], highlight=False, markup=False)


def _add(table: Table, name: str, value: object) -> None:
    """Add a figure; a nested one takes several rows."""
    if not isinstance(value, dict):
        table.add_row(name, str(value))
    elif any(isinstance(part, dict) for part in value.values()):
        for part, figure in value.items():
            _add(table, f"{name}: {part.replace('_', ' ')}", figure)
    else:
        table.add_row(name, ", ".join(f"{part} {figure}" for part, figure in value.items()))


def _in_short(session: dict[str, Any]) -> str:
    statistics = session.get("server_statistics", {})
    return (
        f"{session['frame_rate']} frames/s, p95 {session['latency_ms']['p95']} ms, drift {session['drift_ms']} ms, "
        f"enhanced {statistics.get('enhanced_share')}, {statistics.get('student')}"
    )
