"""Every use of a private name of Ray: the key-value store and the node table of its head, without a driver.

A driver needs a Ray node on its machine, and ends when the head is gone for a while; this client needs neither.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray._common.utils import reset_ray_address
from ray._private.node import Node
from ray._private.ray_constants import RAY_START_HOOK
from ray._raylet import DASHBOARD_AGENT_LISTEN_PORT_NAME, GcsClient, persist_port

_SPACE = b"acutance"
_PREFIX = "node:"
# Seconds for one request.
_TIMEOUT_S = 3.0
# `AutoscalerDrainNodeReason.PREEMPTION`: the only one that Ray accepts for a node that is in use.
_PREEMPTION = 2


class HeadLostError(ConnectionError):
    """Ray's head does not reply, or with an error."""


class Head:
    """The head of a Ray cluster. Its methods block, and raise `HeadLostError`."""

    def __init__(self, address: str):
        """Connect to it.

        Args:
            address: ``HOST:PORT`` of the head.
        """
        with _asking():
            self._client = GcsClient(address=address)

    def announce(self, name: str, announcement: str) -> None:
        """Write the announcement of a node."""
        with _asking():
            self._client.internal_kv_put(_key(name), announcement.encode(), True, _SPACE, _TIMEOUT_S)

    def withdraw(self, name: str) -> None:
        """Delete the announcement of a node."""
        with _asking():
            self._client.internal_kv_del(_key(name), False, _SPACE, _TIMEOUT_S)

    def announcements(self) -> dict[str, str]:
        """Return the announcements of all nodes, by their names."""
        with _asking():
            keys = self._client.internal_kv_keys(_PREFIX.encode(), _SPACE, _TIMEOUT_S)
            found = self._client.internal_kv_multi_get(keys, _SPACE, _TIMEOUT_S) if keys else {}
        return {key.decode().removeprefix(_PREFIX): value.decode() for key, value in found.items()}

    def draining(self) -> set[str]:
        """Return the machines that are being drained, by their identifiers in Ray."""
        with _asking():
            return set(self._client.get_draining_nodes())

    def drain(self, machine: str, why: str, until_ms: int) -> str | None:
        """Drain a machine: nothing new starts there; return why Ray refuses, or None.

        Args:
            machine: its identifier in Ray.
            why: the reason, for Ray's log.
            until_ms: when Ray ends what still runs there, in milliseconds since the epoch.
        """
        with _asking():
            accepted, message = self._client.drain_node(machine, _PREEMPTION, why, until_ms)
        return None if accepted else str(message)


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Ray's errors have no common class
        raise HeadLostError(str(error)) from error


def forget_last_head() -> None:
    """Delete Ray's note of the last head on this machine.

    With it, a head does not start again while processes of other nodes on the machine still name its address.
    """
    reset_ray_address()


def hook_into_start() -> None:
    """Have `at_start` called by Ray's command line, which has no options for what it does."""
    os.environ[RAY_START_HOOK] = f"{__name__}.at_start"


def at_start(parameters: Any, head: bool) -> None:
    """Change the parameters with which Ray starts: no server of Ray's client, and the password of Redis."""
    parameters.ray_client_server_port = None  # one more open port
    parameters.redis_username = os.environ.get("RAY_REDIS_USERNAME", parameters.redis_username)
    parameters.redis_password = os.environ.get("RAY_REDIS_PASSWORD", parameters.redis_password)


def tell_agent_port() -> None:
    """Have Ray's processes on this machine not wait for the port that their agent is given on the command line.

    They take the other three ports of agents from there, but read this one in a file that the agent writes when it has
    started, and end if that takes longer than 15 s (https://github.com/ray-project/ray/issues/65983).
    """
    start_raylet = Node.start_raylet

    def tell_and_start(node: Any, *arguments: Any, **named: Any) -> None:
        port = node.dashboard_agent_listen_port
        persist_port(node.get_session_dir_path(), node.node_id, DASHBOARD_AGENT_LISTEN_PORT_NAME, port)
        start_raylet(node, *arguments, **named)

    Node.start_raylet = tell_and_start


def _key(name: str) -> bytes:
    return f"{_PREFIX}{name}".encode()
