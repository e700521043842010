import base64
import hashlib
import hmac

import pytest
from aioice.candidate import candidate_foundation
from aiortc import RTCIceCandidate
from aiortc.sdp import SessionDescription, candidate_to_sdp
from pydantic import ValidationError

from acutance.server.assembly import session_parts
from acutance.server.options.server import ServeOptions
from acutance.server.rtc.ice import Network, credentials
from acutance.server.rtc.session_description import check_candidate

ANSWER = (
    "v=0\r\nm=video 50000 UDP/TLS/RTP/SAVPF 96\r\n"
    "a=candidate:a1 1 udp 2130706431 192.168.1.5 50000 typ host\r\n"
    "a=candidate:b2 1 udp 2130706431 2001:db8::5 50001 typ host\r\n"
    "a=candidate:c3 1 udp 1694498815 203.0.113.7 50000 typ srflx raddr 192.168.1.5 rport 50000\r\n"
    "a=end-of-candidates\r\n"
)


def test_turn_credentials_are_those_of_coturns_shared_secret() -> None:
    username, password = credentials("north", 1_700_000_000)
    assert username == "1700021600:acutance", "they expire six hours later"
    assert base64.b64decode(password) == hmac.digest(b"north", username.encode(), hashlib.sha1)


def test_nothing_is_contacted_by_default() -> None:
    assert Network().ice_servers() == Network().links() == []
    assert Network().configuration().iceServers == [], "None would be Google's"


def test_fixed_credentials_are_passed_on() -> None:
    network = Network(turn=("turn:t:1",), turn_username="u", turn_password="p")
    assert network.ice_servers() == [{"urls": "turn:t:1", "username": "u", "credential": "p"}]


def _candidates_with(public: str | None, answer: str = ANSWER) -> list[RTCIceCandidate]:
    description = SessionDescription.parse(answer)
    Network(public_ip=public).add_public_address(description)
    return description.media[0].ice_candidates


def test_the_public_address_is_listed_before_each_private_one_with_its_port() -> None:
    candidates = _candidates_with("198.51.100.9")
    assert [each.ip for each in candidates] == ["198.51.100.9", "192.168.1.5", "2001:db8::5", "203.0.113.7"]
    assert [each.port for each in candidates[:2]] == [50000, 50000]
    assert candidates[0].foundation != candidates[1].foundation, "another address"
    assert _candidates_with(None) == candidates[1:]


def test_the_public_address_has_a_foundation_that_other_parsers_take() -> None:
    # aioice's foundations have 32 characters, and more are not allowed (RFC 8839, section 5.1).
    private, *_ = _candidates_with(None)
    longest = ANSWER.replace("candidate:a1 ", f"candidate:{candidate_foundation('host', 'udp', private.ip)} ")
    for candidate in _candidates_with("198.51.100.9", longest):
        check_candidate("a=candidate:" + candidate_to_sdp(candidate))


@pytest.mark.parametrize(
    "options",
    [
        {"stun": ["stun.example.net"]},
        {"stun": ['stun:x>; rel="y"']},
        {"turn": ["turn:t"]},
        {"turn": ["turn:t?transport=tls"], "turn_secret": "x"},
        {"turn": ["turn:t"], "turn_username": 'a"b', "turn_password": "c"},
        {"public_ip": "example.net"},
        {"public_ip": "2001:db8::1"},
        {"udp_ports": "80-90"},
        {"udp_ports": "50100-50000"},
        {"udp_ports": "50000-70000"},
        {"redirect": "elsewhere"},
        {"forward_whip": "ftp://x"},
        {"forward_whip": "http://["},
        {"forward_whip": "http:///whip"},
        {"forward_token": "x"},
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ServeOptions.model_validate(options)


def test_options_become_a_network() -> None:
    options = ServeOptions(
        stun=["stun:s:3478"],
        turn=["turns:[2001:db8::1]:5349?transport=tcp"],
        turn_secret="x",
        public_ip="198.51.100.9",
        udp_ports="50000-50199",
    )
    network = session_parts.network(options)
    assert (network.udp_ports, network.public_ip) == ((50000, 50199), "198.51.100.9")
    assert [server["urls"] for server in network.ice_servers()] == [*options.stun, *options.turn]
