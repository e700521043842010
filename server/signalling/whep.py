"""WHEP (draft-ietf-wish-whep-04) without HTTP objects: watch a stream. Sessions are as in WHIP.

The server never responds with 406, which in WHEP contains a counter-offer of the server.
"""

from acutance.server.encoding.rendition import Variant
from acutance.server.errors import RequestError
from acutance.server.rtc.session_description import Role
from acutance.server.security.quota import Client
from acutance.server.sessions.host import Host
from acutance.server.sessions.streams import check_name
from acutance.server.signalling.whip import Created, created, read_sdp


async def watch(host: Host, client: Client, stream: str, variant: str, content_type: str, body: bytes) -> Created:
    """Start the session of a player that watches a stream.

    Args:
        host: the sessions.
        client: the sender of the request.
        stream: name of the stream.
        variant: ``enhanced`` or ``original``.
        content_type: media type of the body, without parameters.
        body: body of the request.

    Raises:
        NotAdmittedError: the session is not admitted.
        NoStreamError: no stream of this name is live.
        RequestError: the variant, the content type or the offer is malformed or unsupported.
    """
    if variant not in list(Variant):
        raise RequestError(400, "bad_variant", f"There is no variant {variant[:40]!r}: use enhanced or original.")
    offer = read_sdp(content_type, body, Role.WATCH)
    viewer, answer = await host.watch(client, offer, check_name(stream), Variant(variant))
    return created(host, viewer, answer)
