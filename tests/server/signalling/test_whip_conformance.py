"""The running server against RFC 9725; numbers in test names are its sections."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiortc.sdp import SessionDescription

from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.ice import Network
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.offers import AUDIO, CANDIDATE, DATA, VIDEO, offer
from tests.server.recorded import PUBLISHERS, RECORDED

Client = TestClient  # type: ignore[type-arg]
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}
SENDONLY = offer(VIDEO.replace("sendrecv", "sendonly"))
# The credentials of tests/offers.py.
TRICKLED = (
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
    + CANDIDATE
)


@pytest.fixture
async def serve(ladder: Ladder) -> AsyncIterator[Callable[..., object]]:
    started: list[Client] = []

    async def start(network: Network | None = None, sessions: int = 100, redirect: str | None = None) -> Client:
        limits = Limits(handshake_timeout=30.0)
        host = Host(
            ladder, limits, AdmissionLimits(max_sessions=sessions, check_load=False, redirect=redirect), network=network
        )
        client = TestClient(TestServer(create_app(host)))
        await client.start_server()
        started.append(client)
        return client

    yield start
    for client in started:
        await client.close()


@pytest.fixture
async def client(serve: Callable[..., object]) -> Client:
    return await serve()  # type: ignore[misc]


@pytest.fixture
async def session(client: Client) -> str:
    response = await client.post("/whip/stage", data=SENDONLY, headers=SDP)
    assert response.status == 201
    return response.headers["Location"]


@pytest.mark.parametrize("name", PUBLISHERS)
async def test_4_2_every_known_encoders_offer_is_answered(client: Client, name: str) -> None:
    response = await client.post("/whip/stage", data=RECORDED[name], headers=SDP)
    answer = await response.text()
    assert response.status == 201, answer
    assert response.content_type == "application/sdp"
    assert answer.startswith("v=0\r\n")
    assert len(answer) < 8192, "FFmpeg reads no more"
    offered, answered = SessionDescription.parse(RECORDED[name].decode()), SessionDescription.parse(answer)
    assert [(media.kind, media.rtp.muxId) for media in answered.media] == [
        (media.kind, media.rtp.muxId) for media in offered.media
    ]
    for media in answered.media:
        assert media.direction == "recvonly"
        assert media.rtcp_mux
        assert media.port, "no section is rejected: the whole offer, or nothing"
    (bundle,) = answered.group
    assert bundle.items == [media.rtp.muxId for media in answered.media]
    first = answered.media[0]
    assert first.ice_candidates, "all of them are in the answer"
    assert first.ice_candidates_complete
    assert first.ice_candidates[0].type == "host", "FFmpeg takes the first host candidate"
    passive = offered.media[0].dtls
    assert passive is not None
    assert first.dtls is not None
    assert first.dtls.role == {"server": "client", "auto": "client"}[passive.role]


async def test_h264_high_is_answered_with_its_own_profile(client: Client) -> None:
    response = await client.post("/whip/stage", data=RECORDED["ffmpeg-high"], headers=SDP)
    assert response.status == 201
    assert "profile-level-id=64000d" in await response.text()


async def test_4_2_each_session_has_its_own_url_and_entity_tag(client: Client) -> None:
    seen = set()
    for number in range(3):
        response = await client.post(f"/whip/s{number}?token=x", data=SENDONLY, headers=SDP)
        location, tag = response.headers["Location"], response.headers["ETag"]
        assert re.fullmatch(r"/session/[\w-]{22,}", location), "an absolute path without query, 128 bits or more"
        assert re.fullmatch(r'"[0-9a-f]{8,}"', tag), "strong and quoted"
        seen |= {location, tag}
    assert len(seen) == 6


async def test_the_path_without_a_name_publishes_a_stream(client: Client) -> None:
    assert (await client.post("/whip", data=SENDONLY, headers=SDP)).status == 201
    listed = (await (await client.get("/streams")).json())["streams"]
    assert [stream["name"] for stream in listed] == ["live"]


async def test_parameters_of_the_content_type_do_no_harm(client: Client) -> None:
    headers = {"Content-Type": "application/sdp; charset=utf-8"}
    assert (await client.post("/whip/stage", data=SENDONLY, headers=headers)).status == 201


REFUSED = {
    "wrong content type": (SENDONLY, "text/plain", 415),
    "JSON": ('{"sdp": "v=0"}', "application/json", 415),
    "hello": ("hello", "application/sdp", 400),
    "empty": ("", "application/sdp", 400),
    "not UTF-8": (b"v=0\r\n\xff\xfe", "application/sdp", 400),
    "1 MB": ("v=0\r\n" + "a" * 1_000_000, "application/sdp", 413),
    "thousands of lines": ("v=0\r\n" + "a=x\r\n" * 5000, "application/sdp", 400),
    "receives only": (offer(VIDEO.replace("sendrecv", "recvonly")), "application/sdp", 422),
    "inactive": (offer(VIDEO.replace("sendrecv", "inactive")), "application/sdp", 422),
    "two videos": (offer(VIDEO, VIDEO.replace("mid:1", "mid:2")), "application/sdp", 422),
    "two audio sections": (offer(AUDIO, AUDIO.replace("mid:0", "mid:2"), VIDEO), "application/sdp", 422),
    "data channel only": (offer(DATA), "application/sdp", 422),
    "data channel too": (offer(VIDEO, DATA), "application/sdp", 422),
    "audio only": (offer(AUDIO), "application/sdp", 422),
    "no fingerprint": (SENDONLY.replace("a=fingerprint", "a=x"), "application/sdp", 400),
    "AV1 only": (SENDONLY.replace("VP8", "AV1").replace("H264", "AV1X"), "application/sdp", 422),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_4_2_a_faulty_offer_gets_a_4xx_that_says_why_and_takes_no_stream(client: Client, name: str) -> None:
    body, kind, status = REFUSED[name]
    response = await client.post("/whip/stage", data=body, headers={"Content-Type": kind})
    error = await response.json()
    assert response.status == status, error
    assert set(error) == {"error", "message"}
    assert len(error["message"]) > 20
    assert (await (await client.get("/streams")).json()) == {"streams": []}


async def test_end_of_candidates_without_candidates_is_accepted(client: Client) -> None:
    assert (await client.post("/whip/a", data=SENDONLY + "a=end-of-candidates\r\n", headers=SDP)).status == 201


async def test_a_stream_has_one_publisher(client: Client, session: str) -> None:
    response = await client.post("/whip/stage", data=SENDONLY, headers=SDP)
    assert (response.status, (await response.json())["error"]) == (409, "taken")
    assert (await client.delete(session)).status == 200
    assert (await client.post("/whip/stage", data=SENDONLY, headers=SDP)).status == 201


@pytest.mark.parametrize("name", ["a%20b", "a%00b", "x" * 65, "%C3%A4"])
async def test_a_streams_name_is_plain(client: Client, name: str) -> None:
    assert (await client.post(f"/whip/{name}", data=SENDONLY, headers=SDP)).status == 400


@pytest.mark.parametrize("path", ["/whip", "/whip/stage"])
async def test_4_1_get_and_head_have_no_content_and_options_say_what_is_posted(client: Client, path: str) -> None:
    for method in ("GET", "HEAD"):
        response = await client.request(method, path)
        assert (response.status, await response.read()) == (204, b"")
    response = await client.options(path)
    assert response.status in (200, 204)
    assert response.headers["Accept-Post"] == "application/sdp"
    response = await client.put(path)
    assert response.status == 405
    assert "POST" in response.headers["Allow"]


async def test_4_5_full_is_503_with_retry_after_or_307_elsewhere(serve: Callable[..., object]) -> None:
    full: Client = await serve(sessions=1)  # type: ignore[misc]
    assert (await full.post("/whip/a", data=SENDONLY, headers=SDP)).status == 201
    response = await full.post("/whip/b", data=SENDONLY, headers=SDP)
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0

    other: Client = await serve()  # type: ignore[misc]
    sending: Client = await serve(sessions=1, redirect=str(other.make_url("/")))  # type: ignore[misc]
    assert (await sending.post("/whip/a", data=SENDONLY, headers=SDP)).status == 201
    response = await sending.post("/whip/b?x=1", data=SENDONLY, headers=SDP, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (307, str(other.make_url("/whip/b?x=1")))
    assert (await sending.post("/whip/b", data=SENDONLY, headers=SDP)).status == 201, "followed with its body"
    # Browsers would follow without their token.
    page = {"Origin": str(sending.make_url("/").origin())}
    response = await sending.post("/whip/b", data=SENDONLY, headers=SDP | page, allow_redirects=False)
    assert (response.status, "Retry-After" in response.headers) == (503, True)


async def test_4_2_the_session_url_ends_it_once(client: Client, session: str) -> None:
    response = await client.get(session)
    assert (response.status, await response.read()) == (204, b"")
    assert (await client.delete(session)).status == 200
    assert (await client.delete(session)).status == 404
    assert (await client.get(session)).status == 404
    assert (await client.patch(session, data=TRICKLED, headers=FRAGMENT)).status == 404
    health = await (await client.get("/health")).json()
    assert health["sessions"] == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": "*"}, 204),
        ({"If-Match": '"*"'}, 204),
        ({"If-Match": "right"}, 204),
        ({"If-Match": '"other", right'}, 204),
        ({"ETag": "right"}, 204),
        ({}, 428),
        ({"If-Match": '"wrong"'}, 412),
        ({"ETag": '"wrong"'}, 412),
    ],
)
async def test_4_3_1_conditional_requests(client: Client, headers: dict[str, str], status: int) -> None:
    created = await client.post("/whip/stage", data=SENDONLY, headers=SDP)
    tag = created.headers["ETag"]
    conditions = {name: value.replace("right", tag) for name, value in headers.items()}
    kind = {"Content-Type": "application/trickle-ice-sdpfrag"}
    response = await client.patch(created.headers["Location"], data=TRICKLED, headers=kind | conditions)
    assert response.status == status, await response.text()
    if status == 204:
        assert await response.read() == b""
        assert "ETag" not in response.headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (TRICKLED.replace("\r\n", "\n"), 204),
        (TRICKLED + "a=end-of-candidates\r\n", 204),
        (TRICKLED.replace("a=mid:1", "a=mid:0"), 204),  # mediamtx's page counts sections
        (TRICKLED.replace("a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n", ""), 204),
        (TRICKLED.replace("1 udp", "1 tcp").replace("typ host", "typ host tcptype active"), 204),
        (TRICKLED.replace("127.0.0.1", "b1a7c2.local"), 204),
        ("a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=end-of-candidates\r\n", 204),
        (TRICKLED.replace("EsAw", "Else"), 422),
        (TRICKLED.replace("P2uY", "Else"), 422),
        ("a=candidate:junk\r\n", 400),
        (TRICKLED + CANDIDATE * 65, 400),
        ("hello\r\n", 400),
        ("", 400),
        ("a=x\r\n" * 9000, 413),
    ],
)
async def test_4_3_2_and_4_3_3_a_fragment_is_taken_and_a_restart_refused_with_the_session_kept(
    client: Client, session: str, body: str, status: int
) -> None:
    response = await client.patch(session, data=body, headers=FRAGMENT)
    assert response.status == status, await response.text()
    assert (await client.get(session)).status == 204, "the session goes on in any case"


async def test_4_3_a_patch_of_another_type_is_refused(client: Client, session: str) -> None:
    response = await client.patch(session, data=SENDONLY, headers=SDP)
    assert response.status == 415


async def test_a_session_takes_a_bounded_number_of_candidates(client: Client, session: str) -> None:
    forty = TRICKLED + "".join(CANDIDATE.replace(" 9 ", f" {port} ") for port in range(1000, 1039))
    assert (await client.patch(session, data=forty, headers=FRAGMENT)).status == 204
    assert (await client.patch(session, data=forty, headers=FRAGMENT)).status == 400


async def test_an_unknown_session_is_not_found(client: Client) -> None:
    for method in ("GET", "DELETE", "PATCH"):
        response = await client.request(method, "/session/guessed")
        assert (response.status, (await response.json())["error"]) == (404, "not_found")
    response = await client.put("/session/guessed")
    assert response.status == 405
    assert "PATCH" in response.headers["Allow"]


ICE = Network(("stun:stun.invalid:3478",), ("turn:turn.invalid:3478?transport=udp", "turns:turn.invalid"), "secret")


def as_obs(headers: list[str]) -> list[tuple[str, str, str]]:
    """Parse Link headers like OBS: split at commas, then at semicolons, values between quotes."""
    servers = []
    for header in headers:
        for part in header.split(","):
            url, *attributes = part.split(";")
            if not url.startswith(("<stun:", "<turn:")):
                continue
            values = {a.strip().split("=")[0]: a[a.find('"') + 1 : a.rfind('"')] for a in attributes}
            servers.append((url[1 : url.index(">")], values.get("username", ""), values.get("credential", "")))
    return servers


_MEDIAMTX = re.compile(
    r'^<(.+?)>; rel="ice-server"(; username="(.*?)"; credential="(.*?)"; credential-type="password")?'
)


async def test_4_6_each_ice_server_has_a_link_header(serve: Callable[..., object]) -> None:
    client: Client = await serve(ICE)  # type: ignore[misc]
    begun = asyncio.get_running_loop().time()
    created = await client.post("/whip/stage", data=SENDONLY, headers=SDP)
    assert created.status == 201
    assert asyncio.get_running_loop().time() - begun < 4, "encoders wait 5 s; these servers never answer"
    links = created.headers.getall("Link")
    assert len(links) == 3
    obs = as_obs(links)
    assert [url for url, _, _ in obs] == ["stun:stun.invalid:3478", "turn:turn.invalid:3478?transport=udp"]
    assert re.fullmatch(r"\d+:acutance", obs[1][1])
    mediamtx = [match for link in links if (match := _MEDIAMTX.match(link))]
    assert [match[1] for match in mediamtx] == [*ICE.stun, *ICE.turn]
    assert mediamtx[1][4] == obs[1][2] != ""
    options = await client.options("/whip/stage")
    assert len(options.headers.getall("Link")) == 3
    preflight = await client.options("/whip/stage", headers={"Access-Control-Request-Method": "POST"})
    assert "Link" not in preflight.headers, "credentials are not for a request without a token"


async def test_without_ice_servers_there_is_no_link_header_and_no_stun_request(client: Client) -> None:
    created = await client.post("/whip/stage", data=SENDONLY, headers=SDP)
    assert "Link" not in created.headers
    assert "srflx" not in await created.text()
    assert (await (await client.get("/ice-servers")).json()) == {"iceServers": []}


async def test_offers_session_has_a_url_too_and_takes_candidates_as_json(client: Client) -> None:
    body = {"offer": {"sdp": offer(VIDEO), "type": "offer"}, "room_id": "other servers' field"}
    created = await (await client.post("/offer", json=body)).json()
    url = created["url"]
    assert created["session"] not in url, "what is shown and logged opens nothing"
    candidate = {"candidate": CANDIDATE.strip().removeprefix("a="), "sdpMid": "1", "sdpMLineIndex": 0}
    end = {"candidate": "", "sdpMid": "1", "sdpMLineIndex": 0}
    assert (await client.patch(url, json={"candidates": [candidate, end]})).status == 204
    for wrong in ({}, {"candidates": 7}, {"candidates": ["x"]}, {"candidates": [{"candidate": "junk"}]}):
        assert (await client.patch(url, json=wrong)).status == 400, wrong
    assert (await client.delete(url)).status == 200
    assert (await client.delete(url)).status == 404


async def test_behind_a_nat_the_public_address_is_first_and_ports_are_in_the_range(
    serve: Callable[..., object],
) -> None:
    client: Client = await serve(Network(public_ip="198.51.100.9", udp_ports=(41000, 41199)))  # type: ignore[misc]
    created = await client.post("/whip/stage", data=SENDONLY, headers=SDP)
    answered = SessionDescription.parse(await created.text())
    candidates = answered.media[0].ice_candidates
    assert (candidates[0].ip, candidates[0].type) == ("198.51.100.9", "host"), "FFmpeg takes this one and no other"
    assert all(41000 <= candidate.port <= 41199 for candidate in candidates)
    assert len({candidate.ip for candidate in candidates}) > 1, "the private ones are there for peers nearby"
