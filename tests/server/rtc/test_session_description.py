"""Session descriptions are refused with a reason, or parsed once, repaired and serialised without loss."""

import pytest
from aiortc.sdp import SessionDescription

from acutance.server.errors import RequestError
from acutance.server.rtc.session_description import Role, negotiated_codec, parse_offer, serialised
from tests.offers import AUDIO, CANDIDATE, DATA, SESSION, VIDEO, offer
from tests.server.recorded import RECORDED


def _written(sdp: str, role: Role = Role.RETURN) -> str:
    """Return an offer as it is passed to aiortc."""
    return serialised(parse_offer(sdp, role))


def _without_addresses(sdp: str) -> str:
    """Return an offer as aiortc itself writes it, less the addresses that ICE does not use."""
    description = SessionDescription.parse(sdp)
    for media in description.media:
        media.host = media.rtcp_host = None
    return serialised(description)


@pytest.mark.parametrize(
    ("sdp", "status", "code"),
    [
        (SESSION, 422, "no_video"),
        (offer(AUDIO), 422, "no_video"),
        (offer(DATA), 422, "no_video"),
        (offer(VIDEO, VIDEO.replace("mid:1", "mid:2")), 422, "two_videos"),
        (offer(AUDIO, AUDIO.replace("mid:0", "mid:3"), VIDEO), 422, "too_many_sections"),
        (offer(VIDEO.replace("sendrecv", "sendonly")), 422, "wrong_direction"),
        (offer(VIDEO.replace("sendrecv", "recvonly")), 422, "wrong_direction"),
        (offer(VIDEO.replace("sendrecv", "inactive")), 422, "wrong_direction"),
        (offer(VIDEO.replace("VP8", "AV1").replace("42e01f", "640c1f")), 422, "no_codec"),
        (offer(VIDEO).replace("a=fingerprint", "a=nothing"), 400, "no_fingerprint"),
        (offer(VIDEO).replace("a=ice-ufrag", "a=nothing"), 400, "no_ice"),
        (offer(VIDEO).replace("a=mid:1\r\n", ""), 400, "no_mid"),
        (offer(VIDEO + "a=candidate:junk\r\n"), 400, "bad_candidate"),
        (offer(VIDEO + "a=candidate:1 1 udp 99 192.0.2.1 70000 typ host\r\n"), 400, "bad_candidate"),
        (offer(VIDEO + "a=candidate:1 1 udp 99 192.0.2.1 9 typ nonsense\r\n"), 400, "bad_candidate"),
        (offer(VIDEO + CANDIDATE * 65), 400, "bad_candidate"),
        (offer(VIDEO.replace("m=video 9", "m=video x")), 400, "bad_sdp"),
        (offer(VIDEO, DATA.replace("5000", "65536")), 400, "bad_sdp"),
        (offer(VIDEO, DATA.replace("5000", "-1")), 400, "bad_sdp"),
        (offer(VIDEO, DATA.replace("a=sctp-port:5000\r\n", "")), 400, "bad_sdp"),
        (offer(VIDEO, DATA.replace("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 65536")), 400, "bad_sdp"),
        (offer(VIDEO.replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96")), 400, "bad_sdp"),
    ],
)
def test_a_session_description_that_cannot_be_served_is_refused(sdp: str, status: int, code: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_offer(sdp)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert len(str(refused.value)) > 20


@pytest.mark.parametrize(
    "candidate",
    [
        "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n",
        "a=candidate:842163049 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active\r\n",
        "a=candidate:abc+/ 1 udp 1 203.0.113.5 9 typ srflx raddr 192.0.2.1 rport 9\r\n",
    ],
)
def test_every_candidate_of_a_browser_is_accepted(candidate: str) -> None:
    (written,) = [line for line in _written(offer(VIDEO + candidate)).splitlines() if "candidate:" in line]
    # aiortc writes neither a port behind raddr-less types nor extensions that it does not know.
    assert written.split()[:8] == candidate.split()[:8]


def test_names_that_only_multicast_could_resolve_are_left_out() -> None:
    hidden = "a=candidate:1 1 UDP 99 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 61764 typ host\r\n"
    assert _written(offer(VIDEO + hidden + "a=end-of-candidates\r\n")) == _without_addresses(offer(VIDEO))
    assert _written(offer(VIDEO + hidden + CANDIDATE)) == _without_addresses(offer(VIDEO + CANDIDATE))


def test_a_bundle_with_missing_sections_is_repaired() -> None:
    # FFmpeg's WHIP muxer without audio; aiortc raises AttributeError on it, in close() too.
    (group,) = parse_offer(offer(VIDEO).replace("BUNDLE 1", "BUNDLE 0 1")).group
    assert group.items == ["1"]


def test_the_end_of_candidates_without_any_is_left_out() -> None:
    assert "end-of-candidates" not in _written(offer(VIDEO + "a=end-of-candidates\r\n"))
    assert "end-of-candidates" in _written(offer(VIDEO + CANDIDATE + "a=end-of-candidates\r\n"))


@pytest.mark.parametrize("profile", ["42001f", "42e01f", "42c034", "420029"])
def test_baseline_of_any_level_is_taken(profile: str) -> None:
    parse_offer(offer(VIDEO.replace("VP8", "AV1").replace("42e01f", profile)))


def test_the_negotiated_codec_is_the_first_of_the_answer() -> None:
    answer = SessionDescription.parse(offer(VIDEO))
    assert negotiated_codec(answer) == "VP8"
    assert negotiated_codec(answer, "audio") == ""


@pytest.mark.parametrize(
    ("role", "direction", "taken"),
    [
        (Role.RETURN, "sendrecv", True),
        (Role.RETURN, "sendonly", False),
        (Role.PUBLISH, "sendonly", True),
        (Role.PUBLISH, "sendrecv", True),
        (Role.PUBLISH, "recvonly", False),
        (Role.PUBLISH, "inactive", False),
        (Role.WATCH, "recvonly", True),
        (Role.WATCH, "sendrecv", True),
        (Role.WATCH, "sendonly", False),
        (Role.WATCH, "inactive", False),
    ],
)
def test_the_direction_of_media_must_fit_the_endpoint(role: Role, direction: str, taken: bool) -> None:
    sdp = offer(VIDEO.replace("sendrecv", direction))
    if taken:
        assert _written(sdp, role) == _without_addresses(sdp)
        return
    with pytest.raises(RequestError, match=direction):
        parse_offer(sdp, role)


@pytest.mark.parametrize(
    ("sdp", "code"),
    [
        (offer(AUDIO.replace("sendrecv", "inactive"), VIDEO), "wrong_direction"),
        (offer(VIDEO, DATA), "data_channel"),
        (offer(AUDIO.replace("opus/48000/2", "telephone-event/8000"), VIDEO), "no_codec"),
        (offer(VIDEO.replace("a=rtcp-mux\r\n", "")), "no_rtcp_mux"),
    ],
)
def test_whip_refuses_the_whole_offer_rather_than_a_section_of_it(sdp: str, code: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_offer(sdp, Role.PUBLISH)
    assert (refused.value.status, refused.value.code) == (422, code)


def test_two_sections_of_one_mid_are_refused() -> None:
    with pytest.raises(RequestError, match="same a=mid"):
        parse_offer(offer(AUDIO.replace("mid:0", "mid:1"), VIDEO))


def test_any_profile_of_h264_may_be_published_but_only_baseline_is_sent() -> None:
    high = offer(VIDEO.replace("VP8", "AV1").replace("42e01f", "640c1f"))
    assert _written(high, Role.PUBLISH) == _without_addresses(high)
    for role in (Role.RETURN, Role.WATCH):
        with pytest.raises(RequestError, match=r"H\.264"):
            parse_offer(high, role)


@pytest.mark.parametrize("kind", ["image", "text", "message"])
def test_a_section_of_another_kind_is_refused(kind: str) -> None:
    with pytest.raises(RequestError, match="one video, one audio") as refused:
        parse_offer(offer(AUDIO.replace("m=audio", f"m={kind}"), VIDEO))
    assert refused.value.status == 422


@pytest.mark.parametrize(("line", "mutated"), [("m=audio", "m<audio"), ("a=mid:0", "a=mid:0 ")])
def test_a_bundle_keeps_only_sections_of_the_offer(line: str, mutated: str) -> None:
    # The first section of a bundle carries the others: aiortc would accept a missing one.
    (group,) = parse_offer(offer(AUDIO, VIDEO).replace(line, mutated)).group
    assert group.items == ["1"]


def test_payload_types_and_feedback_are_few() -> None:
    # aiortc's time grows with codecs times lines: without a limit 40 kB hold up the event loop for seconds.
    many = "".join(f"a=rtpmap:{number} VP8/90000\r\n" for number in range(900))
    for lines in (many, "a=rtpmap:96 VP8/90000\r\n", "a=rtcp-fb:* nack\r\n" * 33):
        with pytest.raises(RequestError, match=r"payload type|rtcp-fb") as refused:
            parse_offer(offer(VIDEO + lines))
        assert (refused.value.status, refused.value.code) == (400, "bad_sdp")
    parse_offer(offer(VIDEO + "a=rtcp-fb:* nack\r\n" * 32))


_NOT_USED = {"host": None, "rtcp_host": None, "rtcp_port": 9}


@pytest.mark.parametrize("name", RECORDED)
def test_aiortc_reads_the_same_from_what_is_written_as_from_what_was_sent(name: str) -> None:
    text = RECORDED[name].decode()
    sent, written = SessionDescription.parse(text), SessionDescription.parse(_without_addresses(text))
    assert written.group == sent.group
    assert [vars(media) | _NOT_USED for media in written.media] == [vars(media) | _NOT_USED for media in sent.media]


def test_a_name_in_place_of_an_address_is_left_out() -> None:
    sdp = offer(VIDEO.replace("c=IN IP4 0.0.0.0", "c=IN IP4 peer.example"))
    assert "peer.example" not in _written(sdp)
