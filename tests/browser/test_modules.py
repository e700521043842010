"""Modules of the page alone, in the browser that runs them, on made-up time and messages."""

import json

import pytest

RATE = """async (samples) => {
    const { SlidingRate } = await import('/static/framerate.js');
    const rate = new SlidingRate();
    return samples.map(([now, count]) => {
        if (count !== null) rate.add(now, count);
        return rate.read(now);
    });
}"""

READ = "async (data) => (await import('/static/telemetry.js')).readMessage(data)"

STATS = {
    "type": "stats",
    "session": "s",
    "codec": "H264",
    "encoder": "x264 superfast",
    "bitrate": 1380000,
    "student": "small",
    "rung_reason": None,
    "provider": "CPU",
    "provider_note": None,
    "size_in": [640, 360],
    "size_out": [640, 360],
    "rtp_offset": 4_000_000_000,
    "rate": {"received": 30.0, "enhanced": 29.9, "passed": 0.0, "dropped": 0.1, "returned": 29.9},
    "stages": {
        stage: {"p50": 1.0, "p95": 2.0} for stage in ("decode", "wait", "enhance", "encode_wait", "encode", "total")
    },
    "passed_reason": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def modules(browser, server):
    page = browser.new_page()
    page.goto(server.url)
    yield page
    page.close()


def test_a_rate_is_of_frames_not_of_callbacks(modules):
    # Every second callback was missed; the count went on by two.
    samples = [[i * 66.7, 2 * i] for i in range(31)]
    assert modules.evaluate(RATE, samples)[-1] == pytest.approx(30, abs=0.1)


def test_a_rate_is_unknown_until_half_a_second_was_seen(modules):
    assert modules.evaluate(RATE, [[0, 0], [100, 3], [400, 12]]) == [None, None, None]


def test_a_rate_falls_to_nothing_when_the_frames_stop(modules):
    samples = [[i * 100, 3 * i] for i in range(11)]
    running, slower, silent = modules.evaluate(RATE, [*samples, [2000, None], [3100, None]])[-3:]
    assert running == pytest.approx(30, abs=0.1)
    assert slower == pytest.approx(15, abs=0.1)
    assert silent == 0


def test_a_rate_begins_anew_when_the_count_does(modules):
    samples = [[0, 500], [600, 518], [700, 1], [1300, 19]]
    assert modules.evaluate(RATE, samples)[-1] == pytest.approx(30, abs=0.1)


def test_a_report_is_read_whole_and_unknown_fields_are_ignored(modules):
    read = modules.evaluate(READ, json.dumps(STATS | {"from_the_future": 1}))
    assert read == {name: value for name, value in STATS.items() if name != "session"}


@pytest.mark.parametrize("data", ["", "{", "null", "[]", '"stats"', '{"type":"other"}', 7, None])
def test_what_is_no_message_is_ignored(modules, data):
    assert modules.evaluate(READ, data) is None


def test_a_request_to_restart_the_sender_is_read(modules):
    read = modules.evaluate(READ, json.dumps({"type": "restart_sender", "reason": "no picture"}))
    assert read == {"type": "restart_sender", "reason": "no picture"}


def test_strange_values_become_unknown(modules):
    strange = {"type": "stats", "bitrate": "much", "size_in": [640], "rate": None, "stages": {"total": 3}, "student": 5}
    read = modules.evaluate(READ, json.dumps(strange))
    assert read["bitrate"] is read["size_in"] is read["student"] is None
    assert read["rate"]["received"] is None
    assert read["stages"]["total"] == {"p50": None, "p95": None}
