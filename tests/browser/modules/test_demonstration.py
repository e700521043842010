"""The order of events in "Show me the difference", with a clock of its own."""

RUN = """async (acts) => {
    const { Demonstration } = await import('/static/demo/demonstration.js');
    const log = [];
    let release = () => {};
    const note = (name) => (value) => { log.push(value === undefined ? name : `${name} ${value}`); };
    const names = ['start', 'connect', 'whole', 'close', 'caption'];
    const parts = Object.fromEntries(names.map((name) => [name, note(name)]));
    parts.wait = (ms, signal) => new Promise((resolve, reject) => {
        release = () => { log.push('waited'); resolve(); };
        signal.addEventListener('abort', reject);
    });
    const demonstration = new Demonstration(parts);
    for (const act of acts) {
        if (act === 'run') demonstration.run();
        if (act === 'live') demonstration.live = true;
        if (act === 'wait') release();
        if (act === 'end') demonstration.end();
        await new Promise((resolve) => setTimeout(resolve));
    }
    return log;
}"""

BEGIN = ["caption start", "connect good", "whole", "start"]
GOOD = ["caption good"]
POOR = ["waited", "connect half", "caption poor"]


SCENES = {
    "waits for the call": (["run"], BEGIN),
    "to its end": (["run", "live", "wait", "wait"], [*BEGIN, *GOOD, *POOR, "waited", "close"]),
    "in a call": (["live", "run", "wait"], [*BEGIN, *GOOD, *POOR]),
    "ended": (["run", "live", "end", "wait"], [*BEGIN, *GOOD, "caption null", "waited"]),
    "ended before the call": (["run", "end", "live"], [*BEGIN, "caption null"]),
    "again": (["live", "run", "run"], [*BEGIN, *GOOD, "caption null", *BEGIN, *GOOD]),
}


def test_a_good_connection_is_followed_by_a_poor_one(modules):
    for name, (acts, log) in SCENES.items():
        assert modules.evaluate(RUN, acts) == log, name
