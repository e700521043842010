"""The real application over real HTTP: each response is documented and fast, and leaves nothing behind."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import mutation, seeds
from tests.fuzz.corpus import inputs
from tests.fuzz.doors import FaultError
from tests.fuzz.effort import share
from tests.fuzz.http.contract import CheckedClient, check, session_url
from tests.fuzz.http.http_connection import Headers, HttpConnection, NoAnswerError
from tests.fuzz.identity import SECRET, Identity
from tests.fuzz.served import ORIGIN, Served
from tests.fuzz.tally import LONGEST_S, note_memory
from tests.offers import VIDEO, offer

_JSON = (b"Content-Type", b"application/json")
_SDP = (b"Content-Type", b"application/sdp")
_FRAGMENT = (b"Content-Type", b"application/trickle-ice-sdpfrag")
_PUBLISHED = offer(VIDEO.replace("sendrecv", "sendonly")).encode()
_TARGETS = [
    b"/", b"/offer", b"/whip", b"/whip/live", b"/whep", b"/whep/live?variant=original", b"/session/none", b"/streams",
    b"/ice-servers", b"/health", b"/ready", b"/metrics", b"/openapi.json", b"/static/main.js", b"/static/%2e%2e/x",
]  # fmt: skip
_METHODS = [b"GET", b"HEAD", b"POST", b"PATCH", b"DELETE", b"OPTIONS", b"PUT", b"TRACE", b"BREW"]
_VALUES = {
    b"Content-Type": [b"application/sdp", b"application/json; charset=utf-7", b"multipart/form-data; boundary=a", b";"],
    b"If-Match": [b'"0123456789abcdef"', b"*", b'W/"a", "b"', b'"'],
    b"ETag": [b"*"],
    b"Authorization": [b"Bearer " + SECRET.encode(), b"Bearer a.b.c", b"Basic Og==", b"Bearer"],
    b"Accept": [b"application/json", b"*/*;q=x", b","],
    b"Origin": [ORIGIN.encode(), b"null", b"http://localhost", b"http://["],
    b"Host": [b"localhost", b"[::1]:80", b"page.example", b"127.0.0.1:99999", b"[::1", b""],
    b"Access-Control-Request-Method": [b"POST", b"\xff"],
    b"Content-Encoding": [b"gzip", b"deflate", b"br", b"zstd", b"identity", b"gzip, gzip"],
    b"Range": [b"bytes=0-1", b"bytes=-5", b"bytes=9999999999999999999-", b"bytes=5-1", b"lines=1"],
    b"If-Modified-Since": [b"Thu, 01 Jan 1970 00:00:00 GMT", b"Thu, 01 Jan 99999 00:00:00 GMT", b"0"],
    b"If-Unmodified-Since": [b"Thu, 01 Jan 1970 00:00:00 GMT", b"\xff"],
    b"If-Range": [b'"a"', b"Thu, 01 Jan 1970 00:00:00 +9999"],
    b"If-None-Match": [b"*", b'"a", W/"b"', b'"'],
    b"Accept-Encoding": [b"gzip", b"br;q=0", b"\xff"],
    b"X-Forwarded-For": [b"1.2.3.4", b"::1, x,,"],
    b"Expect": [b"100-continue", b"a miracle"],
    b"Cookie": [b"a=b; =;;\xff", b"$Version=1"],
    b"Upgrade": [b"websocket", b"h2c"],
    b"Connection": [b"close", b"upgrade", b"keep-alive, x"],
}


@st.composite
def _headers(draw: st.DrawFn) -> Headers:
    names = draw(st.lists(st.sampled_from(list(_VALUES)), max_size=5))
    values = [draw(st.sampled_from(_VALUES[name]) | mutation.mutated(_VALUES[name])) for name in names]
    # Without line breaks, which would add headers: the test of framing does that.
    clean = [value.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")[:4000] for value in values]
    return tuple(zip(names, clean, strict=True))


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[CheckedClient]:
    client = CheckedClient(HttpConnection(server.port))
    yield client
    client.connection.close()


@pytest.fixture(scope="module")
def closed(server: Served) -> Iterator[CheckedClient]:
    """Sends requests to the application that needs a token."""
    client = CheckedClient(HttpConnection(server.closed_port))
    yield client
    client.connection.close()


@pytest.fixture(autouse=True)
def _nothing_stays(server: Served) -> Iterator[None]:
    before = server.quiet()
    yield
    # One task and one file for each connection that the test keeps open.
    most = before.tasks + 2
    after = server.quiet(most)
    note_memory(after.rss)
    assert after.faults == before.faults, "the server has logged an error"
    assert after.lag <= LONGEST_S, f"the event loop was held up for {after.lag:.1f} s"
    assert (after.sessions, after.peers) == (0, 0)
    assert after.tasks <= most, f"{after.tasks} tasks stay where {before.tasks} were"
    assert after.files <= before.files + 2, f"{after.files} files stay open where {before.files} were"


def test_the_corpus_of_requests(client: CheckedClient) -> None:
    for name, request in inputs("request").items():
        try:
            answer = client.connection.send(
                "framing", request.replace(b"{port}", b"%d" % client.connection.port), ends=True
            )
            check(answer, request.split(b" ")[0])
            client.end(answer)
        except NoAnswerError:
            assert name.startswith("half"), name
        except FaultError as error:
            raise FaultError(f"{name}: {error}") from error


@pytest.mark.parametrize("path", [b"/whip/corpus", b"/whep/corpus", b"/offer"])
def test_the_corpus_of_session_descriptions(client: CheckedClient, path: bytes) -> None:
    for sdp in inputs("description").values():
        if path == b"/offer":
            body = json.dumps({"sdp": sdp.decode("utf-8", "surrogatepass"), "type": "offer"}).encode()
            client.request("POST /offer", b"POST", path, [_JSON], body)
        else:
            client.request("POST " + path[:5].decode(), b"POST", path, [_SDP], sdp)


@share(0.06)
@given(mutation.mutated(seeds.DESCRIPTIONS))
def test_offers_with_a_mutated_description(client: CheckedClient, sdp: bytes) -> None:
    text = sdp.decode("utf-8", "replace") if b"\xed" not in sdp else sdp.decode("latin-1")
    client.request("POST /offer", b"POST", b"/offer", [_JSON], json.dumps({"sdp": text, "type": "offer"}).encode())


@share(0.05)
@given(mutation.mutated(seeds.OFFERS))
def test_offers_with_mutated_json(client: CheckedClient, body: bytes) -> None:
    client.request("POST /offer", b"POST", b"/offer", [_JSON], body)


@share(0.05)
@given(mutation.mutated(seeds.DESCRIPTIONS), st.sampled_from([b"/whip", b"/whip/a", b"/whip/%ff", b"/whip/a%0a"]))
def test_publishing_with_mutated_descriptions(client: CheckedClient, sdp: bytes, target: bytes) -> None:
    client.request("POST /whip", b"POST", target, [_SDP], sdp)


@share(0.04)
@given(mutation.mutated([sdp.replace(b"sendrecv", b"recvonly") for sdp in seeds.DESCRIPTIONS]))
def test_watching_with_mutated_descriptions(client: CheckedClient, sdp: bytes) -> None:
    client.request("POST /whep", b"POST", b"/whep/none", [_SDP], sdp)


@share(0.015)
@given(data=st.data())
def test_watching_a_live_stream(client: CheckedClient, data: st.DataObject) -> None:
    published = client.connection.request("POST /whip", b"POST", b"/whip/watched", [_SDP], _PUBLISHED)
    assert published.status == 201, published.body
    players = [sdp.replace(b"sendrecv", b"recvonly").replace(b"sendonly", b"recvonly") for sdp in seeds.DESCRIPTIONS]
    variant = data.draw(st.sampled_from([b"", b"?variant=original", b"?variant=%ff", b"?variant=" + b"a" * 3000]))
    try:
        for sdp in data.draw(st.lists(mutation.mutated(players), max_size=4)):
            client.request("POST /whep", b"POST", b"/whep/watched" + variant, [_SDP], sdp)
    finally:
        client.end(published)


@share(0.012)
@given(data=st.data())
def test_fragments_for_a_session(client: CheckedClient, data: st.DataObject) -> None:
    begun = client.connection.request("POST /whip", b"POST", b"/whip/patched", [_SDP], _PUBLISHED)
    url = (session_url(begun) or "").encode()
    tags = [begun.headers["etag"].encode(), b"*", *inputs("if-match").values()]
    fragments, bodies = list(inputs("fragment").values()), list(inputs("candidates").values())
    try:
        for _ in range(data.draw(st.integers(1, 8))):
            tag = data.draw(st.sampled_from(tags))
            client.request(
                "PATCH", b"PATCH", url, [_FRAGMENT, (b"If-Match", tag)], data.draw(mutation.mutated(fragments))
            )
            client.request("PATCH", b"PATCH", url, [_JSON], data.draw(mutation.mutated(bodies)))
    finally:
        client.end(begun)


@share(0.08)
@given(st.sampled_from(_METHODS), st.sampled_from(_TARGETS), _headers(), st.sampled_from([b"", b"v=0\r\n", _PUBLISHED]))
def test_headers(client: CheckedClient, method: bytes, target: bytes, headers: Headers, body: bytes) -> None:
    client.request("headers", method, target, headers, body)


@share(0.03)
@given(st.sampled_from(_METHODS[:6]), mutation.mutated(_TARGETS))
def test_targets(client: CheckedClient, method: bytes, target: bytes) -> None:
    clean = bytes(byte for byte in target[:4000] if byte > 32)
    client.request("targets", method, b"/" + clean, [_SDP], b"v=0")


@share(0.03)
@given(data=st.data())
def test_bearers(closed: CheckedClient, identity: Identity, data: st.DataObject) -> None:
    known = [b"Bearer " + SECRET.encode(), b"Bearer " + identity.token().encode(), *inputs("authorization").values()]
    value = data.draw(mutation.mutated(known))
    if not set(b"\r\n\0") & set(value):
        answer = closed.request("bearer", b"GET", b"/streams", [(b"Authorization", value)])
        assert answer.status != 200 or value.strip() in known[:2] or b"." in value or SECRET.encode() in value


@share(0.04)
@given(mutation.mutated(list(inputs("request").values())))
def test_framing(server: Served, request_: bytes) -> None:
    connection = HttpConnection(server.port)
    request_ = request_.replace(b"{port}", b"%d" % server.port)
    try:
        answer = connection.send("framing", request_, request_.partition(b" ")[0], ends=True)
    except NoAnswerError:
        return  # half of a request, after which the client closed
    finally:
        connection.close()
    check(answer, request_.partition(b" ")[0])
    client = CheckedClient(HttpConnection(server.port))
    client.end(answer)
    client.connection.close()
