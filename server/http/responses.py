"""The response to a refused request: a status, a code for programs, a message for people."""

from collections.abc import Mapping

from aiohttp import web

from acutance.server.errors import RequestError

CODE = web.ResponseKey("code", str)


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a response ``{"error": code, "message": message}`` that has its code as `CODE`, for the metrics."""
    response = web.json_response({"error": code, "message": message}, status=status, headers=headers)
    response[CODE] = code
    return response


def refusal_of(error: RequestError) -> web.Response:
    """Return the response for this error."""
    return refusal(error.status, error.code, str(error), error.headers)
