"""`make compare`: this server and aiortc's example server side by side, cell by cell, in one run.

The same encoded frames go through both, from the same client on the same machine, with one server running at a time.
"""

import argparse
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from acutance.server.bench import figures as bench_figures
from acutance.server.bench import log
from acutance.server.bench.errors import BenchError
from acutance.server.bench.material import Material, Plan, prepare
from acutance.server.bench.peers.round_trip import Sending
from acutance.server.bench.peers.sessions import Refused, run_sessions
from acutance.server.bench.server import MeasuredServer, acutance, free_port, started
from acutance.server.markdown import row, table
from acutance.server.telemetry import host_info

# Uplinks of 600 kbit/s at 360p and 1.2 Mbit/s at 720p are those of a poor connection; 1080p in proportion.
SIZES = {(640, 360): 600_000, (1280, 720): 1_200_000, (1920, 1080): 2_400_000}
CODECS = ("H264", "VP8")
HEAD = (
    "size",
    "codec",
    "server",
    "frames/s",
    "p50 ms",
    "p95 ms",
    "drift ms",
    "SSIM uplink",
    "returned",
    "PSNR uplink",
    "returned",
    "CPU ms/frame",
    "sharpened by",
)


@contextmanager
def example() -> Iterator[MeasuredServer]:
    """Run aiortc's example server until the block ends."""
    port = free_port()
    with started([sys.executable, "-m", "tests.compare.example_server", str(port)], port, _listening) as server:
        yield server


SERVERS: dict[str, Callable[[], AbstractContextManager[MeasuredServer]]] = {
    "acutance": acutance,
    "aiortc example": example,
}


def _listening(server: MeasuredServer) -> None:
    port = int(server.url.rpartition(":")[2])
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError as error:
        raise BenchError("it does not listen yet") from error


def cell(name: str, material: Material) -> dict[str, Any]:
    """Return the figures of one server with one stream."""
    plan = material.plan
    with SERVERS[name]() as server:
        (trip,) = run_sessions(server.url, Sending(plan, material.packets, plan.count), observe=server.record_usage)
        server.record_usage()
    if isinstance(trip, Refused):
        raise BenchError(f"{name} took no session: {trip.message}")
    return {
        **bench_figures.measure(trip, material.plan.rate),
        **bench_figures.quality(material, trip),
        **bench_figures.process(server.usages, [trip]),
        "server_statistics": bench_figures.summarise(trip.statistics),
    }


def cells(run: dict[str, Any]) -> list[str]:
    """Return the cells of a measurement in the Markdown table."""
    found = run["figures"]
    ssim, psnr, statistics = found["ssim"], found["psnr_y"], found["server_statistics"]
    sharpened = (
        f"{statistics['student']}, {statistics['enhanced_share']:.0%} of the frames" if statistics else "unsharp mask"
    )
    return [
        run["size"],
        run["codec"],
        run["server"],
        f"{found['frame_rate']:.2f}",
        f"{found['latency_ms']['p50']:.0f}",
        f"{found['latency_ms']['p95']:.0f}",
        f"{found['drift_ms']:+.1f}",
        f"{ssim['uplink']:.4f}",
        f"{ssim['returned']:.4f}",
        f"{psnr['uplink']:.2f}",
        f"{psnr['returned']:.2f}",
        f"{found['server_cpu_ms_per_frame']:.1f}",
        sharpened,
    ]


def main() -> None:
    """Measure every cell; print each when it is known, and add it to the log."""
    parser = argparse.ArgumentParser(prog="python -m tests.compare", description=__doc__)
    parser.add_argument("--clip", type=Path, help="video file to send; default: FFmpeg's test pattern")
    parser.add_argument("--camera", choices=("sharp", "soft"), default="sharp", help="see `acutance bench stream`")
    parser.add_argument("--seconds", type=int, default=12, help="duration of each measurement, at least 10 s")
    parser.add_argument("--size", action="append", help="frame size such as 640x360; repeatable; default: all three")
    log_file = Path("tests/output/compare.jsonl")
    parser.add_argument("--log", type=Path, default=log_file, help="file to which each measurement is appended")
    options = parser.parse_args()
    options.log.parent.mkdir(parents=True, exist_ok=True)
    described = host_info.describe()
    print(table(HEAD, []), flush=True)
    for size, uplink in SIZES.items():
        named = f"{size[0]}x{size[1]}"
        if options.size and named not in options.size:
            continue
        for codec in CODECS:
            plan = Plan(size, codec, options.camera, uplink, 30, 30 * options.seconds)
            material = prepare(options.clip, plan)
            for name in SERVERS:
                run = {
                    "benchmark": "compare",
                    "size": named,
                    "codec": codec.lower(),
                    "server": name,
                    "camera": options.camera,
                    "clip": options.clip and options.clip.name,
                    "seconds": options.seconds,
                    "host": described,
                    "figures": cell(name, material),
                }
                log.append(options.log, run)
                print(row(cells(run)), flush=True)


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(f"compare: {error}")
