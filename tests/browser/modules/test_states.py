"""The message for each state of a call."""

import pytest

DESCRIBE = """async ([state, rate, about]) => {
    const { describe } = await import('/static/states.js');
    const [enhanced, passed, forwarded] = rate ?? [];
    const stats = rate && { rate: { enhanced, passed, forwarded }, passed_reason: 'too slow' };
    const { kind, what, values } = describe(state, { stats, enhance: true, hidden: false, kind: 'camera', ...about });
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
        ([20, 10], "live", "state.partly.what", {"share": 67, "reason": "too slow."}),
        ([0.3, 29.7], "error", "state.partly.what", {"share": 1, "reason": "too slow."}),
        ([0, 30], "error", "state.passed.what", {"reason": "too slow."}),
        ([0, 0, 30], "live", "state.forwarded.what", {"reason": "too slow."}),
        ([20, 0, 10], "live", "state.partly.what", {"share": 67, "reason": "too slow."}),
        ([10, 2, 18], "live", "state.forwarded.what", {"reason": "too slow."}),
    ],
)
def test_the_page_shows_live_only_while_the_server_enhances(modules, rate, kind, what, values):
    assert modules.evaluate(DESCRIBE, ["live", rate, {}]) == [kind, what, values]


@pytest.mark.parametrize(
    ("state", "about", "kind", "what"),
    [
        ("live", {"enhance": False}, "live", "state.off.what"),
        ("live", {"hidden": True}, "live", "state.hidden.what"),
        ("opening", {}, "busy", "state.opening.what"),
        ("opening", {"kind": "screen"}, "busy", "state.opening.screen.what"),
        ("interrupted", {}, "error", "state.interrupted.what"),
    ],
)
def test_other_states_have_their_own_words(modules, state, about, kind, what):
    assert modules.evaluate(DESCRIBE, [state, None, about])[:2] == [kind, what]
