"""Reads the JSON of `POST /offer`: bytes in, a checked session description out."""

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
        description: the session description, checked.
        settings: the settings that the peer chose for its session.
        stream: the name under which others may watch the video; None for none.
    """

    description: SessionDescription
    settings: SessionSettings
    stream: str | None = None


def read_offer(body: bytes) -> Offer:
    """Read a JSON body ``{"sdp": …, "type": "offer"}``, as aiortc's examples send it, or with it under ``"offer"``.

    The offer has one video section in both directions, and at most one of sound and one of data. ``"settings"`` may
    hold the settings of the session, ``"stream"`` a name for the stream. Other fields are ignored.

    Raises:
        RequestError: what is wrong with it, and what to do.
        SettingError: what is wrong with the settings.
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
