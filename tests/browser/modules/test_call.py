"""Messages of the data channel, and the retries of a call."""

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
    "advised_reduction": 1.5,
    "rtp_offset": 4_000_000_000,
    "rate": {
        "received": 30.0, "enhanced": 29.9, "passed": 0.0, "forwarded": 0.0, "dropped": 0.1, "returned": 29.9,
        "dropped_undecoded": 0.0, "dropped_waiting": 0.1, "dropped_enhanced": 0.0, "dropped_encoding": 0.0,
    },
    "stages": {
        stage: {"p50": 1.0, "p95": 2.0} for stage in ("decode", "wait", "enhance", "encode_wait", "encode", "total")
    },
    "memory": {"share": 0.64, "age": 2.5, "ms": 12.3},
    "learned": 75.0,
    "passed_reason": None,
    "passed_code": None,
}  # fmt: skip


def test_a_report_is_read_whole_and_unknown_fields_are_ignored(modules):
    read = modules.evaluate(READ, json.dumps(STATS | {"from_the_future": 1}))
    rates = STATS["rate"]
    drops = {name.removeprefix("dropped_"): rate for name, rate in rates.items() if name.startswith("dropped_")}
    whole = {name: rate for name, rate in rates.items() if not name.startswith("dropped_")}
    assert read == {name: value for name, value in STATS.items() if name != "session"} | {"rate": whole, "drops": drops}


@pytest.mark.parametrize("data", ["", "{", "null", "[]", '"stats"', '{"type":"other"}', 7, None])
def test_invalid_messages_are_ignored(modules, data):
    assert modules.evaluate(READ, data) is None


def test_a_request_to_restart_the_sender_is_read(modules):
    read = modules.evaluate(READ, json.dumps({"type": "restart_sender", "reason": "no picture"}))
    assert read == {"type": "restart_sender", "reason": "no picture"}


def test_a_request_to_move_is_read(modules):
    assert modules.evaluate(READ, json.dumps({"type": "moving"})) == {"type": "moving"}


def test_applied_and_refused_settings_are_read(modules):
    applied = {
        "type": "applied", "student": "nano", "strength": 0.5, "enhance": False, "remember": False,
        "memory_mask": True, "output_height": 360, "max_bitrate": None,
    }  # fmt: skip
    assert modules.evaluate(READ, json.dumps(applied)) == applied
    refused = {"type": "refused", "message": "there is no student 'x' here"}
    assert modules.evaluate(READ, json.dumps(refused)) == refused


def test_a_mask_of_the_memory_is_read_if_it_has_all_cells(modules):
    mask = {"type": "memory_mask", "columns": 5, "rows": 2, "cells": "wIA="}
    assert modules.evaluate(READ, json.dumps(mask)) == mask | {"cells": [0xC0, 0x80]}
    assert modules.evaluate(READ, json.dumps({"type": "forgotten"})) == {"type": "forgotten"}
    for wrong in ({"columns": 50}, {"rows": -2}, {"columns": 2.5}, {"columns": 1e9}, {"cells": "?"}, {"cells": None}):
        assert modules.evaluate(READ, json.dumps(mask | wrong)) is None, wrong


PAUSES = """async (errors) => {
    const [{ Retries }, { CallError }] = await Promise.all(
        ['reconnect', 'call-error'].map((name) => import(`/static/call/${name}.js`)));
    const retries = new Retries(() => 1);
    return errors.map(([code, retryAfter]) => retries.pauseAfter(new CallError(code, { retryAfter })));
}"""


def test_temporary_errors_are_retried_at_growing_intervals_up_to_a_limit(modules):
    pauses = modules.evaluate(PAUSES, [["connection-lost", None]] * 11)
    assert pauses == [2, 4, 8, 16, 30, 30, 30, 30, 30, 30, None]


def test_a_full_server_is_asked_again_after_its_retry_after(modules):
    assert modules.evaluate(PAUSES, [["full", 12], ["full", None], *[["full", 12]] * 48]) == [12, 5, *[12] * 48]


def test_waiting_for_a_place_uses_up_no_attempts(modules):
    pauses = modules.evaluate(PAUSES, [["full", 5]] * 10 + [["server-unreachable", None]])
    assert pauses == [5] * 10 + [2]


def test_another_network_is_tried_at_once_and_then_as_slowly_as_all_else(modules):
    assert modules.evaluate(PAUSES, [["network-changed", None]] * 3) == [0, 4, 8]


@pytest.mark.parametrize("code", ["denied", "refused", "codec-missing", "no-video", "camera-lost", "insecure"])
def test_permanent_errors_are_not_retried(modules, code):
    assert modules.evaluate(PAUSES, [[code, 5]]) == [None]


