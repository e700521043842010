"""Settings sent while a slider is dragged, with the clock of the browser stopped."""

THROTTLED = """async (calls) => {
    const { throttled } = await import('/static/throttle.js');
    let now = 0;
    const timers = [];
    globalThis.setTimeout = (run, ms) => timers.push({ at: now + ms, run });
    const runs = [];
    const call = throttled(() => runs.push(now), 150);
    for (now = 0; now <= 2_000; now += 10) {
        for (const timer of timers.splice(0)) (timer.at <= now ? timer.run() : timers.push(timer));
        if (calls.includes(now)) call();
    }
    return runs;
}"""


def test_a_drag_is_followed_while_it_lasts_and_to_its_end(modules):
    dragged = modules.evaluate(THROTTLED, list(range(0, 501, 10)))
    assert dragged == [0, 150, 300, 450, 600]


def test_single_changes_count_at_once(modules):
    assert modules.evaluate(THROTTLED, [100, 1_000]) == [100, 1_000]
    assert modules.evaluate(THROTTLED, [100, 110]) == [100, 250]
