"""Nothing grows with the number of inputs: a second round of inputs leaves no more behind than the first."""

import json
from collections.abc import Iterator
from itertools import islice
from random import Random

from tests.fuzz import mutation, seeds
from tests.fuzz.contract import Asking
from tests.fuzz.effort import INPUTS
from tests.fuzz.served import Served
from tests.fuzz.wire import Wire

_EACH = max(200, INPUTS // 25)
# Anything kept of each input would be at least an object; caches and buffers still vary by less.
_OBJECTS, _OBJECTS_EACH = 100, 0.1
_MIB = 5.0
_TYPES = {b"/offer": b"application/json", b"/whip/grown": b"application/sdp", b"/whep/grown": b"application/sdp"}


def _requests() -> Iterator[tuple[bytes, bytes]]:
    random = Random(7)
    while True:
        path = random.choice(list(_TYPES))
        sdp = mutation.spoilt_by(random, seeds.DESCRIPTIONS)
        text = sdp.decode("utf-8", "replace")
        yield path, json.dumps({"sdp": text, "type": "offer"}).encode() if path == b"/offer" else sdp


def test_as_many_inputs_again_leave_nothing_more(server: Served) -> None:
    asking, requests = Asking(Wire(server.port)), _requests()

    def ask() -> None:
        for path, body in islice(requests, _EACH):
            asking.ask("growth", b"POST", path, [(b"Content-Type", _TYPES[path])], body)
        asking.wire.close()  # a connection is a task and a file

    ask()  # what is loaded once and kept
    ask()
    first = server.quiet()
    ask()
    second = server.quiet()
    assert (second.sessions, second.peers) == (0, 0)
    assert second.tasks <= first.tasks
    assert second.files <= first.files
    assert second.threads <= first.threads
    assert second.objects - first.objects <= _OBJECTS + _OBJECTS_EACH * _EACH
    assert second.rss - first.rss <= _MIB
