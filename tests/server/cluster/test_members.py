"""Announcements of nodes, with an injected clock."""

import json

import pytest

from acutance.server.cluster.members import Announcement, Member, Members, Silences, parse


def announcement(beat: int, name: str = "n1") -> dict[str, str]:
    member = Member(name=name, host="10.0.0.1", port=1, fingerprint="f", processors=2)
    return {name: Announcement(member=member, beat=beat).model_dump_json()}


def test_a_node_is_there_as_long_as_it_announces_itself() -> None:
    now = 0.0
    members = Members(Silences(lambda: now))
    for beat in range(1, 9):
        now += 5
        assert [each.name for each in members.update(announcement(beat))] == ["n1"]
    for silent in (10, 15):
        now = 40.0 + silent
        assert len(members.update(announcement(8))) == 1
    now = 57.0
    assert members.update(announcement(8)) == []
    assert len(members.update(announcement(9))) == 1
    assert members.update({}) == []


def test_an_announcement_that_cannot_be_read_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    assert [each.name for each in Members().update({"n0": "{}"} | announcement(1))] == ["n1"]
    assert "the announcement of the node n0 cannot be read" in caplog.text


@pytest.mark.parametrize(
    "field", [{"fingerprint": "\N{LATIN SMALL LETTER E WITH ACUTE}"}, {"name": "a.b"}, {"port": 0}]
)
def test_a_node_that_announces_something_else_is_left_out(field: dict[str, object]) -> None:
    entry = json.loads(announcement(1)["n1"])
    entry["member"] |= field
    assert Members().update({"n1": json.dumps(entry)}) == []


def test_a_line_that_cannot_be_read_has_no_announcements() -> None:
    assert parse(json.dumps({"n1": "{}"})) == {"n1": "{}"}
    assert parse("Ray says something") == {}
