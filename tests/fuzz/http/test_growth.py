"""Memory does not grow with the number of inputs: at least one of several rounds leaves no object behind."""

import json
from collections.abc import Iterator
from itertools import islice
from random import Random

from tests.fuzz import mutation, seeds
from tests.fuzz.effort import INPUTS
from tests.fuzz.http.contract import CheckedClient
from tests.fuzz.http.http_connection import HttpConnection
from tests.fuzz.served import Served

_EACH = max(200, INPUTS // 25)
# 13 to 31 of 200 inputs begin a session: one object kept of each session, or of each input, is more than this in each
# round. Callbacks that are under way vary the number too, but not in each round.
_OBJECTS, _ROUNDS = 10, 4
_MIB = 5.0
_TYPES = {b"/offer": b"application/json", b"/whip/grown": b"application/sdp", b"/whep/grown": b"application/sdp"}


def _requests() -> Iterator[tuple[bytes, bytes]]:
    random = Random(7)
    while True:
        path = random.choice(list(_TYPES))
        sdp = mutation.spoilt_by(random, seeds.DESCRIPTIONS)
        text = sdp.decode("utf-8", "replace")
        yield path, json.dumps({"sdp": text, "type": "offer"}).encode() if path == b"/offer" else sdp


def test_a_second_round_of_inputs_does_not_use_more_memory(server: Served) -> None:
    client, requests = CheckedClient(HttpConnection(server.port)), _requests()

    def ask() -> None:
        for path, body in islice(requests, _EACH):
            client.request("growth", b"POST", path, [(b"Content-Type", _TYPES[path])], body)
        client.connection.close()  # a connection is a task and a file

    ask()  # loads modules and fills caches
    first = last = server.quiet()
    least = _OBJECTS + 1
    for _ in range(_ROUNDS):
        ask()
        before, last = last, server.quiet()
        assert (last.sessions, last.peers) == (0, 0)
        least = min(least, last.objects - before.objects)
        if least <= _OBJECTS:
            break
    assert least <= _OBJECTS, "every round leaves objects behind"
    assert last.tasks <= first.tasks
    assert last.files <= first.files
    assert last.threads <= first.threads
    assert last.rss - first.rss <= _MIB
