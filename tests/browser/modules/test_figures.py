"""What the browser counts, and its plots."""

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
