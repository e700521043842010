"""Requests to forward a stream: their JSON, their authorization, and the limit on the forwards of a stream."""

import json
import logging
import re
from typing import Any

from yarl import URL

from acutance.server.errors import RequestError
from acutance.server.forward.forward import Forward, Ingest
from acutance.server.forward.rules import ForwardRules
from acutance.server.security.tokens import Caller
from acutance.server.sessions.host import Host
from acutance.server.sessions.streams import NoStreamError

log = logging.getLogger(__name__)

# Maximum number of forwards of a stream; each is one more receiver with a connection of its own.
MOST = 8
_LONGEST_URL = 2048
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


def begin(host: Host, rules: ForwardRules, caller: Caller, stream: str, body: bytes) -> dict[str, Any]:
    """Start to forward a stream to the WHIP endpoint in a request body, until the stream or the forward ends.

    Args:
        host: the sessions.
        rules: who may forward streams, and to which hosts.
        caller: the sender of the request.
        stream: name of the stream.
        body: JSON ``{"url": …, "token": …}``; the token is optional.

    Returns:
        The description of the forward, see `described`.

    Raises:
        RequestError: the body is malformed, the caller or the host is not permitted, or there are too many forwards.
        NoStreamError: no stream of this name is live.
    """
    rules.check(caller)
    publisher = host.registry.streams.publisher(stream)
    if publisher.state == "closing":  # a forward that begins now would never be ended
        raise NoStreamError(stream, expected=True)
    ingest = read_ingest(body, rules)
    if len(publisher.forwards) >= MOST:
        raise RequestError(409, "too_many_forwards", f"The stream {stream!r} has {MOST} forwards already: end one.")
    forward = publisher.forwards.begin(stream, ingest)
    log.info("stream %s is forwarded to %s at the request of %s", stream, forward.shown, caller.name or "a client")
    return described(forward)


def listed(host: Host, rules: ForwardRules, caller: Caller, stream: str) -> list[dict[str, Any]]:
    """Return the description of each forward of a stream.

    Raises:
        RequestError: the caller may not forward streams.
        NoStreamError: no stream of this name is live.
    """
    rules.check(caller)
    return [described(forward) for forward in host.registry.streams.publisher(stream).forwards]


async def end(host: Host, rules: ForwardRules, caller: Caller, stream: str, id: str) -> bool:
    """End a forward and its session at the ingest; return False if the stream has no forward with this identifier.

    Raises:
        RequestError: the caller may not forward streams.
        NoStreamError: no stream of this name is live.
    """
    rules.check(caller)
    publisher = host.registry.streams.publisher(stream)
    forward = next((each for each in publisher.forwards if each.id == id), None)
    if forward is None:
        return False
    await publisher.forwards.end(forward)
    return True


def described(forward: Forward) -> dict[str, Any]:
    """Return the description of a forward for responses, without its secrets: the query of the URL and the token."""
    return {"id": forward.id, "url": forward.shown, "state": forward.state}


def read_ingest(body: bytes, rules: ForwardRules) -> Ingest:
    """Return the WHIP endpoint in a request body.

    Raises:
        RequestError: the body is malformed, or the rules do not permit this endpoint.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError(400, "not_json", 'The body is not JSON: send {"url": "https://…", "token": "…"}.') from None
    url, token = (message.get("url"), message.get("token")) if isinstance(message, dict) else (None, None)
    try:
        parsed = URL(url) if isinstance(url, str) and len(url) <= _LONGEST_URL else URL()
    except ValueError:
        parsed = URL()
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.user or parsed.password:
        raise RequestError(400, "bad_url", '"url" must be the http(s):// URL of a WHIP endpoint, without a user.')
    if token is not None and not (isinstance(token, str) and _TOKEN.fullmatch(token)):
        raise RequestError(400, "bad_forward_token", '"token" must be a bearer token without blanks, or left out.')
    if not rules.allow(parsed):
        raise RequestError(
            403, "forward_host", f"{parsed.host[:100]}:{parsed.port} is not among the hosts that --forward-host names."
        )
    return Ingest(str(url), token, rules.allow)
