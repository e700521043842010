"""Doors: the functions that parse untrusted bytes. They accept input, or refuse it with their own kind of error."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from aiortc.sdp import SessionDescription, candidate_from_sdp

from acutance.server.errors import RequestError
from acutance.server.forward.rules import ForwardRules
from acutance.server.options.forwarding import read_hosts
from acutance.server.rtc.candidates import TrickledCandidates
from acutance.server.rtc.h264_profile import raise_received_level, restore_profiles, substitute_profiles
from acutance.server.rtc.ice import Network
from acutance.server.rtc.session_description import Role, parse_offer, serialised
from acutance.server.security.access import Access
from acutance.server.security.origins import OriginError, Origins
from acutance.server.security.tokens import TokenError, Tokens
from acutance.server.sessions.settings import SessionSettings, SettingError, read_message
from acutance.server.signalling.forward_requests import read_ingest
from acutance.server.signalling.offer import read_offer
from acutance.server.signalling.trickle import read_fragment, read_json
from acutance.server.signalling.whip import check_tag
from tests.fuzz.corpus import keep
from tests.fuzz.tally import LONGEST_S, timed

# Maximum length of a reason, which goes into a response: input must not be echoed by the kilobyte.
_LONGEST_MESSAGE = 800
_NETWORK = Network(public_ip="198.51.100.9")


class FaultError(AssertionError):
    """A door neither accepted nor refused its input."""


@dataclass(frozen=True)
class Door:
    """One parsing function.

    Attributes:
        name: name of its folder in the corpus.
        take: the function; it raises an error of ``refuses`` for input that it refuses.
        refuses: error types that mean a refusal.
    """

    name: str
    take: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...]

    def try_with(self, given: bytes) -> None:
        """Call it with an input.

        Raises:
            FaultError: it raised another error, took too long, or gave no reason.
        """
        try:
            _, seconds = timed(self.name, lambda: self._tried(given))
            if seconds > LONGEST_S:
                raise FaultError(f"it took {seconds:.1f} s")
        except Exception as error:
            file = keep(self.name, given)
            raise FaultError(f"{self.name} with {given[:200]!r} (complete in {file}): {error!r}") from error

    def _tried(self, given: bytes) -> None:
        try:
            self.take(given)
        except self.refuses as refusal:
            message = str(refusal)
            if not 10 <= len(message) <= _LONGEST_MESSAGE:
                raise FaultError(f"a reason of {len(message)} characters: {message[:80]!r}") from refusal


def _text(given: bytes) -> str:
    # What a JSON string may hold: lone surrogates, too.
    with suppress(UnicodeDecodeError):
        return given.decode("utf-8", "surrogatepass")
    return given.decode("latin-1")


def _description(given: bytes) -> None:
    refusal = None
    for role in Role:
        try:
            description = parse_offer(_text(given), role)
        except RequestError as error:
            refusal = error
            continue
        # The processing of an accepted offer before it is passed to aiortc.
        profiles = substitute_profiles(description)
        SessionDescription.parse(serialised(description))
        raise_received_level(description)
        restore_profiles(description, profiles)
        _NETWORK.add_public_address(description)
        SessionDescription.parse(serialised(description))
    if refusal is not None:
        raise refusal


def _usable(trickled: TrickledCandidates) -> None:
    for _, candidate in trickled.candidates:
        candidate_from_sdp(candidate)


def _header(given: bytes) -> str:
    # As aiohttp reads one.
    return given.decode("utf-8", "surrogateescape")


def _origin(given: bytes) -> None:
    header = _header(given)
    for origins in (Origins(), Origins(frozenset(["https://page.example"]), loopback_only=True)):
        origins.serves_host(header)
        origins.admits(header, "localhost:8080")
        origins.admits("http://localhost:8080", header)
    Origins.of([header])


def _settings(message: str | bytes) -> None:
    fields = read_message(message)
    if fields is not None:
        SessionSettings().changed(fields)


def bearer(access: Access, runner: asyncio.Runner) -> Door:
    """Return the door of the Authorization header, with this authentication."""
    return Door("authorization", lambda given: runner.run(access.caller(_header(given))), (RequestError,))


_FORWARDING = ForwardRules(read_hosts(["sfu.example", "[::1]:7080"]))

OFFER = Door("offer", read_offer, (RequestError,))
DESCRIPTION = Door("description", _description, (RequestError,))
FRAGMENT = Door("fragment", lambda given: _usable(read_fragment(_text(given))), (RequestError,))
CANDIDATES = Door("candidates", lambda given: _usable(read_json(given)), (RequestError,))
CONTROL = Door("control", lambda given: _settings(_text(given)), (SettingError,))
CONTROL_BYTES = Door("control", lambda given: _settings(given), (SettingError,))
FORWARD = Door("forward", lambda given: read_ingest(given, _FORWARDING), (RequestError,))
TAG = Door("if-match", lambda given: check_tag('"0123456789abcdef"', _header(given)), (RequestError,))
ORIGIN = Door("origin", _origin, (OriginError,))
TOKEN = Door("token", lambda given: Tokens([_text(given)]), (TokenError,))
DOORS = (OFFER, DESCRIPTION, FRAGMENT, CANDIDATES, CONTROL, CONTROL_BYTES, FORWARD, TAG, ORIGIN, TOKEN)
