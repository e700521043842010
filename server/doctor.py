"""`acutance doctor`: checks whether `acutance serve` would work on this host, and estimates its capacity."""

import json
import socket
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from rich.console import Console
from rich.table import Table

from acutance.model.engine.engine import EngineError
from acutance.model.engine.providers import TRAITS, device_present
from acutance.model.processors import usable_processors
from acutance.server.assembly import http_parts, learning, memory
from acutance.server.assembly.http_parts import AssemblyError
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.gpu_check.check import FOR_DOCTOR, steps
from acutance.server.gpu_check.steps import Deadline, run_steps
from acutance.server.gpu_check.steps import State as StepState
from acutance.server.gpu_check.target import SHORT, gpu
from acutance.server.options.server import ServeOptions
from acutance.server.security.access import is_loopback
from acutance.server.sessions import capacity
from acutance.server.sessions.capacity import SIZE
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS
from acutance.server.telemetry import host_info
from acutance.server.workers.share import worker_count

_SOON_DAYS = 14
_GPU_CHECK_S = 60.0


class State(StrEnum):
    """Severity of a finding."""

    FINE = "ok"
    NOTE = "note"
    FAILS = "fails"


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        subject: what was checked, in a word or two.
        state: `State.FAILS` if `acutance serve` would fail.
        message: the result, and what to do if something needs to be done.
    """

    subject: str
    state: State
    message: str


def examine(options: ServeOptions) -> list[Finding]:
    """Check everything that `acutance serve` needs with these options. Takes a few seconds."""
    findings = [_versions(), _access(options), _tls(options), _port(options), *_learning(options)]
    encoders = EncoderChoice.measure(usable_processors())
    try:
        remembers = options.memory and memory.installed()
        ladder = Ladder.open(options.student, options.provider, options.threads, memory=remembers)
    except EngineError as error:
        return [*findings, Finding("students", State.FAILS, str(error)), _encoder(encoders)]
    findings += _gpu()
    measured = capacity.measure(usable_processors(), ladder.rungs, encoders, TRAITS[ladder.best.provider].staged)
    measured = replace(measured, workers=worker_count(options.workers))
    return [*findings, _students(ladder), _memory(options, ladder), _encoder(encoders), _capacity(measured, options)]


def doctor(options: ServeOptions, as_json: bool) -> bool:
    """Print the findings, as text or as one JSON object; return whether `acutance serve` would work."""
    findings = examine(options)
    works = all(finding.state is not State.FAILS for finding in findings)
    if as_json:
        listed = [asdict(one) for one in findings]
        print(json.dumps({"works": works, "host": host_info.describe(), "findings": listed}))
        return works
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in findings:
        colour = {State.FINE: "green", State.NOTE: "yellow", State.FAILS: "red"}[finding.state]
        table.add_row(finding.subject, f"[{colour}]{finding.state}[/]", finding.message)
    console = Console()
    console.print(table)
    console.print("\n`acutance serve` would work." if works else "\n`acutance serve` would fail: see above.")
    return works


def _memory(options: ServeOptions, ladder: Ladder) -> Finding:
    if ladder.memory is not None:
        return Finding("memory", State.FINE, f"restores what was seen sharp in a call, on {ladder.memory.provider}")
    return Finding("memory", State.NOTE, memory.MISSING if options.memory else "switched off (--no-memory)")


def _learning(options: ServeOptions) -> list[Finding]:
    if not options.learn:
        return []
    try:
        learning.check(options)
    except AssemblyError as error:
        return [Finding("learning", State.FAILS, str(error))]
    kept = f"; weights of {', '.join(options.remember)} are kept" if options.remember else ""
    return [Finding("learning", State.FINE, f"fits the student to calls, with {learning.python(options)}{kept}")]


def _versions() -> Finding:
    host = host_info.describe()
    packages = ("python", "acutance", "aiortc", "av", "onnxruntime", "openvino")
    versions = ", ".join(f"{name} {host[name]}" for name in packages)
    return Finding("host", State.FINE, f"{host['cpu']}; GPU: {host['gpu']}; {versions}")


def _access(options: ServeOptions) -> Finding:
    try:
        access = http_parts.access(options, options.host)
        http_parts.origins(options, options.host)
    except AssemblyError as error:
        return Finding("access", State.FAILS, str(error))
    if not access.required:
        everyone = "anyone on this host" if is_loopback(options.host) else "anyone who can reach the port (--open)"
        return Finding("access", State.FINE if is_loopback(options.host) else State.NOTE, everyone)
    ways = [f"{len(access.tokens)} token(s)"] * bool(len(access.tokens))
    ways += [f"JSON Web Tokens of {access.verifier.issuer}"] if access.verifier else []
    return Finding("access", State.FINE, " and ".join(ways))


def _tls(options: ServeOptions) -> Finding:
    try:
        certificate = http_parts.certificate(options)
    except AssemblyError as error:
        return Finding("TLS", State.FAILS, str(error))
    if certificate is None:
        if is_loopback(options.host):
            return Finding("TLS", State.FINE, "not needed on localhost")
        return Finding("TLS", State.NOTE, "none: browsers on other machines grant no camera access without HTTPS")
    days = (certificate.expires - datetime.now(UTC)).days
    state = State.NOTE if days < _SOON_DAYS else State.FINE
    return Finding("TLS", state, f"valid for {days} days, SHA-256 {certificate.fingerprint}")


def _port(options: ServeOptions) -> Finding:
    tcp = f"{options.host}:{options.port}"
    problem = _bound(socket.SOCK_STREAM, options.host, options.port)
    if problem is not None:
        return Finding("ports", State.FAILS, f"cannot listen on TCP {tcp} ({problem})")
    span = options.udp_port_range
    if span is None:
        return Finding("ports", State.FINE, f"TCP {tcp} is free; UDP: any free port (--udp-ports narrows it)")
    busy = sum(_bound(socket.SOCK_DGRAM, "", port) is not None for port in range(span[0], span[1] + 1))
    count = span[1] - span[0] + 1
    state = State.FAILS if busy == count else State.NOTE if busy else State.FINE
    return Finding("ports", state, f"TCP {tcp} is free; UDP {span[0]}-{span[1]}: {count - busy} of {count} are free")


def _bound(kind: socket.SocketKind, host: str, port: int) -> str | None:
    """Bind a socket and close it; return why that failed, or None on success."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host or "0.0.0.0", port, type=kind)[0]
        with socket.socket(family, kind) as bound:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
            bound.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _students(ladder: Ladder) -> Finding:
    note = ladder.best.note
    measured = "; ".join(choice.summary for choice in ladder.choices)
    return Finding("students", State.NOTE if note else State.FINE, measured + f"; {note}" * bool(note))


