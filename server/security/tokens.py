"""Bearer tokens with names: who may use the server, and how many sessions at once."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# 16 characters of a random token hold 64 bits and more; what people think up is shorter.
SHORTEST = 16
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,64})(/(?P<sessions>[1-9]\d{0,5}))?:(?P<secret>.*)")
_SECRET = re.compile(r"[A-Za-z0-9._~+/=-]+")  # RFC 6750, section 2.1: b64token


class TokenError(ValueError):
    """A token that cannot be used; the message says which one by its place or name, never the secret."""


@dataclass(frozen=True)
class Caller:
    """Who asks, as far as the server knows.

    Attributes:
        name: of the token, or of a JWT's subject; empty where nobody needs one.
        sessions: at most at once; None for no limit of its own.
    """

    name: str = ""
    sessions: int | None = None


class Tokens:
    """The tokens of a server; knows their digests only."""

    def __init__(self, given: Iterable[str] = ()):
        """Take tokens as ``SECRET``, ``NAME:SECRET`` or ``NAME/SESSIONS:SECRET``.

        Raises:
            TokenError: one is malformed or too short, or a name is there twice.
        """
        self._callers: list[tuple[bytes, Caller]] = []
        for number, token in enumerate(given, 1):
            self._add(token, number)

    def _add(self, token: str, number: int) -> None:
        named = _NAMED.fullmatch(token)
        name = named["name"] if named else f"token {number}"
        secret = named["secret"] if named else token
        if len(secret) < SHORTEST or not _SECRET.fullmatch(secret):
            raise TokenError(
                f"{name}: a secret has at least {SHORTEST} characters of A-Z a-z 0-9 . _ ~ + / = -, as "
                "`openssl rand -base64 24` makes them; write it as SECRET, NAME:SECRET or NAME/SESSIONS:SECRET"
            )
        if any(caller.name == name for _, caller in self._callers):
            raise TokenError(f"{name}: two tokens have this name")
        sessions = int(named["sessions"]) if named and named["sessions"] else None
        self._callers.append((_digest(secret), Caller(name, sessions)))

    def __len__(self) -> int:
        return len(self._callers)

    def caller(self, secret: str) -> Caller | None:
        """Return whose secret this is, in a time that depends neither on it nor on the tokens' contents."""
        digest = _digest(secret)
        found = None
        for known, caller in self._callers:
            if hmac.compare_digest(known, digest):
                found = caller
        return found


def read_token_file(path: Path) -> list[str]:
    """Return the tokens of a file, one a line; empty lines and those that begin with # do not count.

    Raises:
        TokenError: it cannot be read, or has none.
    """
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise TokenError(f"the token file {path} cannot be read ({error})") from error
    tokens = [line for line in lines if line and not line.startswith("#")]
    if not tokens:
        raise TokenError(f"the token file {path} has no token: write one a line, as NAME:SECRET")
    return tokens


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
