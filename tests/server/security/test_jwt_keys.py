"""JSON Web Tokens with real signatures, key sets from a real server."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from acutance.server.security.jwt_keys import JwtVerifier, KeysError
from acutance.server.security.tokens import Caller

KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _key_set(*kids: str) -> dict[str, Any]:
    keys = [dict(ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), kid=kid, alg="ES256") for kid in kids]
    return {"keys": [*keys, dict(RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), kid="rsa", alg="RS256")]}


class Provider:
    """An identity provider: discovery and keys."""

    def __init__(self) -> None:
        self.kids = ["one"]
        self.asked = 0
        self.discovery: dict[str, str] | None = None
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/keys", self._keys)
        self.server = TestServer(app)

    @property
    def issuer(self) -> str:
        return str(self.server.make_url("/")).rstrip("/")

    async def _discovery(self, request: web.Request) -> web.Response:
        known = {"jwks_uri": f"{self.issuer}/keys"}
        return web.json_response(known if self.discovery is None else self.discovery)

    async def _keys(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        body = json.dumps(_key_set(*self.kids)).encode()
        # In two parts, as a real network delivers it.
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await response.prepare(request)
        for part in (body[: len(body) // 2], body[len(body) // 2 :]):
            await response.write(part)
            await asyncio.sleep(0.02)
        return response


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    async with provider.server:
        yield provider


def _token(issuer: str, kid: str = "one", key: Any = KEY, algorithm: str = "ES256", **changed: Any) -> str:
    claims = {"iss": issuer, "aud": "acutance", "sub": "anna", "exp": time.time() + 600} | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid})


def _signed_by_hand(token: str, secret: bytes) -> str:
    """Sign the claims of a token with an HMAC; PyJWT refuses to do so with a public key."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "one"}).encode()).rstrip(b"=")
    signed = header + b"." + token.split(".")[1].encode()
    digest = base64.urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")
    return (signed + b"." + digest).decode()


async def test_a_valid_token_has_its_subject_as_the_caller(provider: Provider) -> None:
    for keys in (None, f"{provider.issuer}/keys"):
        verifier = JwtVerifier(provider.issuer, "acutance", keys)
        assert await verifier.caller(_token(provider.issuer)) == Caller("anna")
        assert await verifier.caller(_token(provider.issuer, "rsa", RSA, "RS256")) == Caller("anna")
    assert provider.asked == 2, "one request for each verifier"


async def test_every_other_token_is_refused(provider: Provider) -> None:
    verifier = JwtVerifier(provider.issuer, "acutance", None)
    public = json.dumps(_key_set("one")["keys"][0])
    refused = {
        "someone else's signature": _token(provider.issuer, key=STRANGER),
        "expired": _token(provider.issuer, exp=time.time() - 120),
        "no end": _token(provider.issuer, exp=None),
        "no subject": _token(provider.issuer, sub=None),
        "for somebody else": _token(provider.issuer, aud="another"),
        "of somebody else": _token("https://example.org"),
        "without a signature": _token(provider.issuer, key=None, algorithm="none"),
        "signed with the public key as a secret": _signed_by_hand(_token(provider.issuer), public.encode()),
        "no token": "a.b.c",
    }
    for why, token in refused.items():
        assert await verifier.caller(token) is None, why


async def test_a_new_key_is_found_and_unknown_keys_do_not_cause_a_request_each(provider: Provider) -> None:
    now = 0.0
    verifier = JwtVerifier(provider.issuer, "acutance", None, lambda: now)
    assert await verifier.caller(_token(provider.issuer)) is not None
    for _ in range(5):
        assert await verifier.caller(_token(provider.issuer, "two")) is None
    assert provider.asked == 1
    provider.kids.append("two")
    now = 61.0
    assert await verifier.caller(_token(provider.issuer, "two")) == Caller("anna")
    assert provider.asked == 2


async def test_keys_may_be_in_a_file_and_a_missing_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    verifier = JwtVerifier("https://example.org", "acutance", str(file))
    with pytest.raises(KeysError, match="are not available"):
        await verifier.caller(_token("https://example.org"))
    file.write_text(json.dumps(_key_set("one")))
    verifier = JwtVerifier("https://example.org", "acutance", str(file))
    assert await verifier.caller(_token("https://example.org")) == Caller("anna")


async def test_a_failed_request_for_keys_is_not_repeated_for_each_client(provider: Provider) -> None:
    now = 0.0
    verifier = JwtVerifier(provider.issuer, "acutance", f"{provider.issuer}/keys", lambda: now)
    provider.kids = ["one"] * 5000  # beyond the limit of bytes
    for _ in range(3):
        with pytest.raises(KeysError, match="are not available"):
            await verifier.caller(_token(provider.issuer))
    assert provider.asked == 1
    provider.kids, now = ["one"], 6.0
    assert await verifier.caller(_token(provider.issuer)) == Caller("anna")


async def test_a_discovery_document_without_a_key_set_is_an_error(provider: Provider) -> None:
    verifier = JwtVerifier(provider.issuer, "acutance", None)
    provider.discovery = {}
    with pytest.raises(KeysError, match="jwks_uri"):
        await verifier.caller(_token(provider.issuer))


@pytest.mark.parametrize("uri", ["http://[", "file:///etc/passwd", "keys", "http://127.0.0.1:1/keys"])
async def test_a_key_set_that_cannot_be_requested_is_an_error(provider: Provider, uri: str) -> None:
    verifier = JwtVerifier(provider.issuer, "acutance", None)
    provider.discovery = {"jwks_uri": uri}
    with pytest.raises(KeysError, match="are not available"):
        await verifier.caller(_token(provider.issuer))


@pytest.mark.parametrize("document", [b"[" * 200_000, b'{"keys": 1}', b"[]", b"\xff\xfe", b""], ids=range(5))
async def test_a_document_that_is_not_a_key_set_is_an_error(tmp_path: Path, document: bytes) -> None:
    (tmp_path / "keys.json").write_bytes(document)
    verifier = JwtVerifier("https://example.org", "acutance", str(tmp_path / "keys.json"))
    with pytest.raises(KeysError, match="are not available"):
        await verifier.caller(_token("https://example.org"))
