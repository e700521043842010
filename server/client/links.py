"""ICE servers in ``Link`` headers (RFC 9725, section 4.6; the header is that of RFC 8288, section 3)."""

import re
from collections.abc import Iterable

from aiortc import RTCIceServer

# No value of such a header has a quote in it.
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_PARAMETER = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")
_SCHEMES = ("stun", "stuns", "turn", "turns")


def parse_links(lines: Iterable[str]) -> tuple[RTCIceServer, ...]:
    """Return the ICE servers of ``Link`` headers; links of other relations are left out."""
    servers = []
    for target, rest in (match.groups() for line in lines for match in _LINK.finditer(line)):
        parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
        if parameters.get("rel") == "ice-server" and target.partition(":")[0] in _SCHEMES:
            servers.append(RTCIceServer(target, parameters.get("username"), parameters.get("credential")))
    return tuple(servers)
