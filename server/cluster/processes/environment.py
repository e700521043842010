"""How Ray is started: its command lines and its environment."""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from acutance.server.cluster.errors import ClusterError
from acutance.server.cluster.processes.ports import free_ports
from acutance.server.security import child_environment

# The defaults of Ray notice a frozen machine after a minute (measured), these after four seconds.
_HEALTH = {
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}
_SETTINGS = {
    # Nothing is contacted that the user has not configured.
    "RAY_USAGE_STATS_ENABLED": "0",
    # aiortc does not run on uvloop.
    "RAY_USE_UVLOOP": "0",
    # Ray hides GPUs from processes that have not asked it for one; each machine has one node, which uses all.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Ray would end a node with all its calls when other programs fill the memory.
    "RAY_memory_monitor_refresh_ms": "0",
    # Ray runs its workers, and what they start, at a low priority (15), behind every other program of the machine.
    "RAY_worker_niceness": "0",
    # Seconds that Ray's processes wait for a head that is started again; the default is a minute.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "600",
    # Time in which Ray's agents, which are written in Python, have to start; by default 30 s, too few on a busy host.
    "RAY_agent_register_timeout_ms": "300000",
}
# Objects are not used: the least that Ray accepts is 75 MB.
_OBJECT_STORE = 80_000_000
# Of Ray's agents. Without given ports, a machine waits for its agents to choose them, and ends after 15 s: they need
# longer to start on a busy host (https://github.com/ray-project/ray/issues/65983).
_AGENT_PORTS = (
    "--dashboard-agent-grpc-port",
    "--dashboard-agent-listen-port",
    "--metrics-export-port",
    "--runtime-env-agent-port",
)


def check_installed() -> None:
    """Check that Ray is installed.

    Raises:
        ClusterError: it is not.
    """
    if find_spec("ray") is None:
        raise ClusterError("Ray is missing: install acutance[cluster]")


def ray_environment(token: str, more: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment of Ray's processes: with the cluster's token, and without those of clients."""
    forced = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    outer = child_environment.without(os.environ, [child_environment.OPTIONS])
    return _HEALTH | _SETTINGS | outer | forced | (more or {})


def start_command(address: str, head: str | None, port: int, carries: bool, folder: Path) -> list[str]:
    """Return the command that runs Ray on this machine until it is ended.

    Args:
        address: private address of this machine.
        head: private address of the head; None if this machine is the head.
        port: TCP port of the head.
        carries: whether this machine carries sessions.
        folder: for Ray's logs and sockets.
    """
    role = ["--address", f"{head}:{port}"]
    if head is None:
        # Nothing asks the autoscaler's monitor.
        role = ["--head", "--port", str(port), "--include-dashboard=false", "--no-monitor"]
    ports = zip(_AGENT_PORTS, map(str, free_ports(len(_AGENT_PORTS), without=port)), strict=True)
    return [
        *(sys.executable, "-m", "acutance.server.cluster.ray_side.node", "start", *role),
        *("--node-ip-address", address, "--num-cpus", "1", "--object-store-memory", str(_OBJECT_STORE)),
        *("--resources", json.dumps({"acutance": 1} if carries else {}), "--disable-usage-stats", "--block"),
        # Nobody reads the logs of Ray's workers through Ray.
        *(each for option in ports for each in option),
        *("--include-log-monitor", "false", "--temp-dir", str(folder / "ray")),
    ]
