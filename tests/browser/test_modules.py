"""Modules of the page alone, in the browser that runs them, on made-up time and messages."""

import json
import re

import pytest

RATE = """async (samples) => {
    const { SlidingRate } = await import('/static/framerate.js');
    const rate = new SlidingRate();
    return samples.map(([now, count]) => {
        if (count !== null) rate.add(now, count);
        return rate.read(now);
    });
}"""

READ = "async (data) => (await import('/static/call/telemetry.js')).readMessage(data)"

STATS = {
    "type": "stats",
    "session": "s",
    "codec": "H264",
    "encoder": "x264 superfast",
    "bitrate": 1380000,
    "received_bitrate": 340000,
    "returned_bitrate": 1350000,
    "student": "small",
    "students": ["small", "nano", "pass-through"],
    "rung_reason": None,
    "provider": "CPU",
    "provider_note": None,
    "size_in": [640, 360],
    "size_out": [640, 360],
    "rtp_offset": 4_000_000_000,
    "rate": {
        "received": 30.0, "enhanced": 29.9, "passed": 0.0, "dropped": 0.1, "returned": 29.9,
        "dropped_undecoded": 0.0, "dropped_waiting": 0.1, "dropped_enhanced": 0.0, "dropped_encoding": 0.0,
    },
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
    rates = STATS["rate"]
    drops = {name.removeprefix("dropped_"): rate for name, rate in rates.items() if name.startswith("dropped_")}
    whole = {name: rate for name, rate in rates.items() if not name.startswith("dropped_")}
    assert read == {name: value for name, value in STATS.items() if name != "session"} | {"rate": whole, "drops": drops}


@pytest.mark.parametrize("data", ["", "{", "null", "[]", '"stats"', '{"type":"other"}', 7, None])
def test_what_is_no_message_is_ignored(modules, data):
    assert modules.evaluate(READ, data) is None


def test_a_request_to_restart_the_sender_is_read(modules):
    read = modules.evaluate(READ, json.dumps({"type": "restart_sender", "reason": "no picture"}))
    assert read == {"type": "restart_sender", "reason": "no picture"}


def test_what_the_server_grants_and_refuses_is_read(modules):
    applied = {
        "type": "applied", "student": "nano", "strength": 0.5, "enhance": False, "output_height": 360,
        "max_bitrate": None,
    }  # fmt: skip
    assert modules.evaluate(READ, json.dumps(applied)) == applied
    refused = {"type": "refused", "message": "there is no student 'x' here"}
    assert modules.evaluate(READ, json.dumps(refused)) == refused


PAUSES = """async ([code, retryAfter, tries]) => {
    const [{ pauseBefore }, { Trouble }] = await Promise.all(
        ['reconnect', 'trouble'].map((name) => import(`/static/call/${name}.js`)));
    return tries.map((count) => pauseBefore(new Trouble(code, { retryAfter }), count, () => 1));
}"""


def test_what_goes_away_by_itself_is_tried_again_ever_more_slowly_and_not_for_ever(modules):
    pauses = modules.evaluate(PAUSES, ["connection-lost", None, list(range(1, 12))])
    assert pauses == [2, 4, 8, 16, 30, 30, 30, 30, 30, 30, None]


def test_a_full_server_is_asked_again_when_it_said_so(modules):
    assert modules.evaluate(PAUSES, ["full", 12, [1, 50]]) == [12, 12]
    assert modules.evaluate(PAUSES, ["full", None, [1]]) == [5]


@pytest.mark.parametrize("code", ["denied", "refused", "codec-missing", "no-picture", "camera-lost", "insecure"])
def test_what_only_the_user_can_change_is_not_tried_again(modules, code):
    assert modules.evaluate(PAUSES, [code, 5, [1]]) == [None]


FLOWS = """async ([before, after]) => {
    const { between, counters } = await import('/static/figures/flows.js');
    const moment = ({ at, entries }) => counters(new Map(entries.map((entry, i) => [i, entry])), at);
    return between(moment(before), moment(after));
}"""


def moment(at: int, frames: int, packets: int, lost: int) -> dict[str, object]:
    return {
        "at": at,
        "entries": [
            {"type": "media-source", "kind": "video", "frames": frames},
            {"type": "outbound-rtp", "kind": "audio", "framesSent": 9, "bytesSent": 9},
            {"type": "outbound-rtp", "kind": "video", "framesSent": frames, "framesEncoded": frames,
             "bytesSent": packets * 1000, "headerBytesSent": packets * 20, "packetsSent": packets,
             "totalEncodeTime": frames * 0.004, "qualityLimitationReason": "bandwidth"},
            {"type": "remote-inbound-rtp", "kind": "video", "packetsLost": lost},
            {"type": "candidate-pair", "nominated": True, "state": "succeeded", "currentRoundTripTime": 0.02},
        ],
    }  # fmt: skip


def test_what_the_browser_counts_becomes_rates_and_what_it_does_not_count_is_unknown(modules):
    flows = modules.evaluate(FLOWS, [moment(1_000, 100, 1_000, 10), moment(3_000, 160, 1_100, 15)])
    assert flows["captured"] == flows["sent"] == pytest.approx(30)
    assert flows["sentBitrate"] == pytest.approx(100 * 1020 * 8 / 2)
    assert flows["sentLoss"] == pytest.approx(0.05)
    assert flows["encodeMs"] == pytest.approx(4)
    assert flows["networkMs"] == pytest.approx(20)
    assert flows["limitedBy"] == "bandwidth"
    assert flows["returned"] is flows["returnedBitrate"] is flows["returnedLoss"] is flows["bufferMs"] is None


CEILING = "async (value) => (await import('/static/figures/plot.js')).ceiling(value)"


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.7, 1), (1.2, 2), (27, 30), (31, 50), (51, 100), (1.9e6, 2e6)])
def test_a_plot_ends_at_a_round_number_above_its_values(modules, value, top):
    assert modules.evaluate(CEILING, value) == pytest.approx(top)


TEXTS = """async () => {
    const [en, de] = await Promise.all(['en', 'de'].map((name) => import(`/static/texts/${name}.js`)));
    return { en: en.default, de: de.default };
}"""


def test_both_languages_have_every_text_with_the_same_places_to_fill(modules):
    texts = modules.evaluate(TEXTS)
    assert texts["en"].keys() == texts["de"].keys()
    for key, english in texts["en"].items():
        german = texts["de"][key]
        assert german
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", german)), key


def test_strange_values_become_unknown(modules):
    strange = {"type": "stats", "bitrate": "much", "size_in": [640], "rate": None, "stages": {"total": 3}, "student": 5}
    read = modules.evaluate(READ, json.dumps(strange))
    assert read["bitrate"] is read["size_in"] is read["student"] is None
    assert read["rate"]["received"] is None
    assert read["stages"]["total"] == {"p50": None, "p95": None}
