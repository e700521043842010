"""Start and end of sessions, with offers of peers that never connect."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiortc.sdp import SessionDescription

from acutance.server.encoding.rendition import Variant
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.session_description import Role, parse_offer
from acutance.server.security.quota import Client, Quota
from acutance.server.security.tokens import Caller
from acutance.server.sessions.admission import AdmissionLimits, NotAdmittedError
from acutance.server.sessions.host import Host
from acutance.server.sessions.settings import SessionSettings, SettingError
from acutance.server.sessions.streams import NoStreamError, TakenError
from acutance.server.students.ladder import Ladder
from tests.offers import VIDEO, offer
from tests.server.peers import until


@pytest.fixture
async def host(ladder: Ladder) -> AsyncIterator[Host]:
    quota = Quota(per_address=3)
    host = Host(ladder, Limits(), AdmissionLimits(max_sessions=2, max_viewers=1, check_load=False, quota=quota))
    host.start()
    yield host
    await host.close()


def _offer() -> SessionDescription:
    return parse_offer(offer(VIDEO))


def _watching() -> SessionDescription:
    return parse_offer(offer(VIDEO.replace("sendrecv", "recvonly")), Role.WATCH)


def _client(address: str = "192.0.2.1") -> Client:
    return Client(Caller(), address)


async def test_publishers_and_viewers_are_registered_until_they_end(host: Host) -> None:
    publisher, _ = await host.publish(_client(), _offer(), stream="stage")
    viewer, _ = await host.watch(_client(), _watching(), "stage", Variant.ORIGINAL)
    assert host.registry.find(publisher.id) is publisher
    assert host.registry.find(viewer.id) is viewer
    assert host.registry.find("guessed") is None
    before = host.registry.snapshot()
    assert (len(before.publishers), before.viewers, before.opened, before.ended) == (1, 1, 1, 0)
    assert before.publishers[0].state == "connecting"
    publisher.media.telemetry.counters.received += 7
    await publisher.close("test")
    await asyncio.wait_for(host.registry.wait_for_last_publisher(), 5)
    await viewer.end("test")
    after = host.registry.snapshot()
    assert (after.publishers, after.viewers, after.opened, after.ended) == ((), 0, 1, 1)
    assert after.frames.received == 7, "the frames of those that have left are kept"
    with pytest.raises(NoStreamError, match="has just ended"):
        host.registry.streams.publisher("stage")


async def test_a_session_is_refused_beyond_each_limit(host: Host) -> None:
    await host.publish(_client("192.0.2.1"), _offer(), stream="stage")
    await host.publish(_client("192.0.2.1"), _offer())
    with pytest.raises(NotAdmittedError, match="All 2 sessions"):
        await host.publish(_client("192.0.2.2"), _offer())
    await host.watch(_client("192.0.2.1"), _watching(), "stage")
    with pytest.raises(NotAdmittedError, match="All 1 places for viewers"):
        await host.watch(_client("192.0.2.2"), _watching(), "stage")
    with pytest.raises(NotAdmittedError, match="address has 3 sessions") as refused:
        await host.watch(_client("192.0.2.1"), _watching(), "stage")
    assert refused.value.code == "quota"


async def test_refused_offers_leave_no_session(host: Host) -> None:
    await host.publish(_client(), _offer(), stream="stage")
    with pytest.raises(TakenError):
        await host.publish(_client(), _offer(), stream="stage")
    with pytest.raises(SettingError):
        await host.publish(_client(), _offer(), SessionSettings(student="none such"))
    snapshot = host.registry.snapshot()
    assert (len(snapshot.publishers), snapshot.opened, snapshot.ended) == (1, 1, 0)


async def test_from_the_call_that_begins_draining_on_no_session_begins(host: Host) -> None:
    await host.publish(_client(), _offer(), stream="stage")
    host.begin_draining()
    for begin in (host.publish(_client(), _offer()), host.watch(_client(), _watching(), "stage")):
        with pytest.raises(NotAdmittedError) as refused:
            await begin
        assert refused.value.code == "draining"
    assert len(host.registry.publishers) == 1, "the existing sessions continue"


async def test_no_session_begins_while_the_host_closes_or_afterwards(host: Host) -> None:
    publisher, _ = await host.publish(_client(), _offer(), stream="stage")
    closing = asyncio.create_task(host.close())
    while publisher.state != "closing":  # noqa: ASYNC110 - that very moment
        await asyncio.sleep(0)
    late = [host.publish(_client(), _offer()), host.watch(_client(), _watching(), "stage")]
    refused = await asyncio.gather(*late, return_exceptions=True)
    await closing
    assert [type(each) for each in refused] == [NotAdmittedError, NotAdmittedError]
    with pytest.raises(NotAdmittedError):
        await host.publish(_client(), _offer())
    snapshot = host.registry.snapshot()
    assert (snapshot.publishers, snapshot.viewers) == ((), 0)


async def test_a_session_that_is_still_negotiating_ends_when_the_host_closes(host: Host) -> None:
    publishing = asyncio.create_task(host.publish(_client(), _offer(), stream="stage"))
    while not host.registry.publishers:  # noqa: ASYNC110 - that very moment
        await asyncio.sleep(0)
    await host.close()
    await asyncio.gather(publishing, return_exceptions=True)
    assert not host.registry.publishers
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()}, 5)


async def test_a_publisher_never_counts_as_a_viewer_of_its_stream(host: Host) -> None:
    seen = set()

    def observe() -> None:
        seen.update(stream["viewers"] for stream in host.registry.streams.listed())

    publishing = asyncio.create_task(host.publish(_client(), _offer(), stream="stage"))
    while not publishing.done():
        await asyncio.sleep(0)
        observe()
    publisher, _ = publishing.result()
    ending = publisher.end("test")
    while not ending.done():
        await asyncio.sleep(0)
        observe()
    assert seen == {0}
