"""The contract of every response, whatever the request."""

import json
from dataclasses import dataclass
from typing import Any

from acutance.server.http.app import OPENAPI
from tests.fuzz.corpus import keep
from tests.fuzz.doors import FaultError
from tests.fuzz.http.http_connection import Answer, Headers, HttpConnection, NoAnswerError
from tests.fuzz.tally import LONGEST_S

_SPECIFIED: dict[str, Any] = json.loads(OPENAPI.read_text("utf-8"))
_CODES = set(_SPECIFIED["components"]["schemas"]["Error"]["properties"]["error"]["enum"])
# From aiohttp, before a route: a request that cannot be parsed or is too long, an unknown Expect.
_FROM_AIOHTTP = (400, 413, 417, 431)
# Responses to conditional and range requests have no body.
_WITHOUT_BODY = (412, 416)
_UNAVAILABLE = ("draining", "full", "keys_unavailable", "no_stream_yet", "quota")


@dataclass
class CheckedClient:
    """Sends requests to a server and checks each response.

    Attributes:
        connection: connection to the server.
    """

    connection: HttpConnection

    def request(self, door: str, method: bytes, target: bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send a request, check the response, and end the session that it started.

        Raises:
            FaultError: the response is not allowed.
        """
        try:
            answer = self.connection.request(door, method, target, headers, body)
            check(answer, method)
        except (FaultError, NoAnswerError) as error:
            lines = [method + b" " + target, *(b"%b: %b" % header for header in headers)]
            file = keep("request", b"\r\n".join(lines) + b"\r\n\r\n" + body)
            raise FaultError(f"{door}: {method!r} {target[:100]!r} (complete in {file}): {error}") from error
        self.end(answer)
        return answer

    def end(self, answer: Answer) -> None:
        """End the session that a response has started."""
        url = session_url(answer)
        if url is not None:
            ended = self.connection.request("end", b"DELETE", url.encode())
            check(ended, b"DELETE")
            if ended.status != 200:
                raise FaultError(f"a session could not be ended: {ended.status} {ended.body!r}")


def session_url(answer: Answer) -> str | None:
    """Return the URL of the session that a response created, if any."""
    if answer.status == 201:
        return answer.headers["location"]
    if answer.status == 200 and answer.body.startswith(b'{"sdp"'):
        url: str = answer.json()["url"]
        return url
    return None


def check(answer: Answer, method: bytes) -> None:
    """Check a response.

    Raises:
        FaultError: it is not allowed.
    """
    if answer.seconds > LONGEST_S:
        raise FaultError(f"it took {answer.seconds:.1f} s")
    if answer.status < 400 or (method == b"HEAD" and answer.status < 500):
        return
    if not answer.from_application:
        if answer.status not in _FROM_AIOHTTP:
            raise FaultError(f"{answer.status} before the application: {answer.body[:300]!r}")
        return
    if answer.status in _WITHOUT_BODY and not answer.body:
        return
    if answer.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise FaultError(f"{answer.status} without JSON: {answer.body[:300]!r}")
    error = answer.json()
    if set(error) != {"error", "message"} or error["error"] not in _CODES or len(error["message"]) < 10:
        raise FaultError(f"{answer.status} with {str(error)[:300]}")
    if answer.status >= 500 and (answer.status != 503 or error["error"] not in _UNAVAILABLE):
        raise FaultError(f"{answer.status} with {str(error)[:300]}")
