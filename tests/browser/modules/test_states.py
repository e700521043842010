"""The message for each state of a call."""

import pytest

from acutance.server.students.governor import Governor
from acutance.server.students.rungs import PASS, Rung
from acutance.server.video.coded_path import _GOOD

PIXELS = 640 * 360
KIND = """async (reason) => (await import('/static/reasons.js')).kindOfReason(reason)"""
DESCRIBE = """async ([state, rate, about]) => {
    const { describe } = await import('/static/states.js');
    const [enhanced, passed, forwarded] = rate ?? [];
    const { passed_reason = 'it is a test', share = 0 } = about;
    const stats = rate && { rate: { enhanced, passed, forwarded }, passed_reason, memory: { share } };
    const usual = { enhance: true, hidden: false, kind: 'camera', edge: false };
    const { kind, what, values } = describe(state, { stats, ...usual, ...about });
    return [kind, what, values ?? null];
}"""


@pytest.mark.parametrize(
    ("rate", "kind", "what", "values"),
    [
        (None, "busy", "state.unreported.what", None),
        ([None, None], "busy", "state.unreported.what", None),
        ([0, 0], "busy", "state.no-frames.what", None),
        ([30, 0], "live", "state.live.what", None),
        ([28, 2], "live", "state.live.what", None),
        ([20, 10], "live", "state.partly.what", {"share": 67, "reason": "it is a test."}),
        ([0.3, 29.7], "error", "state.partly.what", {"share": 1, "reason": "it is a test."}),
        ([0, 30], "error", "state.passed.what", {"reason": "it is a test."}),
        ([0, 0, 30], "live", "state.forwarded.what", {"reason": "it is a test."}),
        ([20, 0, 10], "live", "state.partly.what", {"share": 67, "reason": "it is a test."}),
        ([10, 2, 18], "live", "state.forwarded.what", {"reason": "it is a test."}),
    ],
)
def test_the_page_shows_live_only_while_the_server_enhances(modules, rate, kind, what, values):
    assert modules.evaluate(DESCRIBE, ["live", rate, {}]) == [kind, what, values]


REASONS = [
    ([0, 0, 30], _GOOD, "state.good.what"),
    ([0, 30], "nano takes 50 ms per frame of this size", "state.busy.what"),
    ([0, 0, 30], "with nano enhancing took 40 of 33 ms", "state.busy.what"),
    ([0, 30], "with nano 12 of 60 frames were late", "state.busy.what"),
    ([0, 30], "nothing sharper is remembered; nano takes 50 ms per frame of this size", "state.nothing.what"),
    ([0, 30], "the strength is 0", "state.passed.what"),
]


def test_frames_that_are_not_enhanced_have_their_reason(modules):
    for rate, reason, what in REASONS:
        assert modules.evaluate(DESCRIBE, ["live", rate, {"passed_reason": reason}])[1] == what, reason


def test_detail_from_memory_is_named(modules):
    assert modules.evaluate(DESCRIBE, ["live", [30, 0], {"share": 0.4}])[1] == "state.memory.what"


def test_reasons_of_the_server_are_known(modules):
    for per_frame in (0.025, 0.2):
        governor = Governor([Rung("nano", per_frame / PIXELS), Rung(PASS)])
        governor.begin(at=0.0, pixels=PIXELS, interval=1 / 30)
        assert governor.rung.name == PASS
        assert modules.evaluate(KIND, governor.reason) == "busy"
    assert modules.evaluate(KIND, _GOOD) == "good"
    assert modules.evaluate(KIND, "enhancement is switched off") == "other"


@pytest.mark.parametrize(
    ("state", "about", "kind", "what"),
    [
        ("live", {"enhance": False}, "live", "state.off.what"),
        ("live", {"edge": True}, "live", "state.edge.what"),
        ("live", {"hidden": True}, "live", "state.hidden.what"),
        ("opening", {}, "busy", "state.opening.what"),
        ("opening", {"kind": "screen"}, "busy", "state.opening.screen.what"),
        ("interrupted", {}, "error", "state.interrupted.what"),
    ],
)
def test_other_states_have_their_own_words(modules, state, about, kind, what):
    assert modules.evaluate(DESCRIBE, [state, None, about])[:2] == [kind, what]
