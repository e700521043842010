"""Every use of a private name of Ray: the key-value store and the node table of its head, without a driver.

A driver needs a Ray node on its machine, and ends when the head is gone for a while; this client needs neither.
"""

from ray._common.utils import reset_ray_address
from ray._raylet import GcsClient

_SPACE = b"acutance"
_PREFIX = "node:"
# Seconds for one request.
_TIMEOUT_S = 3.0
# `AutoscalerDrainNodeReason.PREEMPTION`: the only one that Ray accepts for a node that is in use.
_PREEMPTION = 2


class HeadLostError(ConnectionError):
    """Ray's head does not answer."""


class Head:
    """The head of a Ray cluster. Its methods block."""

    def __init__(self, address: str):
        """Connect to it.

        Args:
            address: ``HOST:PORT`` of the head.
        """
        self._client = GcsClient(address=address)

    def announce(self, name: str, announcement: str) -> None:
        """Write the announcement of a node."""
        self._client.internal_kv_put(_key(name), announcement.encode(), True, _SPACE, _TIMEOUT_S)

    def withdraw(self, name: str) -> None:
        """Delete the announcement of a node."""
        self._client.internal_kv_del(_key(name), False, _SPACE, _TIMEOUT_S)

    def announcements(self) -> dict[str, str]:
        """Return the announcements of all nodes, by their names."""
        keys = self._client.internal_kv_keys(_PREFIX.encode(), _SPACE, _TIMEOUT_S)
        found = self._client.internal_kv_multi_get(keys, _SPACE, _TIMEOUT_S) if keys else {}
        return {key.decode().removeprefix(_PREFIX): value.decode() for key, value in found.items()}

    def draining(self) -> set[str]:
        """Return the machines that are being drained, by their identifiers in Ray."""
        return set(self._client.get_draining_nodes())

    def drain(self, machine: str, why: str, until_ms: int) -> str | None:
        """Drain a machine: nothing new starts there; return why Ray refuses, or None.

        Args:
            machine: its identifier in Ray.
            why: the reason, for Ray's log.
            until_ms: when Ray ends what still runs there, in milliseconds since the epoch.
        """
        accepted, message = self._client.drain_node(machine, _PREEMPTION, why, until_ms)
        return None if accepted else str(message)


def forget_last_head() -> None:
    """Delete Ray's note of the last head on this machine.

    With it, a head does not start again while processes of other nodes on the machine still name its address.
    """
    reset_ray_address()


def _key(name: str) -> bytes:
    return f"{_PREFIX}{name}".encode()
