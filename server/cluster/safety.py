"""Ray's ports let whoever has the token run programs on every machine: they are kept off the internet."""

import ipaddress
import socket
from collections.abc import Iterable

import psutil

from acutance.server.cluster.errors import ClusterError

# Nothing is sent there: the kernel is asked which address it would send from.
_SOMEWHERE_PRIVATE = ("10.255.255.255", 9)


def own_address() -> str:
    """Return the address of this machine on its private network; that of loopback if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_SOMEWHERE_PRIVATE)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def interface_addresses() -> list[str]:
    """Return the addresses of all interfaces of this machine."""
    return [
        each.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family in (socket.AF_INET, socket.AF_INET6)
    ]


def check_private(address: str, interfaces: Iterable[str], firewalled: bool) -> None:
    """Check that Ray's ports cannot be reached from the internet. Ray listens on all interfaces.

    Args:
        address: of this machine in the cluster.
        interfaces: the addresses of all its interfaces.
        firewalled: whether the operator says that a firewall closes Ray's ports on public interfaces.

    Raises:
        ClusterError: they may be.
    """
    try:
        private = ipaddress.ip_address(address).is_private
    except ValueError as error:
        raise ClusterError(f"--address {address}: give an IP address of this machine on a private network") from error
    if not private:
        raise ClusterError(f"{address} is a public address: Ray's ports belong on a private network; give --address")
    public = [each for each in interfaces if ipaddress.ip_address(each).is_global]
    if public and not firewalled:
        raise ClusterError(
            f"this machine has the public address {public[0]}, and Ray listens on all addresses: close its ports "
            "with a firewall (SECURITY.md lists them), and give --firewalled"
        )
