"""A process that answers questions, fails to answer one, and ends."""

import os
from multiprocessing.connection import Connection, wait

import pytest

from acutance.server.bench.peers.processes import Process, serve
from acutance.server.bench.peers.round_trip import PeerError
from acutance.server.client.whip import SignallingError


def _answering(pipe: Connection, greeting: str) -> None:
    async def answer(question: str) -> str:
        match question:
            case "fail":
                raise SignallingError("no such endpoint")
            case "end":
                os._exit(3)
        return f"{greeting}, {question}"

    serve(pipe, answer)


@pytest.mark.process
def test_a_process_answers_fails_and_ends() -> None:
    process = Process(_answering, "hello")
    try:
        assert process.ask("one") == "hello, one"
        process.send("two")
        assert wait([process.pipe], timeout=60) == [process.pipe]
        assert process.receive() == "hello, two"
        with pytest.raises(PeerError, match="no such endpoint"):
            process.ask("fail")
        assert process.ask("three") == "hello, three", "a failure ends nothing"
        with pytest.raises(PeerError, match="ended with code 3"):
            process.ask("end")
    finally:
        process.end()
