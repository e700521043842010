import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from acutance.server.security.quota import Client
from acutance.server.sessions.headroom import Process, SessionLoad, refusal_reason
from acutance.server.sessions.streams import EndedStreams, NoStreamError, TakenError
from acutance.server.signalling.door import NoSessionError, SessionGoneError
from acutance.server.workers.carrier import Carrier
from acutance.server.workers.report import LoadReport, Report, SessionReport
from acutance.server.workers.roster import Reservation, Roster

CLIENT = Client(address="192.0.2.1")
SETTLED = SessionLoad(60, 0.5, 30, 30)


class FakeCarrier:
    def __init__(self, name: str, *sessions: SessionReport, load: LoadReport | None = None):
        self.name = name
        self.share = 1.0
        self.gpu: str | None = None
        self.report = Report(sessions=sessions, load=load or LoadReport())
        self.responds = True

    async def ask(self, request: Any, seconds: float) -> Any:
        raise NotImplementedError


def publisher(id: str, stream: str | None = None) -> SessionReport:
    return SessionReport(id=id, client=CLIENT, connected=True, load=SETTLED, stream=stream)


def viewer(id: str) -> SessionReport:
    return SessionReport(id=id, client=CLIENT, connected=False)


def roster_of(*carriers: FakeCarrier) -> Roster:
    roster = Roster()
    for carrier in carriers:
        roster.add(carrier)
    return roster


def test_the_census_has_the_sessions_of_all_carriers_and_those_being_started() -> None:
    roster = roster_of(FakeCarrier("a", publisher("1"), viewer("2")), FakeCarrier("b", publisher("3")))
    assert (len(roster.publisher_loads()), roster.viewer_count) == (2, 1)
    assert roster.student_processors() == 1.0
    with roster.reserved(Reservation(CLIENT, publishes=True)), roster.reserved(Reservation(CLIENT, publishes=False)):
        assert (len(roster.publisher_loads()), roster.viewer_count) == (3, 2)
        assert [each.connected for each in roster.active_sessions()].count(False) == 3
    assert (len(roster.publisher_loads()), roster.viewer_count) == (2, 1)


def test_a_session_is_found_by_the_name_in_its_identifier() -> None:
    carrier = FakeCarrier("a", publisher("1.x"))
    roster = roster_of(carrier)
    assert roster.find("a.1.x") == (carrier, "1.x")
    for unknown in ("1.x", "b.1", "", "."):
        with pytest.raises(NoSessionError):
            roster.find(unknown)
    carrier.responds = False
    with pytest.raises(SessionGoneError):
        roster.find("a.1.x")
    roster.remove(carrier)
    with pytest.raises(SessionGoneError):
        roster.find("a.1.x")


def test_streams_follow_the_reports() -> None:
    ended = EndedStreams(clock=lambda: 0.0)
    carrier = FakeCarrier("a", publisher("1", "stage"))
    roster = Roster(ended=ended)
    roster.add(carrier)
    assert roster.carrier_of("stage") is carrier
    with pytest.raises(TakenError):
        roster.check_free("stage")
    with pytest.raises(NoStreamError) as never:
        roster.carrier_of("other")
    assert never.value.status == 404
    carrier.report = Report()
    roster.updated(carrier)
    with pytest.raises(NoStreamError) as just_ended:
        roster.carrier_of("stage")
    assert just_ended.value.status == 503
    roster.check_free("stage")
    with roster.reserved(Reservation(CLIENT, publishes=True, stream="stage")), pytest.raises(TakenError):
        roster.check_free("stage")


def test_the_streams_of_a_carrier_that_has_ended_may_come_back() -> None:
    carrier = FakeCarrier("a", publisher("1", "stage"))
    roster = roster_of(carrier)
    roster.remove(carrier)
    with pytest.raises(NoStreamError) as error:
        roster.carrier_of("stage")
    assert error.value.status == 503
    roster.check_free("stage")
    roster.updated(carrier)
    roster.check_free("stage")


def test_carriers_that_do_not_respond_get_no_session() -> None:
    stopped, busy = FakeCarrier("a"), FakeCarrier("b", load=LoadReport(loop=0.9))
    roster = roster_of(stopped, busy)
    assert [each.name for each in roster.by_load()] == ["a", "b"]
    stopped.responds = False
    assert [each.name for each in roster.by_load()] == ["b"]
    busy.report = Report(ready=False)
    assert roster.by_load() == []


def test_sessions_being_started_count_for_the_placement() -> None:
    roster = roster_of(FakeCarrier("a"), FakeCarrier("b"))
    with roster.reserved(Reservation(CLIENT, publishes=True, carrier="a")):
        assert [each.name for each in roster.by_load()] == ["b", "a"]


async def test_the_end_of_the_last_publisher_is_noticed() -> None:
    carrier = FakeCarrier("a", publisher("1"), viewer("2"))
    roster = roster_of(carrier)
    waiting = asyncio.create_task(roster.wait_for_last_publisher())
    await asyncio.sleep(0)
    assert not waiting.done()
    carrier.report = Report(sessions=(viewer("2"),))
    roster.updated(carrier)
    await asyncio.wait_for(waiting, 5)


def test_carriers_that_share_a_gpu_are_as_busy_as_it_is() -> None:
    first, second, other = (FakeCarrier(name, load=LoadReport(gpu=0.4)) for name in ("a", "b", "c"))
    first.gpu = second.gpu = "0"
    other.gpu = "1"
    roster = roster_of(first, second, other)
    assert roster.by_load()[0].name == "c"
    roster.remove(other)
    assert roster.next_process().gpu == pytest.approx(0.8)


def test_admission_looks_at_the_carrier_that_would_get_the_session() -> None:
    full, free = FakeCarrier("a", publisher("1"), publisher("2"), load=LoadReport(loop=0.8)), FakeCarrier("b")
    roster = roster_of(full, free)
    assert roster.next_process().loop == 0
    with roster.reserved(Reservation(CLIENT, publishes=True, carrier="b")):
        assert len(roster.next_process().sessions or ()) == 1
    roster.remove(free)
    process = roster.next_process()
    assert (process.loop, len(process.sessions or ())) == (0.8, 2)
    loads = roster.publisher_loads()
    assert (
        refusal_reason(loads, 0.0, 1.0, 64.0, process) == "the event loop would be busy 120 % of the time with one more"
    )
    assert refusal_reason([*loads, SETTLED, SETTLED], 0.0, 1.0, 64.0, process) is not None, "others do not dilute it"
    roster.remove(full)
    assert roster.next_process() == Process()


def test_no_more_carriers_are_considered_than_are_enough() -> None:
    full = FakeCarrier("a", publisher("1"))
    full.report = full.report.model_copy(update={"max_sessions": 1})
    considered = []

    def draw(carriers: Iterable[Carrier]) -> Iterator[Carrier]:
        for carrier in carriers:
            considered.append(carrier.name)
            yield carrier

    roster = Roster(draw=draw, enough=2)
    for carrier in (full, *map(FakeCarrier, "bcdef")):
        roster.add(carrier)
    assert [each.name for each in roster.by_load()] == ["b", "c"]
    assert considered == ["a", "b", "c"]
