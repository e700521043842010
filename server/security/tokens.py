"""Bearer tokens, each with a name and an optional session limit."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# 16 random characters have at least 64 bits; shorter secrets can be guessed.
SHORTEST = 16
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,64})(/(?P<sessions>[1-9]\d{0,5}))?:(?P<secret>.*)")
_SECRET = re.compile(r"[A-Za-z0-9._~+/=-]+")  # RFC 6750, section 2.1: b64token


class TokenError(ValueError):
    """A token cannot be used; the message contains its position, never its secret."""


@dataclass(frozen=True)
class Caller:
    """The sender of a request, as far as the server knows.

    Attributes:
        name: name of its token, or subject of its JWT; empty if no token is needed.
        sessions: maximum number of simultaneous sessions; None for the server's limit.
    """

    name: str = ""
    sessions: int | None = None


class Tokens:
    """The tokens of a server; only their digests are kept."""

    def __init__(self, given: Iterable[str] = ()):
        """Take tokens as ``SECRET``, ``NAME:SECRET`` or ``NAME/SESSIONS:SECRET``.

        Raises:
            TokenError: a token is malformed or too short, or two have the same name.
        """
        self._callers: list[tuple[bytes, Caller]] = []
        for number, token in enumerate(given, 1):
            self._add(token, number)

    def _add(self, token: str, number: int) -> None:
        named = _NAMED.fullmatch(token)
        name = named["name"] if named else f"token {number}"
        secret = named["secret"] if named else token
        if len(secret) < SHORTEST or not _SECRET.fullmatch(secret):
            # The message omits the name: it may be the first half of a secret with a colon.
            raise TokenError(
                f"token {number}: a secret has at least {SHORTEST} characters of A-Z a-z 0-9 . _ ~ + / = -, as "
                "`openssl rand -base64 24` makes them; write it as SECRET, NAME:SECRET or NAME/SESSIONS:SECRET"
            )
        if any(caller.name == name for _, caller in self._callers):
            raise TokenError(f"token {number}: another one has the name {name}")
        sessions = int(named["sessions"]) if named and named["sessions"] else None
        self._callers.append((_digest(secret), Caller(name, sessions)))

    def __len__(self) -> int:
        return len(self._callers)

    def caller(self, secret: str) -> Caller | None:
        """Return the caller with this secret; None if there is none. The comparison takes constant time."""
        digest = _digest(secret)
        found = None
        for known, caller in self._callers:
            if hmac.compare_digest(known, digest):
                found = caller
        return found


def read_token_file(path: Path) -> list[str]:
    """Return the tokens of a file, one per line; empty lines and lines that begin with # are ignored.

    Raises:
        TokenError: the file cannot be read, or contains no token.
    """
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise TokenError(f"the token file {path} cannot be read ({error})") from error
    tokens = [line for line in lines if line and not line.startswith("#")]
    if not tokens:
        raise TokenError(f"the token file {path} has no token: write one per line, as NAME:SECRET")
    return tokens


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
