"""The bodies of /health and /ready."""

import importlib.metadata
from typing import Any

from acutance.model.engine.gpu.device import DEVICE
from acutance.server.sessions.host import Host

# With this event loop lag no call runs in real time.
_STALLED_MS = 1000.0


def state(host: Host) -> dict[str, Any]:
    """Return the public state: ``status``, ``live``, ``ready`` for sessions, and the ``reasons`` if not ready.

    A GPU whose context is lost is not recovered by anything but a restart of the process: the server is then no longer
    ready, and as soon as no call would be interrupted it is no longer live, so that its supervisor restarts it.
    """
    reasons = []
    if host.admission.draining:
        reasons.append("the server is stopping: running calls may end, new sessions are not admitted")
    if host.context.loop_lag.p99_ms() > _STALLED_MS:
        reasons.append(f"the event loop runs {host.context.loop_lag.p99_ms():.0f} ms late")
    status = "draining" if host.admission.draining else "stalled" if reasons else "ok"
    if DEVICE.lost is not None:
        reasons.append("the GPU has failed and cannot be used until the server restarts; students run on the CPU")
        status = "device lost" if status == "ok" else status
    live = DEVICE.lost is None or bool(host.registry.publishers)
    return {"status": status, "live": live, "ready": not reasons, "reasons": reasons}


def details(host: Host) -> dict[str, Any]:
    """Return the configuration and load of the server, for clients with a token."""
    best = host.context.ladder.best
    return {
        "version": importlib.metadata.version("acutance"),
        "student": best.student.name,
        "students": list(host.context.ladder.engines),
        "provider": best.provider,
        "provider_note": best.note,
        "engines": [
            {
                "student": choice.engine.student.name,
                "provider": choice.engine.provider,
                "ms": choice.compared,
                "refused": choice.refused,
            }
            for choice in host.context.ladder.choices
        ],
        "encoder": "NVENC" if host.context.encoders.nvenc else "x264",
        "encoder_note": host.context.encoders.note,
        "sessions": len(host.registry.publishers),
        "max_sessions": host.admission.limits.max_sessions,
        "viewers": host.registry.viewer_count,
        "max_viewers": host.admission.limits.max_viewers,
        "loop_lag_ms": host.context.loop_lag.p99_ms(),
        "busy": host.context.load.busy,
        "workers": [],
    }
