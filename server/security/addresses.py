"""The address or network that identifies a client in limits."""

import ipaddress

# The smallest network that a provider assigns to a customer (RFC 6177, RFC 7421): a client may use all of it.
_IPV6_PREFIX = 64


def client_network(address: str) -> str:
    """Return the /64 network of an IPv6 address, and any IPv4 address, IPv4-mapped ones too, as IPv4.

    Text that is not an address, such as the path of a Unix socket, is returned unchanged.
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
