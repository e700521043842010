"""An identity provider with one key: its key set in a file, valid tokens, and forged ones."""

import base64
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from acutance.server.security.access import Access
from acutance.server.security.jwt_keys import JwtVerifier
from acutance.server.security.tokens import Tokens

SECRET = "correct-horse-battery"
ISSUER, AUDIENCE = "https://issuer.example", "acutance"


def access(key_set: Path) -> Access:
    """Return the authentication by `SECRET` or by the provider's tokens."""
    return Access(Tokens([f"one:{SECRET}"]), JwtVerifier(ISSUER, AUDIENCE, str(key_set)))


@dataclass
class Identity:
    """The provider.

    Attributes:
        file: its key set is written here.
        header: header of its tokens.
    """

    file: Path
    header: dict[str, object] = field(default_factory=lambda: {"alg": "ES256", "kid": "one", "typ": "JWT"})
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        key: dict[str, Any] = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self.file.write_text(json.dumps({"keys": [key | {"kid": "one", "alg": "ES256"}]}), "utf-8")

    def claims(self) -> dict[str, object]:
        """Return the claims of a valid token."""
        return {"iss": ISSUER, "aud": AUDIENCE, "sub": "somebody", "exp": int(time.time()) + 3600}

    def token(self) -> str:
        """Return a valid token."""
        return self.signed(self.header, self.claims()).decode()

    def signed(self, header: dict[str, object], claims: dict[str, object]) -> bytes:
        """Return a token with a valid signature and any header and claims."""
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        return signed + b"." + _encoded(ECAlgorithm(ECAlgorithm.SHA256).sign(signed, self._key))


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")
