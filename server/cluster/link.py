"""Connections between doors and nodes: TLS in which each side knows that the other belongs to the cluster.

The node has a new certificate at each start, and announces its fingerprint through Ray, which only members of the
cluster can write to. The door proves itself with a code that depends on the cluster's token and on that certificate.
"""

import asyncio
import hashlib
import hmac
import ssl

from acutance.server.cluster.members import Member
from acutance.server.security.self_signed import self_signed

_PROOF = hashlib.sha256().digest_size
# Seconds for TCP, TLS and the proof: on a private network, milliseconds.
CONNECT_S = 2.0


class LinkError(ConnectionError):
    """A link cannot be opened."""


def node_context() -> tuple[ssl.SSLContext, str]:
    """Make a certificate in memory, and return a TLS context with it and its SHA-256 in hexadecimal digits.

    Raises:
        TlsError: there is no place for temporary files.
    """
    certificate = self_signed()
    return certificate.context, certificate.fingerprint.replace(":", "").lower()


def proof(token: str, fingerprint: str) -> bytes:
    """Return what proves that a door has the cluster's token, to the node with this certificate only."""
    return hmac.digest(token.encode(), f"acutance door to {fingerprint}".encode(), "sha256")


async def admit(reader: asyncio.StreamReader, token: str, fingerprint: str) -> bool:
    """Return whether the other side of a new connection to a node is a door of the cluster."""
    try:
        async with asyncio.timeout(CONNECT_S):
            given = await reader.readexactly(_PROOF)
    except (TimeoutError, asyncio.IncompleteReadError, OSError):
        return False
    return hmac.compare_digest(given, proof(token, fingerprint))


async def dial(member: Member, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a node.

    Raises:
        LinkError: it does not answer, or is not the announced one.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The fingerprint decides.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(member.host, member.port, ssl=context)
    except (TimeoutError, OSError) as error:
        raise LinkError(f"the node {member.name} at {member.host}:{member.port} does not answer ({error})") from error
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
    if not hmac.compare_digest(hashlib.sha256(certificate).hexdigest(), member.fingerprint):
        writer.close()
        raise LinkError(f"another program answers at {member.host}:{member.port} than the node {member.name}")
    writer.write(proof(token, member.fingerprint))
    return reader, writer
