"""The link between doors and nodes, with parties that do not belong to the cluster."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acutance.server.cluster.link import LinkError, dial, proof
from acutance.server.cluster.members import Member
from acutance.server.cluster.node import Node
from acutance.server.students.ladder import Ladder
from acutance.server.workers.processes.frames import read_frame, write_frame
from acutance.server.workers.processes.messages import Question
from tests.server.cluster.in_process import TOKEN, one_process


@pytest.fixture
async def member(ladder: Ladder) -> AsyncIterator[Member]:
    node = Node(one_process(ladder, 2), TOKEN, "127.0.0.1", 2.0, "machine")
    yield await node.start()
    await node.close()


async def test_a_door_with_the_token_gets_reports(member: Member) -> None:
    assert (member.processors, member.machine) == (2.0, "machine")
    assert member.name.isalnum()
    reader, writer = await dial(member, TOKEN)
    message = await asyncio.wait_for(read_frame(reader), 10)
    assert message is not None
    assert b'"reported"' in message
    writer.close()


async def test_a_client_that_does_not_begin_tls_is_closed(ladder: Ladder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.server.cluster.node.CONNECT_S", 0.05)
    node = Node(one_process(ladder, 2), TOKEN, "127.0.0.1", 2.0)
    member = await node.start()
    reader, writer = await asyncio.open_connection(member.host, member.port)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    await node.close()


async def test_a_request_that_the_node_does_not_know_is_refused(member: Member) -> None:
    """The door has another version."""
    reader, writer = await dial(member, TOKEN)
    write_frame(writer, Question(number=7, request="Unknown", fields="{}").model_dump_json().encode())
    async with asyncio.timeout(10):
        while (message := await read_frame(reader)) is not None and b'"reported"' in message:
            pass
    assert message is not None
    assert json.loads(message)["kind"] == "refusal"
    assert json.loads(message)["number"] == 7
    writer.close()


async def test_a_door_with_another_token_gets_nothing(member: Member, caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = await dial(member, TOKEN.replace("0", "1"))
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    assert "refused a connection from 127.0.0.1" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("change", ["fingerprint", "port"])
async def test_a_door_speaks_only_to_the_announced_node(member: Member, change: str) -> None:
    other: dict[str, Any] = {"fingerprint": "0" * 64} if change == "fingerprint" else {"port": 1}
    with pytest.raises(LinkError):
        await dial(member.model_copy(update=other), TOKEN)


def test_a_proof_is_worth_nothing_at_another_node() -> None:
    assert proof(TOKEN, "a") != proof(TOKEN, "b")
    assert proof(TOKEN, "a") == proof(TOKEN, "a")


async def test_a_silent_client_is_closed(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.server.cluster.link.CONNECT_S", 0.05)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(member.host, member.port, ssl=context)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
