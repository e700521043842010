"""JSON Web Tokens of an identity provider: who signed them, for whom, and until when (RFC 7519, RFC 8725)."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import jwt

from acutance.server.security.tokens import Caller

# Signatures by a key pair only: an HMAC's "key" could be the public one (RFC 8725, section 2.1).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_DISCOVERY = "/.well-known/openid-configuration"
_LIFETIME_S = 3600.0
# Whoever sends tokens of unknown keys must not make us ask the provider each time.
_ASK_AGAIN_S = 60.0
_PATIENCE_S = 5.0
# Nor must those who come while it does not answer wait for it one after the other.
_ASK_AFTER_FAILURE_S = 5.0
_LARGEST_DOCUMENT = 256 * 1024
_LEEWAY_S = 30


class KeysError(RuntimeError):
    """The key set cannot be had; the message says why."""


class JwtVerifier:
    """Checks tokens of one issuer for one audience.

    The key set is a file, a URL, or what the issuer's OpenID Connect discovery names (OpenID Connect Discovery 1.0,
    section 4). A URL is asked when it is needed, at most once a minute, and its answer kept for an hour.
    """

    def __init__(self, issuer: str, audience: str, keys: str | None, clock: Callable[[], float] = monotonic):
        """Set it.

        Args:
            issuer: the ``iss`` that tokens must have.
            audience: one of their ``aud``.
            keys: path or URL of a JWK set (RFC 7517); None for the issuer's discovery.
            clock: in seconds.
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
        """Return the token's subject, or None where it is not valid.

        Raises:
            KeysError: the keys cannot be had.
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
        except (jwt.PyJWTError, UnicodeEncodeError):  # the header's bytes need not be text
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
            document = await self._document()
            keys = jwt.PyJWKSet.from_dict(document).keys
        except (aiohttp.ClientError, jwt.PyJWTError, OSError, TimeoutError, TypeError, ValueError) as error:
            raise KeysError(f"the keys of {self.issuer} cannot be had ({error})"[:300]) from error
        return {key.key_id: key for key in keys if key.key_id is None or isinstance(key.key_id, str)}

    async def _document(self) -> dict[str, Any]:
        if self._keys is not None and not self._keys.startswith(("http://", "https://")):
            return _object(await asyncio.to_thread(Path(self._keys).read_bytes))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_PATIENCE_S)) as client:
            url = self._keys
            if url is None:
                url = (await _get(client, self.issuer.rstrip("/") + _DISCOVERY)).get("jwks_uri")
            if not isinstance(url, str):
                raise ValueError("its discovery document names no jwks_uri")
            return await _get(client, url)


async def _get(client: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with client.get(url) as response:
        response.raise_for_status()
        return _object(await response.content.read(_LARGEST_DOCUMENT))


def _object(text: bytes) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    return document
