"""How Ray is started: its command lines and its environment."""

import json
import os
import sys
from importlib.util import find_spec

from acutance.server.cluster.errors import ClusterError

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
}
# Objects are not used: the least that Ray accepts is 75 MB.
_OBJECT_STORE = 80_000_000


def check_installed() -> None:
    """Check that Ray is installed.

    Raises:
        ClusterError: it is not.
    """
    if find_spec("ray") is None:
        raise ClusterError("Ray is missing: install acutance[cluster]")


def ray_environment(token: str, more: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment of Ray's processes, with the cluster's token."""
    forced = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    return _HEALTH | _SETTINGS | dict(os.environ) | forced | (more or {})


def start_command(address: str, head: str | None, port: int, carries: bool) -> list[str]:
    """Return the command that runs Ray on this machine until it is ended.

    Args:
        address: private address of this machine.
        head: private address of the head; None if this machine is the head.
        port: TCP port of the head.
        carries: whether this machine carries sessions.
    """
    role = ["--address", f"{head}:{port}"]
    if head is None:
        # The port of Ray's client is not used, but cannot be switched off.
        role = ["--head", "--port", str(port), "--include-dashboard=false", "--ray-client-server-port", str(port + 1)]
    return [
        *(sys.executable, "-m", "acutance.server.cluster.ray_side.node", "start", *role),
        *("--node-ip-address", address, "--num-cpus", "1", "--object-store-memory", str(_OBJECT_STORE)),
        *("--resources", json.dumps({"acutance": 1} if carries else {}), "--disable-usage-stats", "--block"),
    ]