def test_invalid_values_become_unknown(modules):
    strange = {"type": "stats", "bitrate": "much", "size_in": [640], "rate": None, "stages": {"total": 3}, "student": 5}
    read = modules.evaluate(READ, json.dumps(strange))
    assert read["bitrate"] is read["size_in"] is read["student"] is None
    assert read["rate"]["received"] is None
    assert read["stages"]["total"] == {"p50": None, "p95": None}


# A server in the page: a second peer connection answers the offer, when the test wants.
SESSION = """
    const [{ Session }, { CallError }] = await Promise.all(
        ['session', 'call-error'].map((name) => import(`/static/call/${name}.js`)));
    const requests = [];
    const heard = [];
    let answered = () => {};
    const release = new Promise((resolve) => (answered = resolve));
    const server = new RTCPeerConnection();
    server.addEventListener('datachannel', ({ channel }) => {
        channel.addEventListener('message', ({ data }) => heard.push(JSON.parse(data)));
    });
    globalThis.fetch = async (address, { method = 'GET', body, signal }) => {
        requests.push(`${method} ${address}`);
        if (method !== 'POST') return new Response('{}');
        const { sdp } = JSON.parse(body);
        await server.setRemoteDescription({ type: 'offer', sdp });
        await server.setLocalDescription();
        while (server.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 10));
        await release;
        const { sdp: answer } = server.localDescription;
        return new Response(JSON.stringify({ sdp: answer, type: 'answer', session: 'x', url: 'session/x' }));
    };
    const track = Object.assign(document.createElement('canvas'), { width: 64, height: 36 })
        .captureStream(1).getVideoTracks()[0];
    const silent = { onStream: () => {}, onStats: () => {}, onResponse: () => {}, onInterrupted: () => {} };
    const session = new Session(track, { iceServers: [], codec: 'auto' }, silent);
    const until = async (test) => {
        for (let i = 0; i < 200 && !test(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
    };
"""

SETTINGS_CHANGED_WHILE_CONNECTING = f"""async () => {{
    {SESSION}
    const connected = session.connect({{ strength: 1 }}, new AbortController().signal);
    await until(() => requests.length > 0);
    session.applySettings({{ strength: 0.5 }});
    session.applySettings({{ student: 'nano' }});
    answered();
    await connected;
    await until(() => heard.length > 0);
    await session.end();
    server.close();
    return heard;
}}"""


def test_settings_that_change_between_the_offer_and_the_channel_are_sent_when_it_opens(modules):
    heard = modules.evaluate(SETTINGS_CHANGED_WHILE_CONNECTING)
    assert heard == [{"type": "control", "strength": 0.5, "student": "nano"}]


LATE_ANSWER = f"""async () => {{
    {SESSION}
    const call = new AbortController();
    const connected = session.connect({{}}, call.signal).catch(({{ name }}) => name);
    await until(() => requests.length > 0);
    call.abort();
    const result = await connected;
    await session.end();
    answered();
    await until(() => requests.length > 1);
    server.close();
    return {{ result, requests }};
}}"""


def test_an_answer_after_the_end_ends_the_session_that_it_names(modules):
    done = modules.evaluate(LATE_ANSWER)
    assert done == {"result": "AbortError", "requests": ["POST offer", "DELETE session/x"]}


UNANSWERED = """async () => {
    const { request } = await import('/static/call/access.js');
    const aborted = [];
    globalThis.fetch = (address, { signal }) => new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
            aborted.push(address);
            reject(signal.reason);
        });
    });
    const result = await request('ice-servers', {}, new AbortController().signal, 20).catch(({ code }) => code);
    return { result, aborted };
}"""


def test_a_server_that_does_not_respond_is_abandoned(modules):
    assert modules.evaluate(UNANSWERED) == {"result": "server-unreachable", "aborted": ["ice-servers"]}


ADVICE = """async ([scales, advised]) => {
    const { UplinkSender } = await import('/static/uplink/sender.js');
    const sent = [];
    const sender = {
        getParameters: () => ({ encodings: [{}] }),
        setParameters: async ({ encodings }) => sent.push(encodings[0].scaleResolutionDownBy),
    };
    const uplink = new UplinkSender(sender);
    for (const [i, scale] of scales.entries()) {
        await uplink.apply({ maxBitrate: null, scale, softness: 1 });
        uplink.follow(advised[i]);
        await new Promise((resolve) => setTimeout(resolve));
    }
    return sent;
}"""


def test_the_advised_size_is_sent_where_the_user_has_chosen_full_size(modules):
    assert modules.evaluate(ADVICE, [[1, 1, 1], [1, 2, 1]]) == [1, 1, 2, 2, 1]
    assert modules.evaluate(ADVICE, [[3, 1], [2, 2]]) == [3, 2], "what the user chose holds"
