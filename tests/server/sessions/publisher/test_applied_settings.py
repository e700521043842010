"""Settings of a peer, applied to the choices of a pipeline and to a rate control."""

import json
from typing import Any

import pytest

from acutance.server.encoding.bitrate import RateControl
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.publisher.applied_settings import AppliedSettings
from acutance.server.sessions.settings import SessionSettings, SettingError
from acutance.server.students.governor import Governor
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS
from acutance.server.video.choices import Choices
from acutance.server.video.output_size import OutputSize


class Session:
    def __init__(self, ladder: Ladder, limits: Limits | None = None, **fields: Any) -> None:
        self.limits = limits or Limits()
        self.choices = Choices(Governor(ladder.rungs), OutputSize(True, self.limits.output_height))
        self.rate = RateControl(self.limits.max_bitrate)
        self.applied = AppliedSettings(ladder, self.limits, self.choices, self.rate, SessionSettings(**fields))

    def send(self, **fields: Any) -> dict[str, Any]:
        return self.applied.receive(json.dumps({"type": "control", **fields}))


def test_settings_of_the_offer_are_in_force_at_once(ladder: Ladder) -> None:
    session = Session(ladder, strength=0.5, enhance=False, output_height=360, max_bitrate=500_000)
    assert (session.choices.strength, session.choices.enhance, session.choices.output.height) == (0.5, False, 360)
    assert session.rate.maximum == 500_000


def test_a_message_changes_only_the_settings_in_it(ladder: Ladder) -> None:
    session = Session(ladder, strength=0.5)
    governor = session.choices.governor
    reply = session.send(enhance=False)
    assert reply == {"type": "applied", **SessionSettings(strength=0.5, enhance=False).model_dump()}
    assert (session.choices.strength, session.choices.enhance) == (0.5, False)
    assert session.choices.governor is governor, "what the governor has measured is kept"


def test_a_message_asks_to_forget_and_changes_no_settings(ladder: Ladder) -> None:
    session, forgotten = Session(ladder, strength=0.5), list[bool]()
    limits, choices = session.limits, session.choices
    applied = AppliedSettings(ladder, limits, choices, None, SessionSettings(), lambda: forgotten.append(True))
    assert applied.receive('{"type": "forget"}') == {"type": "forgotten"}
    assert forgotten == [True]
    assert applied.settings == SessionSettings()


def test_the_limits_of_the_server_hold(ladder: Ladder) -> None:
    session = Session(ladder, Limits(max_bitrate=1_000_000, output_height=720))
    session.send(max_bitrate=5_000_000)
    assert session.rate.maximum == 1_000_000
    session.send(max_bitrate=None, output_height=None)
    assert session.rate.maximum == 1_000_000
    assert session.choices.output.height == 720


def test_a_student_is_chosen_by_the_name_of_its_rung(ladder: Ladder) -> None:
    session = Session(ladder)
    session.send(student=PASS)
    assert session.choices.governor.rung.name == PASS
    session.send(student="auto")
    assert session.choices.governor.rungs == ladder.rungs


@pytest.mark.parametrize("fields", [{"student": "none such"}, {"strength": 7}, {"wish": 1}, {"max_bitrate": "all"}])
def test_refused_settings_change_nothing(ladder: Ladder, fields: dict[str, Any]) -> None:
    session = Session(ladder, strength=0.5)
    reply = session.send(**fields)
    assert reply["type"] == "refused"
    assert next(iter(fields)) in reply["message"]
    assert session.applied.settings == SessionSettings(strength=0.5)
    assert session.choices.strength == 0.5


def test_an_offer_with_an_unknown_student_is_refused_with_the_names_of_the_students(ladder: Ladder) -> None:
    with pytest.raises(SettingError, match=f"no student 'none such' here, only auto, .*{PASS}"):
        Session(ladder, student="none such")
