import json

import pytest

from acutance.server.errors import RequestError
from acutance.server.sessions.settings import SessionSettings
from acutance.server.signalling.offer import read_offer
from tests.offers import AUDIO, DATA, VIDEO, offer


def _body(sdp: object, kind: object = "offer") -> bytes:
    return json.dumps({"sdp": sdp, "type": kind}).encode()


def test_a_browsers_offer_is_taken_with_and_without_audio_and_data() -> None:
    for sdp, sections in ((offer(VIDEO), ["video"]), (offer(AUDIO, VIDEO, DATA), ["audio", "video", "application"])):
        read = read_offer(_body(sdp))
        assert [media.kind for media in read.description.media] == sections
        assert (read.settings, read.stream) == (SessionSettings(), None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 10_000, "not_json"),
        (b"[]", "no_sdp"),
        (b'{"type": "offer"}', "no_sdp"),
        (_body(7), "no_sdp"),
        (_body(offer(VIDEO), "answer"), "not_offer"),
        (_body(offer(VIDEO), None), "not_offer"),
        (_body(""), "not_sdp"),
        (_body("hello"), "not_sdp"),
    ],
)
def test_a_body_without_an_offer_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_offer(body)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_an_offer_in_a_nested_object_is_accepted_and_unknown_fields_are_ignored() -> None:
    body = {
        "room_id": "7",
        "offer": {"sdp": offer(VIDEO), "type": "offer"},
        "settings": {"strength": 0.5},
        "stream": "a",
    }
    read = read_offer(json.dumps(body).encode())
    assert [media.kind for media in read.description.media] == ["video"]
    assert (read.settings, read.stream) == (SessionSettings(strength=0.5), "a")


def test_a_stream_name_that_is_not_a_string_is_refused() -> None:
    with pytest.raises(RequestError, match="stream"):
        read_offer(json.dumps({"sdp": offer(VIDEO), "type": "offer", "stream": 7}).encode())
