"""How every route says no: a status, a word for programs, a sentence for people."""

from collections.abc import Mapping

from aiohttp import web

CODE = web.ResponseKey("code", str)


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return ``{"error": code, "message": message}``; what counts refusals reads the code off the response."""
    response = web.json_response({"error": code, "message": message}, status=status, headers=headers)
    response[CODE] = code
    return response
