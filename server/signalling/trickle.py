"""Reads trickled ICE candidates: an SDP fragment (RFC 8840) or, for sessions of /offer, JSON."""

import json
from dataclasses import replace
from typing import Any

from acutance.server.errors import RequestError
from acutance.server.options.session_limits import MOST_CANDIDATES
from acutance.server.rtc.candidates import TrickledCandidates
from acutance.server.rtc.session_description import check_candidate, is_hidden

_PREFIX = "a=candidate:"
_END = "a=end-of-candidates"


def read_fragment(body: str) -> TrickledCandidates:
    """Read a body of type ``application/trickle-ice-sdpfrag``; lines may end in LF or CRLF.

    Raises:
        RequestError: it is malformed, or has too many candidates.
    """
    candidates: list[tuple[str, str]] = []
    mid, ufrag, password, ended = "", None, None, False
    for line in body.splitlines():
        line = line.strip()
        if line.startswith("m="):
            mid = ""
        elif line.startswith("a=mid:"):
            mid = line.removeprefix("a=mid:")
        elif line.startswith("a=ice-ufrag:"):
            ufrag = line.removeprefix("a=ice-ufrag:")
        elif line.startswith("a=ice-pwd:"):
            password = line.removeprefix("a=ice-pwd:")
        elif line.startswith(_PREFIX):
            check_candidate(line)
            candidates.append((mid, line.removeprefix(_PREFIX)))
        elif line == _END:
            ended = True
        elif line and line[1:2] != "=":
            raise RequestError(400, "bad_fragment", f"This line of the SDP fragment cannot be read: {line[:80]!r}.")
    if not candidates and not ended and ufrag is None:
        raise RequestError(400, "bad_fragment", "The SDP fragment has neither candidates nor ICE credentials.")
    return _bounded(TrickledCandidates(tuple(candidates), ended, ufrag, password))


def read_json(body: bytes) -> TrickledCandidates:
    """Read a body ``{"candidates": [{"candidate": "candidate:…", "sdpMid": "0"}, …]}``.

    An empty candidate marks the end of candidates, as in browsers.

    Raises:
        RequestError: it is malformed, or has too many candidates.
    """
    try:
        message = json.loads(body)
        items = message["candidates"]
        read = [_candidate(item) for item in items]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(
            400, "bad_candidate", 'Send {"candidates": [{"candidate": "candidate:…", "sdpMid": "0"}, …]}.'
        ) from None
    return _bounded(TrickledCandidates(tuple(item for item in read if item[1]), any(not text for _, text in read)))


def _candidate(item: dict[str, Any]) -> tuple[str, str]:
    text = str(item["candidate"]).removeprefix("a=").removeprefix("candidate:")
    if text:
        check_candidate(_PREFIX + text)
    return str(item.get("sdpMid") or ""), text


def _bounded(trickled: TrickledCandidates) -> TrickledCandidates:
    if len(trickled.candidates) > MOST_CANDIDATES:
        raise RequestError(
            400, "bad_candidate", f"{len(trickled.candidates)} ICE candidates: at most {MOST_CANDIDATES} are taken."
        )
    reachable = tuple(item for item in trickled.candidates if not is_hidden(_PREFIX + item[1]))
    return replace(trickled, candidates=reachable)
