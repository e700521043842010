"""The error with which every room refuses a request; `http` turns it into a response."""

from collections.abc import Mapping

# Seconds, in the Retry-After header of a temporary refusal.
RETRY_AFTER_S = 5
RETRY_LATER = {"Retry-After": str(RETRY_AFTER_S)}


class RequestError(ValueError):
    """A request that is refused.

    Attributes:
        status: HTTP status, such as 400 for a malformed request and 422 for a well-formed but unsupported one.
        code: one word for programs, listed in openapi.json.
        headers: HTTP headers of the response, such as ``Retry-After``.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
