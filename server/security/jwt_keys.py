"""JSON Web Tokens of an identity provider: signature, issuer, audience and expiry (RFC 7519, RFC 8725)."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import jwt
from yarl import URL

from acutance.server.security.bounded_fetch import FetchError, fetch
from acutance.server.security.tokens import Caller
from acutance.server.security.urls import web_url, without_secrets

# Asymmetric algorithms only: with HMAC the public key could be used as the secret (RFC 8725, section 2.1).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_DISCOVERY = "/.well-known/openid-configuration"
_LIFETIME_S = 3600.0
# Not every token with an unknown key may cause a request to the provider.
_ASK_AGAIN_S = 60.0
_TIMEOUT_S = 5.0
# While the provider does not respond, not every client may wait for its timeout.
_ASK_AFTER_FAILURE_S = 5.0
_LARGEST_DOCUMENT = 256 * 1024
_LEEWAY_S = 30


class KeysError(RuntimeError):
    """The key set is not available; the message says why."""


class JwtVerifier:
    """Checks tokens of one issuer for one audience.

    The key set is a file or a URL; without either, the issuer's OpenID Connect Discovery 1.0 (section 4) gives the URL.
    It is read when a key is needed, at most once a minute (every 5 s after a failure). Keys are kept for an hour.
    """

    def __init__(self, issuer: str, audience: str, keys: str | None, clock: Callable[[], float] = monotonic):
        """Configure it; nothing is read yet.

        Args:
            issuer: the ``iss`` claim that tokens must have.
            audience: a value that their ``aud`` claim must contain.
            keys: path or URL of a JSON Web Key Set (RFC 7517); None for the issuer's discovery.
            clock: monotonic time in seconds.
        """
        self.issuer = issuer
        self._audience = audience
        self._keys = keys
        self._clock = clock
        self._set: dict[str | None, jwt.PyJWK] = {}
        self._asked_at = -_LIFETIME_S
        self._failed_at = -_ASK_AFTER_FAILURE_S
        self._failure = ""
        self._asking = asyncio.Lock()

    async def caller(self, token: str) -> Caller | None:
        """Return the token's subject as the caller; None if the token is not valid.

        Raises:
            KeysError: the key set is not available.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(header.get("kid"))
            if key is None or header.get("alg") not in ALGORITHMS:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                issuer=self.issuer,
                audience=self._audience,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, RecursionError, UnicodeEncodeError):  # the header's bytes need not be text
            return None
        return Caller(str(claims["sub"])[:64])

    async def _key(self, kid: str | None) -> jwt.PyJWK | None:
        age = self._clock() - self._asked_at
        if age >= _LIFETIME_S or (kid not in self._set and age >= _ASK_AGAIN_S):
            async with self._asking:
                if self._clock() - self._asked_at >= _ASK_AGAIN_S:
                    await self._refresh()
        if kid is None and len(self._set) == 1:
            return next(iter(self._set.values()))
        return self._set.get(kid)

    async def _refresh(self) -> None:
        if self._clock() - self._failed_at < _ASK_AFTER_FAILURE_S:
            raise KeysError(self._failure)
        try:
            self._set = await self._fetch()
            self._asked_at = self._clock()
        except KeysError as error:
            self._failed_at, self._failure = self._clock(), str(error)
            raise

    async def _fetch(self) -> dict[str | None, jwt.PyJWK]:
        try:
            keys = jwt.PyJWKSet.from_dict(await self._document()).keys
        except (FetchError, jwt.PyJWTError, OSError, TypeError, ValueError) as error:
            raise KeysError(f"the keys of {self.issuer} are not available ({error})"[:300]) from error
        return {key.key_id: key for key in keys if key.key_id is None or isinstance(key.key_id, str)}

    async def _document(self) -> dict[str, Any]:
        if self._keys is not None and not self._keys.startswith(("http://", "https://")):
            return _object(await asyncio.to_thread(Path(self._keys).read_bytes))
        url = self._keys
        if url is None:
            url = (await _get(web_url(self.issuer.rstrip("/") + _DISCOVERY))).get("jwks_uri")
        if not isinstance(url, str):
            raise ValueError("its discovery document names no jwks_uri")
        return await _get(web_url(url))


async def _get(url: URL) -> dict[str, Any]:
    answer = await fetch("GET", url, largest=_LARGEST_DOCUMENT, seconds=_TIMEOUT_S)
    if answer.status != 200:
        raise ValueError(f"{without_secrets(url)} responded with status {answer.status}")
    return _object(answer.body)


def _object(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("it is not a JSON object")
    return document
