"""The counters of the browser, and their plots."""

import pytest

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


def test_counters_of_the_browser_become_rates_and_missing_ones_are_unknown(modules):
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


REPORT = """async (events) => {
    const { bugReport } = await import('/static/figures/bug-report.js');
    const source = { kind: 'camera', deviceId: '', file: null, size: [640, 360], framerate: 30 };
    const about = { source, track: null, uplink: {}, settings: {}, server: null, seconds: [] };
    return bugReport({ version: '1.2.3', events: events.map((event) => ({ at: 0, ...event })), ...about });
}"""


def test_a_bug_report_has_the_version_and_the_details_of_errors(modules):
    events = [{"what": "live"}, {"what": "camera-failed", "detail": "as the test wants"}]
    report = modules.evaluate(REPORT, events)
    assert report["version"] == "1.2.3"
    assert [(event["what"], event.get("detail")) for event in report["events"]] == [
        ("live", None),
        ("camera-failed", "as the test wants"),
    ]


@pytest.mark.parametrize(
    ("detail", "kept"),
    [
        ("cannot reach https://user:secret@acutance.example.org:8080/offer", "cannot reach https://…/offer"),
        ("no route to 192.0.2.17", "no route to …"),
        ("no route to 2001:db8::17", "no route to …"),
        ("no decoder after 12:34", "no decoder after 12:34"),
    ],
)
def test_a_bug_report_names_no_address(modules, detail, kept):
    assert modules.evaluate(REPORT, [{"what": "refused", "detail": detail}])["events"][0]["detail"] == kept
