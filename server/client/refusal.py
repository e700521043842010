"""Why an endpoint refused a request, as text for people."""

import json

_LONGEST_MESSAGE = 300
_HINTS = {
    401: "give the right --token",
    403: "give the right --token",
    404: "there is no such endpoint or stream",
    405: "it is not a WHIP or WHEP endpoint",
    409: "the name is taken",
    503: "it is full",
}


def refusal_text(status: int, body: str) -> str:
    """Return the status and the reason of a refusal.

    The reason is the message in a JSON body (this server's, or RFC 9457's), else a plain text body, else a hint for
    the status. It is cut to 300 characters.

    Args:
        status: HTTP status code.
        body: body of the answer.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if isinstance(fields, dict):
        message = next((fields[name] for name in ("message", "detail", "title", "error") if fields.get(name)), "")
    else:
        message = "" if body.lstrip().startswith("<") else body
    text = " ".join(str(message).split())[:_LONGEST_MESSAGE] or _HINTS.get(status, "")
    return f"{status}: {text}" if text else str(status)


def retry_after(value: str) -> float | None:
    """Return the seconds of a ``Retry-After`` header (RFC 9110, section 10.2.3); None for a date or another value."""
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
