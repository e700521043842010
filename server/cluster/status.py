"""`acutance cluster status` and `drain`: ask a door of the cluster, and tell Ray's head."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from acutance.server.cluster.errors import ClusterError
from acutance.server.cluster.processes.environment import check_installed, ray_environment
from acutance.server.cluster.settings import AskOptions, DrainOptions
from acutance.server.options.values import revealed

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_DRAIN = "acutance.server.cluster.ray_side.drain"
_DRAIN_S = 60.0


def status(options: AskOptions, as_json: bool) -> None:
    """Print the nodes of a cluster.

    Args:
        options: which door is asked.
        as_json: whether to print one JSON object instead of a table.

    Raises:
        ClusterError: the door does not answer.
    """
    found = asyncio.run(nodes(options))
    if as_json:
        print(json.dumps({"nodes": found}))
    else:
        Console().print(table(found))


def drain(options: DrainOptions) -> None:
    """Drain the machine of a node: its sessions may continue for some seconds, new ones go elsewhere.

    Raises:
        ClusterError: there is no such node, or Ray refuses.
    """
    check_installed()
    token = revealed(options.cluster_token)
    if token is None:
        raise ClusterError("give the cluster's token, as ACUTANCE_CLUSTER_TOKEN")
    named = [each for each in asyncio.run(nodes(options)) if each["name"] == options.node]
    if not named:
        raise ClusterError(f"the cluster has no node {options.node!r}: acutance cluster status lists them")
    head = f"{options.head}:{options.cluster_port}" if options.head is not None else str(named[0]["head"])
    command = [sys.executable, "-m", _DRAIN, head, named[0]["machine"], str(options.drain)]
    try:
        ended = subprocess.run(
            command, env=ray_environment(token), capture_output=True, text=True, timeout=_DRAIN_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"Ray's head at {head} does not answer") from error
    if ended.returncode:
        why = (ended.stderr.strip().splitlines() or ["no reason is given"])[-1]
        raise ClusterError(f"Ray's head at {head} does not drain the machine: {why}")


def table(entries: Sequence[dict[str, Any]]) -> Table:
    """Return the nodes as a table for a terminal."""
    shown = Table(title=f"{len(entries)} nodes, {sum(each['sessions'] for each in entries)} sessions")
    for name in ("node", "address", "state"):
        shown.add_column(name)
    for name in ("sessions", "viewers", "processors", "event loop", "GPU", "lag"):
        shown.add_column(name, justify="right")
    for each in entries:
        shown.add_row(
            each["name"],
            each["host"],
            each["state"],
            _of(each["sessions"], each["max_sessions"]),
            _of(each["viewers"], each["max_viewers"]),
            f"{each['processors_used']:.1f} of {each['processors']:g}",
            f"{100 * each['loop_busy']:.0f} %",
            f"{100 * each['gpu_busy']:.0f} %",
            f"{each['loop_lag_ms']:.0f} ms",
        )
    return shown


def _of(number: int, most: int | None) -> str:
    return str(number) if most is None else f"{number} of {most}"


async def nodes(options: AskOptions) -> list[dict[str, Any]]:
    """Return the entries of `GET /cluster`.

    Raises:
        ClusterError: the door does not answer.
    """
    token = revealed(options.token)
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    url = options.url.rstrip("/") + "/cluster"
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(url, headers=headers, ssl=not options.insecure) as response,
        ):
            body = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise ClusterError(f"{url} does not answer as a door of a cluster does ({error})") from error
    fields = body if isinstance(body, dict) else {}
    if response.status != 200 and "message" in fields:
        raise ClusterError(f"{url} answers {response.status}: {fields['message']}")
    if response.status != 200 or not isinstance(fields.get("nodes"), list):
        raise ClusterError(f"{url} does not answer as a door of a cluster does (status {response.status})")
    return list(fields["nodes"])
