"""Valid and invalid requests that schemathesis generates from openapi.json; responses must match the description."""

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from acutance.server.http.app import OPENAPI
from tests.fuzz.effort import share
from tests.fuzz.identity import SECRET
from tests.fuzz.served import Served
from tests.fuzz.tally import LONGEST_S, note
from tests.offers import VIDEO, offer

# The served description: tests/server/http/test_openapi.py compares it.
SCHEMA = schemathesis.openapi.from_path(OPENAPI)
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
_OPERATIONS = sum(len(item) for item in SCHEMA.raw_schema["paths"].values())


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def _as_it_is(context: object, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def calls(server: Served) -> Iterator[requests.Session]:
    with requests.Session() as calls:
        calls.headers["Authorization"] = f"Bearer {SECRET}"
        yield calls


@SCHEMA.parametrize()
@share(0.06 / _OPERATIONS)
def test_every_answer_is_one_that_is_described(
    case: schemathesis.Case, server: Served, calls: requests.Session
) -> None:
    # The server cannot answer session descriptions that schemathesis generates: every second one is a real one.
    if isinstance(case.body, dict) and isinstance(case.body.get("sdp"), str) and len(case.body["sdp"]) % 2:
        case.body["sdp"] = offer(VIDEO)
    url = f"http://127.0.0.1:{server.closed_port}"
    response = case.call(base_url=url, session=calls)
    if response.elapsed > LONGEST_S:  # repeated: a busy host is slow only once
        response = case.call(base_url=url, session=calls)
    note("described", response.elapsed)
    assert response.elapsed <= LONGEST_S
    assert response.status_code < 500 or response.status_code == 503
    begun = response.json().get("url") if response.status_code == 200 and case.path == "/offer" else None
    if begun:
        assert calls.delete(url + begun).status_code == 200
    case.validate_response(response, checks=CHECKS)
