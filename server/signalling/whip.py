"""WHIP (RFC 9725) without HTTP objects: publish a stream, trickle candidates, restart ICE."""

from dataclasses import dataclass

from aiortc.sdp import SessionDescription

from acutance.server.errors import RequestError
from acutance.server.rtc.connection import Connection
from acutance.server.rtc.session_description import Role, parse_offer
from acutance.server.security.quota import Client
from acutance.server.sessions.host import Host
from acutance.server.signalling.trickle import read_fragment, read_json

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
JSON = "application/json"
# In bytes; a fragment of 64 candidates has 6 kB.
_LARGEST_FRAGMENT = 16 * 1024


@dataclass(frozen=True)
class Created:
    """A session that has been created.

    Attributes:
        answer: SDP of the answer.
        id: identifier of the session, for its URL.
        etag: entity tag of the ICE session.
        links: value of a ``Link`` header for each ICE server.
    """

    answer: str
    id: str
    etag: str
    links: list[str]


@dataclass(frozen=True)
class Restarted:
    """An ICE restart (RFC 9725, section 4.3.3).

    Attributes:
        fragment: SDP fragment with the server's new credentials and candidates.
        etag: entity tag of the new ICE session.
    """

    fragment: str
    etag: str


async def publish(host: Host, client: Client, stream: str, content_type: str, body: bytes) -> Created:
    """Start the session of an encoder that publishes a stream.

    Args:
        host: the sessions.
        client: the sender of the request.
        stream: name of the stream.
        content_type: media type of the body, without parameters.
        body: body of the request.

    Raises:
        NotAdmittedError: the session is not admitted.
        TakenError: a stream of this name is live.
        RequestError: the name, the content type or the offer is malformed or unsupported.
    """
    offer = read_sdp(content_type, body, Role.PUBLISH)
    session, answer = await host.publish(client, offer, stream=stream, returns=False)
    return created(host, session, answer)


def created(host: Host, connection: Connection, answer: str) -> Created:
    """Return the content of the response for a session that has been created."""
    return Created(answer, connection.id, connection.ice.etag, host.context.network.links())


def read_sdp(content_type: str, body: bytes, role: Role) -> SessionDescription:
    """Check and return the session description in the body of a request.

    Args:
        content_type: media type of the body, without parameters.
        body: body of the request.
        role: role of the peer.

    Raises:
        RequestError: the content type or the offer is malformed or unsupported.
    """
    _check_type(content_type, SDP)
    return parse_offer(_text(body), role)


async def patch(
    connection: Connection, content_type: str, body: bytes, if_match: str | None = None, etag: str | None = None
) -> Restarted | None:
    """Add trickled candidates, from an SDP fragment or, for sessions of /offer, from JSON; or restart ICE.

    Args:
        connection: the session.
        content_type: media type of the body, without parameters.
        body: body of the request.
        if_match: value of the ``If-Match`` header, if present.
        etag: value of the ``ETag`` header, which some clients send instead.

    Returns:
        What to respond to an ICE restart; None if candidates were added.

    Raises:
        RequestError: the candidates cannot be added, or ICE cannot be restarted; the session is unchanged.
    """
    if content_type == JSON:
        await connection.ice.trickle(read_json(body))
        return None
    _check_type(content_type, FRAGMENT)
    if len(body) > _LARGEST_FRAGMENT:
        raise RequestError(413, "too_large", f"An SDP fragment may have at most {_LARGEST_FRAGMENT} bytes.")
    check_tag(connection.ice.etag, if_match if if_match is not None else etag)
    trickled = read_fragment(_text(body))
    if connection.ice.is_restart(trickled):
        return Restarted(await connection.restart_ice(trickled), connection.ice.etag)
    await connection.ice.trickle(trickled)
    return None


def check_tag(tag: str, given: str | None) -> None:
    """Check a conditional request (RFC 9110, section 13.1.1).

    ``*`` matches, and also ``"*"`` as in the example of RFC 9725, because clients send both.

    Args:
        tag: entity tag of the session.
        given: value of the request header; None if absent.

    Raises:
        RequestError: 428 if no tag is given, 412 if none of the given tags is the session's.
    """
    if given is None:
        raise RequestError(428, "no_tag", f"Send If-Match with the session's ETag, {tag}, or with *.")
    if not {one.strip() for one in given.split(",")} & {tag, "*", '"*"'}:
        raise RequestError(412, "wrong_tag", "If-Match does not contain the current ETag of the session.")


def _check_type(content_type: str, wanted: str) -> None:
    if content_type.lower() != wanted:
        raise RequestError(415, "wrong_type", f"The Content-Type is {content_type[:60]!r}: it must be {wanted}.")


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise RequestError(400, "not_text", "The body is not UTF-8 text.") from None
