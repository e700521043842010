"""The output of `acutance peer`: a table during the call, and the figures of the whole call at its end."""

import asyncio
from typing import Any

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.table import Table

from acutance.server.client.peer.call import Call
from acutance.server.client.peer.connections import ConnectionStatistics

_EVERY_S = 0.5
_LISTED = 20


async def watch(call: Call, console: Console) -> None:
    """Show the progress of a call until cancelled."""
    rates = _Rates()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            await asyncio.sleep(_EVERY_S)
            live.update(_table(call, rates, await call.connections.statistics()), refresh=True)


def figures(call: Call, statistics: ConnectionStatistics) -> dict[str, Any]:
    """Return the figures of a call for `--json`."""
    uplink, downlink = call.uplink, call.downlink
    report: dict[str, Any] = {"ended": call.ended, "seconds": round(_age(call), 2)}
    if uplink:
        report["sent"] = {
            "source": uplink.source.name,
            "codec": uplink.codec,
            "size": list(uplink.size),
            "frames": uplink.sent,
            "bitrate": _rate(uplink.sent_bytes * 8, call),
            "audio": uplink.has_audio,
            "skipped": uplink.skipped,
            "packets_lost": statistics.lost_up,
        }
    if downlink:
        report["returned" if uplink else "watched"] = {
            "codec": downlink.codec or None,
            "size": list(downlink.size) if downlink.size else None,
            "frames": downlink.returned,
            "decoded": downlink.decoded,
            "undecoded": downlink.undecoded,
            "bitrate": _rate(downlink.returned_bytes * 8, call),
            "packets_lost": statistics.lost_down,
        }
    if uplink and downlink:
        report["matched"] = downlink.matched
        if downlink.matched:
            missing = sorted(set(range(uplink.sent)) - downlink.numbers)
            report["missing"] = {"frames": len(missing), "first": missing[:_LISTED]}
            report["delay_ms"] = _percentiles(downlink)
        else:
            report["missing"] = {"frames": max(0, uplink.sent - downlink.returned), "first": []}
    report["round_trip_ms"] = None if statistics.round_trip is None else round(statistics.round_trip * 1000, 1)
    if server := call.connections.server:
        report["server"] = {name: server.get(name) for name in ("student", "rung_reason", "encoder", "frames")}
    if downlink and downlink.recording:
        recording = downlink.recording
        report["file"] = {
            "frames": recording.frames,
            "audio_packets": recording.audio_packets,
            "seconds": float(recording.end),
        }
    if downlink and downlink.pairs:
        report["pairs"] = downlink.pairs.complete
    return report


def summary(report: dict[str, Any]) -> Table:
    """Return the figures as a table."""
    table = Table(show_header=False)
    for name, value in report.items():
        parts = value if isinstance(value, dict) else {"": value}
        for part, figure in parts.items():
            if isinstance(figure, dict):
                figure = ", ".join(f"{each.replace('_', ' ')} {count}" for each, count in figure.items() if count)
            elif isinstance(figure, list):
                figure = ("x" if part == "size" else ", ").join(map(str, figure))
            table.add_row(f"{name} {part}".replace("_", " ").strip(), str(figure))
    return table


class _Rates:
    """The growth of counters per second."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, float]] = {}

    def per_second(self, name: str, count: float) -> float:
        now = asyncio.get_running_loop().time()
        at, before = self._before.get(name, (now - _EVERY_S, 0.0))
        self._before[name] = (now, count)
        return (count - before) / max(now - at, 1e-3)


def _table(call: Call, rates: _Rates, statistics: ConnectionStatistics) -> Table:
    table = Table(title=f"{_age(call):.0f} s", show_header=False)
    uplink, downlink = call.uplink, call.downlink
    if uplink:
        width, height = uplink.size
        table.add_row("sent", f"{rates.per_second('sent', uplink.sent):.1f} frames/s, {width}x{height} {uplink.codec}")
        table.add_row(
            "", f"{rates.per_second('up', uplink.sent_bytes * 8) / 1000:.0f} kbit/s, {statistics.lost_up} packets lost"
        )
    if downlink:
        size = "x".join(map(str, downlink.size)) if downlink.size else "no frame yet"
        table.add_row(
            "received", f"{rates.per_second('back', downlink.returned):.1f} frames/s, {size} {downlink.codec}"
        )
        down = rates.per_second("down", downlink.returned_bytes * 8) / 1000
        table.add_row("", f"{down:.0f} kbit/s, {statistics.lost_down} packets lost")
        if downlink.delays:
            table.add_row("sent until returned", f"{_percentiles(downlink)['p50']} ms")
        if uplink and downlink.matched:
            table.add_row("in flight or lost", f"{uplink.sent - len(downlink.numbers)} frames")
    if statistics.round_trip is not None:
        table.add_row("network round trip", f"{statistics.round_trip * 1000:.1f} ms")
    if server := call.connections.server:
        dropped = server.get("frames", {}).get("dropped")
        table.add_row("server", f"{server.get('student')}, {dropped} frames dropped")
    return table


def _percentiles(downlink: Any) -> dict[str, float]:
    if not downlink.delays:
        return {}
    median, late = np.percentile(downlink.delays, (50, 95))
    return {"p50": round(float(median) * 1000, 1), "p95": round(float(late) * 1000, 1)}


def _age(call: Call) -> float:
    if call.began_at is None:
        return 0.0
    return (call.ended_at or asyncio.get_running_loop().time()) - call.began_at


def _rate(bits: int, call: Call) -> int:
    return round(bits / max(_age(call), 1e-3))
