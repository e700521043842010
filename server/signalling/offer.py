"""Reads the JSON of `POST /offer`. No HTTP objects here: bytes in, a checked session description out."""

import json
from dataclasses import dataclass

from acutance.server.rtc.session_description import OfferError, Role, check_sdp
from acutance.server.signalling.settings import Wishes


@dataclass(frozen=True)
class Offer:
    """What a peer offers.

    Attributes:
        sdp: the session description, checked.
        wishes: what it asks of its session.
        stream: the name under which others may watch it; None for nobody.
    """

    sdp: str
    wishes: Wishes
    stream: str | None = None


def read_offer(body: bytes) -> Offer:
    """Read the JSON body ``{"sdp": …, "type": "offer"}`` of aiortc's examples, or that in an ``"offer"`` of its own.

    It can be served: one video section both ways, at most one of sound and of data. What the peer wishes for may
    stand beside it in ``"wishes"``, a name for its stream in ``"stream"``; fields of other servers are ignored.

    Raises:
        OfferError: what is wrong with it, and what to do.
        WishError: what is wrong with the wishes.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise OfferError(400, "not_json", 'The body is not JSON: send {"sdp": "…", "type": "offer"}.') from None
    offer = message.get("offer", message) if isinstance(message, dict) else None
    if not isinstance(offer, dict) or not isinstance(offer.get("sdp"), str):
        raise OfferError(400, "no_sdp", 'The body has no "sdp" text: send {"sdp": "…", "type": "offer"}.')
    if offer.get("type") != "offer":
        raise OfferError(400, "not_offer", f'"type" is {str(offer.get("type"))[:40]!r}: it must be "offer".')
    wishes = message.get("wishes", {})
    if not isinstance(wishes, dict):
        raise OfferError(400, "bad_wishes", f'"wishes" is {str(wishes)[:40]!r}: it must be an object, or left out.')
    stream = message.get("stream")
    if stream is not None and not isinstance(stream, str):
        raise OfferError(400, "bad_stream", f'"stream" is {str(stream)[:40]!r}: it must be a name, or left out.')
    return Offer(check_sdp(offer["sdp"], Role.RETURN), Wishes().changed(wishes), stream)