def _gpu() -> list[Finding]:
    """Run the first steps of the check of a GPU, if there is one."""
    if not device_present():
        return []
    results = run_steps(steps(gpu(), SHORT)[:FOR_DOCTOR], Deadline(_GPU_CHECK_S), lambda result: None)
    for result in results:
        if result.state is not StepState.OK:
            return [Finding("GPU", State.NOTE, f"step {result.number} of its check ({result.name}): {result.message}")]
    return [Finding("GPU", State.FINE, f"{len(results)} steps of its check passed; `make gpu` runs all of them")]


def _encoder(encoders: EncoderChoice) -> Finding:
    if encoders.nvenc:
        return Finding("encoder", State.FINE, "NVENC")
    sizes = ((640, 360), SIZE, (1920, 1080))
    presets = ", ".join(f"{height}p {encoders.preset(width, height)}" for width, height in sizes)
    return Finding("encoder", State.FINE, f"x264: {presets}; {encoders.note}")


def _capacity(measured: capacity.Capacity, options: ServeOptions) -> Finding:
    each = ", ".join(
        f"{measured.sessions(rung)} {'unenhanced' if rung == PASS else f'with {rung}'} ({measured.limited_by(rung)})"
        for rung in measured.students
    )
    calls = f"simultaneous calls of 1280x720 at 30 frames/s, if nothing else runs: {each}"
    if measured.maximum < 1:
        return Finding("capacity", State.FAILS, f"{calls}: this host is too slow for calls of this size")
    if measured.maximum < options.max_sessions:
        return Finding("capacity", State.NOTE, f"{calls}; --max-sessions is {options.max_sessions}")
    return Finding("capacity", State.FINE, calls)
