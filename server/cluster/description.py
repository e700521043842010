"""What `GET /cluster` tells of a node."""

from typing import Any

from acutance.server.cluster.members import Member
from acutance.server.workers.carrier import Carrier
from acutance.server.workers.report import Report


def described(member: Member, carrier: Carrier | None) -> dict[str, Any]:
    """Return the entry of a node.

    Args:
        member: the node, as it announces itself.
        carrier: the link to it; None if there is none.
    """
    report = carrier.report if carrier is not None else Report()
    return {
        "name": member.name,
        "host": member.host,
        "machine": member.machine,
        "head": member.head,
        "state": _state(carrier),
        "sessions": sum(each.load is not None for each in report.sessions),
        "max_sessions": report.max_sessions,
        "viewers": sum(each.load is None for each in report.sessions),
        "max_viewers": report.max_viewers,
        "loop_lag_ms": report.load.lag_ms,
        "loop_busy": round(report.load.loop, 3),
        "gpu_busy": round(report.load.gpu, 3),
        "processors_used": round(report.load.processors, 2),
        "processors": member.processors,
    }


def _state(carrier: Carrier | None) -> str:
    if carrier is None:
        return "unreachable"
    if not carrier.responds:
        return "silent"
    if carrier.report.draining:
        return "draining"
    return "ok" if carrier.report.ready else "stalled"
