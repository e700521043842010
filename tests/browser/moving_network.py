"""A network namespace with two links to this host, for a browser that moves from one to the other."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# Unused in every other test, and private (RFC 1918).
_LINKS = ("10.201.1", "10.201.2")


class UnavailableError(RuntimeError):
    """This host makes no network namespaces; the message says why."""


@dataclass(frozen=True)
class MovingNetwork:
    """A namespace with the addresses ``10.201.1.2`` and ``10.201.2.2``; this host is ``.1`` on both links.

    Attributes:
        name: of the namespace.
    """

    name: str

    @property
    def host(self) -> str:
        """The address of this host, which is reachable on both links."""
        return f"{_LINKS[0]}.1"

    def program(self, path: Path, program: str) -> str:
        """Write a script that runs a program in the namespace, and return its path."""
        path.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {program} "$@"\n')
        path.chmod(0o755)
        return str(path)

    def leave_first(self) -> None:
        """Remove the address on the first link, over which everything goes: the second one remains."""
        _ip("-n", self.name, "address", "delete", f"{_LINKS[0]}.2/24", "dev", "link0")


@contextmanager
def moving_network() -> Iterator[MovingNetwork]:
    """Make the namespace; it is removed at the end.

    Raises:
        UnavailableError: this host makes none.
    """
    network = MovingNetwork(f"acu{os.getpid()}")  # at most 15 characters with what names of links add
    if shutil.which("ip") is None:
        raise UnavailableError("there is no program ip (Debian: apt-get install iproute2)")
    _ip("netns", "add", network.name)
    try:
        for number, link in enumerate(_LINKS):
            ours = f"{network.name}-{number}"
            _ip("link", "add", ours, "type", "veth", "peer", "name", f"link{number}", "netns", network.name)
            _ip("address", "add", f"{link}.1/24", "dev", ours)
            _ip("link", "set", ours, "up")
            inside = ("-n", network.name)
            _ip(*inside, "address", "add", f"{link}.2/24", "dev", f"link{number}")
            _ip(*inside, "link", "set", f"link{number}", "up")
            _ip(*inside, "route", "add", "default", "via", f"{link}.1", "metric", str(10 * (number + 1)))
        _ip("-n", network.name, "link", "set", "lo", "up")
        yield network
    finally:
        for number in range(len(_LINKS)):
            with suppress(UnavailableError):
                _ip("link", "delete", f"{network.name}-{number}")
        with suppress(UnavailableError):
            _ip("netns", "delete", network.name)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=10, check=False)
    if done.returncode != 0:
        raise UnavailableError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
