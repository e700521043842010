"""`acutance bench stream`: a real round trip over WebRTC on this machine, timed by bar codes."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.table import Table

from server import barcode, machine
from server.bench_material import Camera, Material, prepare
from server.bench_peer import PeerError, Trip, round_trip

Plane = NDArray[np.uint8]
_START_S = 60.0
# The first seconds hold the keyframe, the jitter buffer's filling and the estimator's first guess.
_WARM_UP_S = 2.0
# aiortc's jitter buffers, here and there, give a frame away only when the next one's first packet comes.
_TAIL_S = 0.5
_DRIFT_WINDOW_S = 5.0


class BenchError(RuntimeError):
    """The benchmark cannot run; the message says why."""


class StreamOptions(BaseModel):
    """Measure a round trip: frame rate, drops, latency, drift, and SSIM of the uplink and of what came back.

    Starts a server of its own (ACUTANCE_… in the environment reaches it), or takes one that runs.
    """

    model_config = ConfigDict(extra="forbid")

    clip: Annotated[Path | None, Field(description="a video file; without one FFmpeg's test picture")] = None
    size: Annotated[str, Field(pattern=r"^\d+x\d+$", description="of the sent picture")] = "640x360"
    codec: Annotated[Literal["h264", "vp8"], Field(description="both ways")] = "h264"
    camera: Annotated[Camera, Field(description="soft: brought down and up by two before encoding")] = "sharp"
    uplink: Annotated[int, Field(ge=50_000, description="bit rate of what is sent, bits a second")] = 600_000
    rate: Annotated[int, Field(ge=1, le=120, description="frames a second")] = 30
    seconds: Annotated[int, Field(ge=10, le=2000, description="how long to send")] = 60
    url: Annotated[str | None, Field(description="a server that runs; without one it is started here")] = None
    log: Annotated[Path | None, Field(description="append the figures to this file, a line of JSON a run")] = None


def stream(options: StreamOptions) -> None:
    """Run the benchmark and print its table.

    Raises:
        BenchError, MaterialError, PeerError: it cannot run.
    """
    width, height = (int(side) for side in options.size.split("x"))
    count = options.seconds * options.rate
    codec = options.codec.upper()
    if options.log is not None:
        _check_writable(options.log)
    material = prepare(options.clip, (width, height), codec, options.camera, options.uplink, options.rate, count)
    before = os.times()
    with _server(options.url) as url:
        health = _health(url)
        trip = asyncio.run(round_trip(url, material.packets, codec, options.rate))
    after = os.times()
    # Of children that have ended: the server that was started here.
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    figures = {
        **measure(trip, options.rate),
        **_quality(material, trip),
        "server_cpu_ms_per_frame": round(cpu * 1000 / count, 1) if options.url is None else None,
    }
    report = {
        "benchmark": "stream",
        "options": options.model_dump(mode="json", exclude={"log"}),
        "machine": machine.describe(),
        "server": {name: health.get(name) for name in ("version", "student", "provider", "provider_note")},
        "figures": figures,
    }
    _print(report)
    if options.log is not None:
        with options.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(report) + "\n")


def _check_writable(log: Path) -> None:
    # Before the run: a minute's figures are not to be lost to a typing error.
    try:
        log.open("a", encoding="utf-8").close()
    except OSError as error:
        raise BenchError(f"cannot write to {log}: {error.strerror or error}") from error


def measure(trip: Trip, rate: int) -> dict[str, Any]:
    """Return frame rate, drops, latency percentiles and drift of a trip of at least ten seconds at ``rate``.

    The first two seconds and the last half one are left out. Latency is from handing the encoded frame to the
    sender to its decoded return, in milliseconds; drift is the median of the last five seconds less that of the
    first five.

    Raises:
        PeerError: nothing came back.
    """
    end = len(trip.sent) - _TAIL_S * rate
    warm = {number: at for number, at in trip.sent.items() if _WARM_UP_S * rate <= number < end}
    back = [(number, at) for number, at in trip.returned if number in warm]
    if not back:
        raise PeerError("no frame came back")
    latency = np.array([at - warm[number] for number, at in back]) * 1000
    sent_at = np.array([warm[number] for number, _ in back])
    first = latency[sent_at < sent_at[0] + _DRIFT_WINDOW_S]
    last = latency[sent_at > sent_at[-1] - _DRIFT_WINDOW_S]
    numbers = [number for number, _ in back]
    return {
        "sent": len(warm),
        "returned": len(set(numbers)),
        "frame_rate": round(len(set(numbers)) / (len(warm) / rate), 2),
        "in_order": numbers == sorted(numbers),
        "latency_ms": {f"p{q}": round(float(np.percentile(latency, q)), 1) for q in (50, 95, 99)},
        "drift_ms": round(float(np.median(last) - np.median(first)), 1),
    }


def _quality(material: Material, trip: Trip) -> dict[str, Any]:
    # Imported here: only this needs the `bench` extra.
    try:
        from skimage.metrics import structural_similarity
    except ImportError:
        return {"ssim": "not measured: pip install 'acutance[bench]'"}
    numbers = sorted(set(material.pristine) & set(material.uplink) & set(trip.pictures))
    # The first pictures are those of a rate control that just began, on both legs.
    numbers = [number for number in numbers if number >= 60]
    if not numbers:
        return {"ssim": "not measured: no picture to compare came back"}

    # Wang 2004: 11x11 Gaussian of sigma 1.5, K .01/.03, population variance; the bar code's rows are left out.
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    rows = slice(0, -2 * barcode.BLOCK)

    def ssim(pictures: dict[int, Plane]) -> float:
        compared = [(material.pristine[number][rows], pictures[number][rows]) for number in numbers]
        return float(np.mean([structural_similarity(*pair, **wang) for pair in compared]))

    uplink, returned = ssim(material.uplink), ssim(trip.pictures)
    return {
        "pictures": len(numbers),
        "ssim": {"uplink": round(uplink, 5), "returned": round(returned, 5), "gain": round(returned - uplink, 5)},
    }


@contextmanager
def _server(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url.rstrip("/")
        return
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "serve", "--port", str(port), "--log-level", "warning"]
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _await_health(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await_health(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + _START_S
    while monotonic() < deadline:
        if process.poll() is not None:
            raise BenchError(f"the server ended at once with code {process.returncode}: see its message above")
        try:
            _health(url)
        except PeerError:
            sleep(0.1)
        else:
            return
    raise BenchError(f"the server did not answer within {_START_S:g} s")


def _health(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as response:
            health: dict[str, Any] = json.load(response)
    except (OSError, ValueError) as error:
        raise PeerError(f"no answer from {url}/health: {error}") from error
    return health


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _print(report: dict[str, Any]) -> None:
    options, figures = report["options"], report["figures"]
    title = f"{options['size']} at {options['rate']}/s, {options['codec']}, {options['camera']} camera"
    table = Table("figure", "value", title=title)
    table.add_row("clip", Path(options["clip"]).name if options["clip"] else "FFmpeg's testsrc2")
    table.add_row("uplink", f"{options['uplink']} bit/s for {options['seconds']} s")
    table.add_row("student", f"{report['server']['student']} on {report['server']['provider']}")
    for name, value in figures.items():
        shown = ", ".join(f"{key} {figure}" for key, figure in value.items()) if isinstance(value, dict) else value
        table.add_row(name.replace("_", " "), str(shown))
    table.add_row("machine", f"{report['machine']['cpu']}, Python {report['machine']['python']}")
    table.add_row("commit", f"{report['machine']['commit']}, {report['machine']['date']}")
    Console().print(table)
