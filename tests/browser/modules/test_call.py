"""Messages of the data channel, and when a call is tried again."""

import json

import pytest

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


def test_strange_values_become_unknown(modules):
    strange = {"type": "stats", "bitrate": "much", "size_in": [640], "rate": None, "stages": {"total": 3}, "student": 5}
    read = modules.evaluate(READ, json.dumps(strange))
    assert read["bitrate"] is read["size_in"] is read["student"] is None
    assert read["rate"]["received"] is None
    assert read["stages"]["total"] == {"p50": None, "p95": None}
