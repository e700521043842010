"""TCP ports for programs that are told theirs."""

import random
import socket
from collections import deque

from acutance.server.cluster.errors import ClusterError

# Between the ports of Ray's workers (10002 to 19999) and those that systems choose for connections (from 32768), which
# may take one between this search and the start of the program.
_PORTS = range(20_000, 32_000)
_TRIES = 1000
# Those given last: the programs may not listen yet.
_given: deque[int] = deque(maxlen=200)


def free_ports(count: int, without: int) -> list[int]:
    """Return distinct TCP ports on which no program of this machine listens.

    Args:
        count: how many.
        without: a port that is about to be used.

    Raises:
        ClusterError: there are too few.
    """
    found: set[int] = set()
    for _ in range(_TRIES):
        if len(found) == count:
            return sorted(found)
        port = random.choice(_PORTS)
        if port != without and port not in _given and _is_free(port):
            found.add(port)
            _given.append(port)
    raise ClusterError(f"too few TCP ports from {_PORTS.start} to {_PORTS.stop - 1} are free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
