"""Answers of other servers are read completely, up to a limit; credentials are sent to their origin only."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from acutance.server.security.bounded_fetch import FetchError, fetch
from acutance.server.security.credentials import Credentials
from acutance.server.security.urls import web_url, without_secrets

PARTS = [b"a" * 1400, b"b" * 2621]


@pytest.fixture
async def url() -> AsyncIterator[URL]:
    async def in_parts(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"X-Cookie": request.headers.get("Cookie", "none")})
        await response.prepare(request)
        for part in PARTS:
            await response.write(part)
            await asyncio.sleep(0.05)
        return response

    app = web.Application()
    app.router.add_get("/", in_parts)
    async with TestServer(app) as server:
        yield server.make_url("/")


async def test_a_response_in_several_parts_is_read_completely(url: URL) -> None:
    answer = await fetch("GET", url, largest=4021, seconds=10)
    assert answer.status == 200
    assert answer.body == b"".join(PARTS)


async def test_one_byte_more_than_the_limit_is_an_error(url: URL) -> None:
    with pytest.raises(FetchError, match="longer than 4020 bytes"):
        await fetch("GET", url, largest=4020, seconds=10)


async def test_a_header_that_cannot_be_sent_is_an_error(url: URL) -> None:
    with pytest.raises(FetchError, match="no answer from"):
        await fetch("GET", url, largest=1, seconds=10, headers={"Authorization": "Bearer a\r\nb"})


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://ingest.example/session/1", True),
        ("https://INGEST.example:443/other", True),
        ("http://ingest.example/whip", False),
        ("http://ingest.example:443/whip", False),
        ("https://ingest.example:8443/whip", False),
        ("https://ingest.example.evil.example/whip", False),
        ("https://sub.ingest.example/whip", False),
    ],
)
def test_a_token_is_for_one_origin(url: str, sent: bool) -> None:
    credentials = Credentials.for_endpoint(URL("https://ingest.example/whip"), "secret")
    assert credentials.headers(URL(url)) == ({"Authorization": "Bearer secret"} if sent else {})


def test_user_and_password_of_an_address_are_sent_to_its_origin_without_a_token() -> None:
    endpoint = URL("https://user:pass@ingest.example/whip")
    assert Credentials.for_endpoint(endpoint, None).headers(endpoint) == {"Authorization": "Basic dXNlcjpwYXNz"}
    assert Credentials.for_endpoint(endpoint, "secret").headers(endpoint) == {"Authorization": "Bearer secret"}
    assert Credentials.for_endpoint(URL("https://ingest.example"), None).headers(endpoint) == {}


def test_a_url_is_shown_without_its_secrets() -> None:
    url = URL("https://user:pass@ingest.example/whip?key=1#part")
    assert str(without_secrets(url)) == "https://ingest.example/whip"
    assert str(without_secrets(url, query=True)) == "https://ingest.example/whip?key=1"


@pytest.mark.parametrize("text", ["http://[", "http://a:99999", "mailto:a", "ftp://a", "whip", "//", ""])
def test_an_invalid_web_url_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        web_url(text)
