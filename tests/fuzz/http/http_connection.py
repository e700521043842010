"""HTTP/1.1 as raw bytes: sends requests that no client library would send."""

import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from time import perf_counter
from typing import Any

from tests.fuzz.tally import LONGEST_S, note

Headers = Sequence[tuple[bytes, bytes]]
_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Answer:
    """A response.

    Attributes:
        status: HTTP status.
        headers: by name in lower case.
        body: the body.
        seconds: from the request to the end of the body.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def from_application(self) -> bool:
        """Whether the application responded, not aiohttp's parser: only its responses have a security policy."""
        return "content-security-policy" in self.headers

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)


class NoAnswerError(RuntimeError):
    """The connection was closed without a response, or there was none within 10 s."""


@dataclass
class HttpConnection:
    """A connection to a server, opened again after it was closed.

    Attributes:
        port: of the server on this host.
    """

    port: int
    _socket: socket.socket | None = None

    def request(self, door: str, method: bytes, target: bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send a correctly framed request; ``headers`` replace the default ones of the same name."""
        given = {name.lower() for name, _ in headers}
        framing = [(b"Host", b"127.0.0.1:%d" % self.port)] if b"host" not in given else []
        framing += [(b"Content-Length", b"%d" % len(body))] if body or method == b"POST" else []
        lines = [b"%b %b HTTP/1.1" % (method, target), *(b"%b: %b" % header for header in (*headers, *framing))]
        return self.send(door, b"\r\n".join(lines) + b"\r\n\r\n" + body, method)

    def send(self, door: str, request: bytes, method: bytes = b"POST", ends: bool = False) -> Answer:
        """Send bytes and return the response; after a slow one they are sent once more.

        Args:
            door: the name under which they are counted.
            request: the bytes.
            method: the method, on which the form of the response depends.
            ends: whether the sending side of the connection is closed after them.

        Raises:
            NoAnswerError: there was no response.
        """
        answer = self._sent(request, method, ends)
        if answer.seconds > LONGEST_S and answer.status >= 300:
            again = self._sent(request, method, ends)
            answer = min(answer, again, key=lambda one: one.seconds)
        note(door, answer.seconds)
        return answer

    def _sent(self, request: bytes, method: bytes, ends: bool) -> Answer:
        reused = self._socket is not None
        begun = perf_counter()
        try:
            return self._exchanged(request, method, ends, begun)
        except (OSError, HTTPException) as error:
            self.close()
            if not reused:
                raise NoAnswerError(f"{error!r} after {perf_counter() - begun:.1f} s") from error
        # The server had closed the kept-alive connection.
        try:
            return self._exchanged(request, method, ends, begun)
        except (OSError, HTTPException) as error:
            self.close()
            raise NoAnswerError(f"{error!r} after {perf_counter() - begun:.1f} s") from error

    def _exchanged(self, request: bytes, method: bytes, ends: bool, begun: float) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError):  # refused before all of it was read: there is a response
            self._socket.sendall(request)
        if ends:
            self._socket.shutdown(socket.SHUT_WR)
        response = HTTPResponse(self._socket, method=method.decode("latin-1"))
        try:
            response.begin()
            body = response.read()
        finally:
            response.close()
        seconds = perf_counter() - begun
        if ends or response.will_close or len(request) > (1 << 16):
            self.close()
        return Answer(response.status, {name.lower(): text for name, text in response.getheaders()}, body, seconds)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
