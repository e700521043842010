"""Errors of handlers become JSON responses; request content cannot forge a log line."""

import logging

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.errors import RequestError
from acutance.server.http.middleware import add_headers, answer_errors


def _app(error: Exception) -> web.Application:
    async def fail(request: web.Request) -> web.Response:
        raise error

    app = web.Application(middlewares=[add_headers, answer_errors])
    app.router.add_get("/{path:[^/]*}", fail)
    return app


async def test_a_refused_request_gets_status_code_message_and_headers() -> None:
    error = RequestError(503, "full", "No room.", {"Retry-After": "5"})
    async with TestClient(TestServer(_app(error))) as client:
        response = await client.get("/")
        assert response.status == 503
        assert response.headers["Retry-After"] == "5"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert await response.json() == {"error": "full", "message": "No room."}


async def test_an_unexpected_error_hides_its_details_from_the_client_and_logs_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with TestClient(TestServer(_app(RuntimeError("inside")))) as client:
        response = await client.get("/a%0AERROR%20forged%0D")
        assert response.status == 500
        body = await response.text()
    assert "inside" not in body
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "\n" not in record.getMessage()
    assert "\r" not in record.getMessage()
