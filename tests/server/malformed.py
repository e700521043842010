"""Offers that no server can serve: each must get a 4xx with a clear JSON error, within a second."""

import json

from tests.offers import AUDIO, CANDIDATE, DATA, VIDEO, offer


def _body(sdp: object, kind: object = "offer") -> bytes:
    return json.dumps({"sdp": sdp, "type": kind}).encode()


MALFORMED: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "not JSON": (b"v=0\r\n", 400),
    "half of a JSON": (b'{"sdp": "v=0', 400),
    "JSON of another shape": (b'["sdp", "offer"]', 400),
    "not UTF-8": (b"\xff\xfe\x00", 400),
    "nested without end": (b"[" * 50_000, 400),
    "no sdp": (b'{"type": "offer"}', 400),
    "sdp is a number": (_body(5), 400),
    "sdp is empty": (_body(""), 400),
    "an answer": (_body(offer(VIDEO), "answer"), 400),
    "1 MB body": (b'{"type": "offer", "sdp": "' + b"a" * 1_000_000 + b'"}', 413),
    "not a session description": (_body("hello"), 400),
    "no media": (_body(offer()), 422),
    "two video tracks": (_body(offer(VIDEO, VIDEO.replace("mid:1", "mid:2"))), 422),
    "data channel only": (_body(offer(DATA)), 422),
    "audio only": (_body(offer(AUDIO)), 422),
    "video that is only received": (_body(offer(VIDEO.replace("sendrecv", "recvonly"))), 422),
    "no common codec": (_body(offer(VIDEO.replace("VP8", "AV1").replace("42e01f", "640c1f"))), 422),
    "no fingerprint": (_body(offer(VIDEO).replace("a=fingerprint", "a=x")), 400),
    "no ICE credentials": (_body(offer(VIDEO).replace("a=ice-pwd", "a=x")), 400),
    "a junk candidate": (_body(offer(VIDEO + "a=candidate:junk\r\n")), 400),
    "a candidate of port 70000": (_body(offer(VIDEO + CANDIDATE.replace(" 9 ", " 70000 "))), 400),
    "hundreds of candidates": (_body(offer(VIDEO + CANDIDATE * 300)), 400),
    "a section that cannot be parsed": (_body(offer(VIDEO.replace("m=video 9", "m=video nine"))), 400),
    "a payload type that is not a number": (_body(offer(VIDEO.replace("a=rtpmap:96", "a=rtpmap:x"))), 400),
    "a fingerprint of nonsense": (_body(offer(VIDEO.replace("sha-256", "rot-13"))), 400),
}
