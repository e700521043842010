"""By which address a client is counted."""

import ipaddress

# The smallest network that a provider assigns to a customer (RFC 6177, RFC 7421): one client has all 2^64 addresses.
_IPV6_PREFIX = 64


def client_network(address: str) -> str:
    """Return an IPv4 address as it is, an IPv4-mapped one as IPv4, and any other IPv6 address as its /64 network.

    Text that is not an address, such as a Unix socket's, is returned unchanged.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), _IPV6_PREFIX), strict=False))
