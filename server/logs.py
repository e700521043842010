"""Log lines for people or for programs: which session they are about, and nobody's address unless asked for."""

import ipaddress
import logging
import re
import sys
from typing import Literal

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError
from pythonjsonlogger.json import JsonFormatter

# Both tell of each candidate pair and packet at INFO.
_CHATTY = ("aioice", "aiortc")
_MAYBE_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w:])"
)
_MOST_KINDS = 32
"""Kinds of events that a `LogOnce` remembers: kinds are few by design, and must not fill memory if they are not."""
_SESSION = re.compile(r"\b(?:session|viewer) ([\w-]+)")
type Format = Literal["console", "json"]


def set_up(level: str, format: Format, addresses: bool) -> None:
    """Send the log to stderr.

    Args:
        level: least level logged.
        format: lines for people, or one JSON object a line with ``time``, ``level``, ``logger``, ``message`` and, where
            a line is about one, ``session``.
        addresses: whether peers' addresses may be in it, and each HTTP request is.
    """
    handler = logging.StreamHandler(sys.stderr)
    if format == "json":
        names = {"asctime": "time", "levelname": "level", "name": "logger"}
        handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=names))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    handler.addFilter(worth_a_line)
    handler.addFilter(_with_session)
    if not addresses:
        handler.addFilter(_without_addresses)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.INFO if addresses else logging.WARNING)
    # FFmpeg's own lines ("deprecated pixel format used") say nothing to whoever runs a server.
    logging.getLogger("libav").setLevel(logging.CRITICAL)


class LogOnce:
    """Logs the first event of each kind: what happens to one frame may happen to thirty a second."""

    def __init__(self, log: logging.Logger):
        self._log = log
        self._kinds: set[str] = set()

    def __call__(self, level: int, kind: str, message: str, error: BaseException | None = None) -> None:
        """Log an event with the traceback of its error, unless one of its kind was logged before.

        Args:
            level: of `logging`.
            kind: what to log once; nothing that a peer chooses, such as a size, may be part of it.
            message: for people, with all details.
            error: what was raised, if anything.
        """
        if kind in self._kinds or len(self._kinds) >= _MOST_KINDS:
            return
        self._kinds.add(kind)
        self._log.log(level, message, exc_info=error)


def worth_a_line(record: logging.LogRecord) -> bool:
    """Return whether a record is to be seen: aiohttp's traceback of what came in the place of HTTP is not."""
    error = record.exc_info[1] if record.exc_info else None
    return not (record.name == "aiohttp.server" and isinstance(error, (HttpProcessingError, RequestPayloadError)))


def _with_session(record: logging.LogRecord) -> bool:
    found = _SESSION.search(record.getMessage())
    if found:
        record.session = found[1]
    return True


def _without_addresses(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    hidden = _MAYBE_ADDRESS.sub(_hidden, message)
    if hidden != message:
        record.msg, record.args = hidden, None
    return True


def _hidden(match: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    # Where the server itself listens is no secret.
    return match[0] if address.is_loopback or address.is_unspecified else "(address)"
