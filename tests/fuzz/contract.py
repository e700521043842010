"""What every answer must be, whatever was asked."""

import json
from dataclasses import dataclass
from typing import Any

from acutance.server.http.app import OPENAPI
from tests.fuzz.corpus import keep
from tests.fuzz.doors import FaultError
from tests.fuzz.tally import LONGEST_S
from tests.fuzz.wire import Answer, Headers, NoAnswerError, Wire

_SAID: dict[str, Any] = json.loads(OPENAPI.read_text("utf-8"))
_CODES = set(_SAID["components"]["schemas"]["Error"]["properties"]["error"]["enum"])
# Of HTTP itself, before there is a route: what cannot be parsed, what is too long, an Expect that nobody knows.
_OF_HTTP = (400, 413, 417, 431)
# A part that is not there, or of a file that has changed: the status says it all.
_OF_FILES = (412, 416)
_UNAVAILABLE = ("draining", "full", "keys_unavailable", "no_stream_yet", "quota")


@dataclass
class Asking:
    """Asks a server, and holds each answer against the contract.

    Attributes:
        wire: to it.
    """

    wire: Wire

    def ask(self, door: str, method: bytes, target: bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """Ask; end at once what has begun.

        Raises:
            FaultError: the answer is none that there may be.
        """
        try:
            answer = self.wire.ask(door, method, target, headers, body)
            check(answer, method)
        except (FaultError, NoAnswerError) as error:
            lines = [method + b" " + target, *(b"%b: %b" % header for header in headers)]
            file = keep("request", b"\r\n".join(lines) + b"\r\n\r\n" + body)
            raise FaultError(f"{door}: {method!r} {target[:100]!r} (all of it in {file}): {error}") from error
        self.end(answer)
        return answer

    def end(self, answer: Answer) -> None:
        """End the session that an answer tells of."""
        url = session_url(answer)
        if url is not None:
            ended = self.wire.ask("end", b"DELETE", url.encode())
            check(ended, b"DELETE")
            if ended.status != 200:
                raise FaultError(f"a session that had begun could not be ended: {ended.status} {ended.body!r}")


def session_url(answer: Answer) -> str | None:
    """Return the URL of the session that has begun, if one has."""
    if answer.status == 201:
        return answer.headers["location"]
    if answer.status == 200 and answer.body.startswith(b'{"sdp"'):
        url: str = answer.json()["url"]
        return url
    return None


def check(answer: Answer, method: bytes) -> None:
    """Hold an answer against the contract.

    Raises:
        FaultError: it is another.
    """
    if answer.seconds > LONGEST_S:
        raise FaultError(f"it took {answer.seconds:.1f} s")
    if answer.status < 400 or (method == b"HEAD" and answer.status < 500):
        return
    if not answer.of_the_application:
        if answer.status not in _OF_HTTP:
            raise FaultError(f"{answer.status} before the application: {answer.body[:300]!r}")
        return
    if answer.status in _OF_FILES and not answer.body:
        return
    if answer.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise FaultError(f"{answer.status} that is no JSON: {answer.body[:300]!r}")
    said = answer.json()
    if set(said) != {"error", "message"} or said["error"] not in _CODES or len(said["message"]) < 10:
        raise FaultError(f"{answer.status} with {str(said)[:300]}")
    if answer.status >= 500 and (answer.status != 503 or said["error"] not in _UNAVAILABLE):
        raise FaultError(f"{answer.status} with {str(said)[:300]}")
