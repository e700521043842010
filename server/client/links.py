"""Parses ICE servers in ``Link`` headers (RFC 9725, section 4.6, and RFC 8288, section 3)."""

import re
from collections.abc import Iterable

from aiortc import RTCIceServer

# Simplified: values contain no escaped quote.
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_PARAMETER = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")
_SCHEMES = ("stun", "stuns", "turn", "turns")


def parse_links(lines: Iterable[str]) -> tuple[RTCIceServer, ...]:
    """Return the ICE servers of ``Link`` headers; links with another relation are ignored."""
    servers = []
    for target, rest in (match.groups() for line in lines for match in _LINK.finditer(line)):
        parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
        if parameters.get("rel") == "ice-server" and target.partition(":")[0] in _SCHEMES:
            servers.append(RTCIceServer(target, parameters.get("username"), parameters.get("credential")))
    return tuple(servers)
