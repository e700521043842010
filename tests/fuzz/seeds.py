"""Seeds for mutation: recorded offers, each kind of malformed offer, and the corpus."""

import json

from tests.fuzz.corpus import inputs
from tests.offers import AUDIO, CANDIDATE, DATA, VIDEO, offer
from tests.server.malformed import MALFORMED
from tests.server.recorded import RECORDED

_WRITTEN = (offer(VIDEO), offer(AUDIO, VIDEO, DATA), offer(VIDEO + CANDIDATE), offer(VIDEO.replace("42e01f", "640c1f")))


def _malformed_descriptions() -> list[bytes]:
    found = []
    for body, status in MALFORMED.values():
        if status == 413:
            continue
        try:
            sdp = json.loads(body)["sdp"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(sdp, str):
            found.append(sdp.encode())
    return found


DESCRIPTIONS = [
    *RECORDED.values(),
    *(sdp.encode() for sdp in _WRITTEN),
    *_malformed_descriptions(),
    *inputs("description").values(),
]
OFFERS = [
    *(json.dumps({"sdp": sdp.decode("utf-8", "surrogatepass"), "type": "offer"}).encode() for sdp in DESCRIPTIONS),
    *(body for body, status in MALFORMED.values() if status != 413),
    *inputs("offer").values(),
]
