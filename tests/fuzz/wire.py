"""HTTP/1.1 by the byte: sends what no client library would, reads what comes back."""

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
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: of HTTP.
        headers: by name in lower case.
        body: of it.
        seconds: until it was here.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def of_the_application(self) -> bool:
        """Whether the request was good enough HTTP to reach it: everything that it says carries its policy."""
        return "content-security-policy" in self.headers

    def json(self) -> Any:
        """Return the body."""
        return json.loads(self.body)


class NoAnswerError(RuntimeError):
    """The connection was closed without one, or none came in 10 s."""


@dataclass
class Wire:
    """A connection to a server, opened again when it is closed.

    Attributes:
        port: on this machine.
    """

    port: int
    _socket: socket.socket | None = None

    def ask(self, door: str, method: bytes, target: bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send a request that is framed as it should be; headers of these names come before ours."""
        given = {name.lower() for name, _ in headers}
        framing = [(b"Host", b"127.0.0.1:%d" % self.port)] if b"host" not in given else []
        framing += [(b"Content-Length", b"%d" % len(body))] if body or method == b"POST" else []
        lines = [b"%b %b HTTP/1.1" % (method, target), *(b"%b: %b" % header for header in (*headers, *framing))]
        return self.send(door, b"\r\n".join(lines) + b"\r\n\r\n" + body, method)

    def send(self, door: str, request: bytes, method: bytes = b"POST", ends: bool = False) -> Answer:
        """Send these bytes and return the answer; an answer that was slow once gets a second chance.

        Args:
            door: that they are counted for.
            request: as it goes out.
            method: what kind of answer to expect.
            ends: whether nothing more is sent after them, and the server is to know.

        Raises:
            NoAnswerError: there was none.
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
        # The server had closed what it kept open from the request before.
        try:
            return self._exchanged(request, method, ends, begun)
        except (OSError, HTTPException) as error:
            self.close()
            raise NoAnswerError(f"{error!r} after {perf_counter() - begun:.1f} s") from error

    def _exchanged(self, request: bytes, method: bytes, ends: bool, begun: float) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError):  # refused before all of it was read: the answer is there
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
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
