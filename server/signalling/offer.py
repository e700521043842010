"""Parses and checks the JSON of `POST /offer`."""

import json
from dataclasses import dataclass

from aiortc.sdp import SessionDescription

from acutance.server.errors import RequestError
from acutance.server.rtc.session_description import Role, parse_offer
from acutance.server.sessions.settings import SessionSettings


@dataclass(frozen=True)
class Offer:
    """The content of an offer.

    Attributes:
        description: the session description, already checked.
        settings: the settings that the peer chose for its session.
        stream: the name under which others may watch the video; None if they may not.
    """

    description: SessionDescription
    settings: SessionSettings
    stream: str | None = None


def read_offer(body: bytes) -> Offer:
    """Read a JSON body ``{"sdp": …, "type": "offer"}``, as aiortc's examples send it, or ``{"offer": {…}}`` around it.

    The offer must have one bidirectional video section, and may have one section each for audio and data. The body may
    also have ``"settings"`` of the session and the name of its ``"stream"``. Other fields are ignored.

    Raises:
        RequestError: the body or the offer is malformed or unsupported.
        SettingError: a setting is unknown or out of bounds.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError(400, "not_json", 'The body is not JSON: send {"sdp": "…", "type": "offer"}.') from None
    offer = message.get("offer", message) if isinstance(message, dict) else None
    if not isinstance(offer, dict) or not isinstance(offer.get("sdp"), str):
        raise RequestError(400, "no_sdp", 'The body has no "sdp" text: send {"sdp": "…", "type": "offer"}.')
    if offer.get("type") != "offer":
        raise RequestError(400, "not_offer", f'"type" is {str(offer.get("type"))[:40]!r}: it must be "offer".')
    settings = message.get("settings", {})
    if not isinstance(settings, dict):
        raise RequestError(
            400, "bad_settings", f'"settings" is {str(settings)[:40]!r}: it must be an object, or left out.'
        )
    stream = message.get("stream")
    if stream is not None and not isinstance(stream, str):
        raise RequestError(400, "bad_stream", f'"stream" is {str(stream)[:40]!r}: it must be a name, or left out.')
    return Offer(parse_offer(offer["sdp"], Role.RETURN), SessionSettings().changed(settings), stream)


def stream_name(body: bytes) -> str | None:
    """Return the name of the stream in a JSON body; None if there is none, or if `read_offer` would refuse the body."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    stream = message.get("stream") if isinstance(message, dict) else None
    return stream if isinstance(stream, str) else None
