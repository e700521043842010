"""The log: lines for people or JSON for programs, with the session of each line and without peers' addresses."""

import ipaddress
import logging
import re
import sys
from typing import Literal

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError
from pythonjsonlogger.json import JsonFormatter

# Both log each candidate pair and packet at INFO.
_CHATTY = ("aioice", "aiortc")
_MAYBE_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w:])"
)
_MOST_KINDS = 32
"""Maximum number of kinds that a `LogOnce` remembers: bounds its memory if kinds are not as few as intended."""
_SESSION = re.compile(r"\b(?:session|viewer) ([\w-]+)")
type Format = Literal["console", "json"]


def set_up(level: str, format: Format, addresses: bool, worker: str | None = None) -> None:
    """Send the log to stderr.

    Args:
        level: least severe level that is logged.
        format: lines for people, or one JSON object per line with ``time``, ``level``, ``logger``, ``message`` and, if
            the line is about a session, ``session``.
        addresses: whether peers' addresses and each HTTP request are logged.
        worker: name of this worker process, which is added to each line; None for the process that accepts requests.
    """
    handler = logging.StreamHandler(sys.stderr)
    if format == "json":
        names = {"asctime": "time", "levelname": "level", "name": "logger"}
        handler.setFormatter(
            JsonFormatter(
                "%(asctime)s %(levelname)s %(name)s %(message)s",
                rename_fields=names,
                static_fields={"worker": worker} if worker else None,
            )
        )
    else:
        of_worker = f"{worker} " if worker else ""
        handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)-7s {of_worker}%(name)s: %(message)s"))
    handler.addFilter(is_relevant)
    handler.addFilter(_with_session)
    if not addresses:
        handler.addFilter(_without_addresses)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.INFO if addresses else logging.WARNING)
    # FFmpeg's own lines ("deprecated pixel format used") do not help the operator of a server.
    logging.getLogger("libav").setLevel(logging.CRITICAL)


class LogOnce:
    """Logs the first event of each kind, because an event of one frame may recur with every frame."""

    def __init__(self, log: logging.Logger):
        self._log = log
        self._kinds: set[str] = set()

    def __call__(self, level: int, kind: str, message: str, error: BaseException | None = None) -> None:
        """Log an event with the traceback of its error, unless one of its kind was logged before.

        Args:
            level: of `logging`.
            kind: key of the event; must not contain values that a peer chooses, such as a size.
            message: for people, with all details.
            error: the exception that was raised, if any.
        """
        if kind in self._kinds or len(self._kinds) >= _MOST_KINDS:
            return
        self._kinds.add(kind)
        self._log.log(level, message, exc_info=error)


def is_relevant(record: logging.LogRecord) -> bool:
    """Return whether a record is logged; aiohttp's traceback of a malformed request is not."""
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
    # The server's own listening address is not a peer's.
    return match[0] if address.is_loopback or address.is_unspecified else "(address)"
