"""The message for each state of a call."""

from typing import get_args

import pytest

from acutance.server.video.pass_reason import Code

DESCRIBE = """async ([state, rate, about]) => {
    const { describe } = await import('/static/states.js');
    const [enhanced, passed, forwarded] = rate ?? [];
    const { passed_code = null, share = 0 } = about;
    const reason = { passed_reason: 'it is a test', passed_code };
    const stats = rate && { rate: { enhanced, passed, forwarded }, ...reason, memory: { share } };
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
    ([0, 0, 30], "good", "state.good.what"),
    ([0, 0, 30], "bits", "state.bits.what"),
    ([0, 30], "busy", "state.busy.what"),
    ([0, 0, 30], "busy", "state.busy.what"),
    ([0, 30], "nothing", "state.nothing.what"),
    ([0, 30], "off", "state.passed.what"),
    ([0, 0, 30], "failed", "state.forwarded.what"),
    ([0, 30], None, "state.passed.what"),
]


def test_frames_that_are_not_enhanced_have_their_reason(modules):
    for rate, code, what in REASONS:
        assert modules.evaluate(DESCRIBE, ["live", rate, {"passed_code": code}])[1] == what, code


def test_detail_from_memory_is_named(modules):
    assert modules.evaluate(DESCRIBE, ["live", [30, 0], {"share": 0.4}])[1] == "state.memory.what"


def test_the_codes_of_the_server_are_known(modules):
    read = modules.evaluate(
        """async (codes) => {
        const { readMessage } = await import('/static/call/telemetry.js');
        return codes.map((passed_code) => readMessage(JSON.stringify({ type: 'stats', passed_code })).passed_code);
    }""",
        [*get_args(Code), "newer"],
    )
    assert read == [*get_args(Code), None]


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
