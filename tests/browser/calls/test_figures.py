"""The figures of the page are plausible, agree with those of the server, and are in the bug report."""

import importlib.metadata
import json
import statistics
from itertools import pairwise

import pytest
from playwright.sync_api import expect

SETTLE_MS = 12_000


@pytest.fixture(scope="module")
def settled(browser, server):
    """A call that has run for a while."""
    from tests.browser.acutance_page import AcutancePage

    tab = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page = AcutancePage(tab, server.url)
    page.open()
    page.start()
    tab.wait_for_timeout(SETTLE_MS)
    yield page
    tab.context.close()
    assert page.faults == []


@pytest.fixture(scope="module")
def copied(settled):
    return settled.report()


def test_frame_rates_agree_with_the_servers(settled):
    """Both sides are read for the same five seconds: on a busy host the rates of other seconds are others."""
    reports = []
    for _ in range(5):
        settled.page.wait_for_timeout(1_000)
        reports.append(settled.report())
    seconds = reports[-1]["seconds"][-5:]
    names = ("sent", "returned", "displayed")
    page = {name: statistics.fmean(second[name] for second in seconds if second[name] is not None) for name in names}
    server = [report["server"]["rate"] for report in reports]
    assert page["sent"] == pytest.approx(statistics.fmean(rate["received"] for rate in server), rel=0.1)
    assert page["returned"] == pytest.approx(statistics.fmean(rate["returned"] for rate in server), rel=0.1)
    assert page["displayed"] <= page["returned"] * 1.1


def test_bit_rates_agree_with_the_servers(settled):
    ups, downs = [], []
    for _ in range(4):
        settled.page.wait_for_timeout(1_000)
        report = settled.report()
        last = report["seconds"][-1]
        ups.append(last["bits-up"] / report["server"]["received_bitrate"])
        downs.append(last["bits-down"] / report["server"]["returned_bitrate"])
    assert statistics.median(ups) == pytest.approx(1, abs=0.1)
    assert statistics.median(downs) == pytest.approx(1, abs=0.1)


def test_the_round_trip_is_longer_than_the_time_in_the_server_and_no_second(copied):
    second = copied["seconds"][-1]
    assert second["in-server"] < second["roundtrip"] <= second["roundtrip-late"] < 1_000
    stages = [second[f"stage-{name}"] for name in ("decode", "wait", "enhance", "encode_wait", "encode")]
    assert sum(stages) == pytest.approx(second["in-server"], rel=0.5)


def test_loopback_loses_no_frame_and_raises_sharpness(copied):
    second = copied["seconds"][-1]
    assert second["loss-up"] == second["loss-down"] == 0
    assert second["sharpness-after"] > second["sharpness-before"] > 0


def test_numbers_are_shown_with_their_units_and_the_plots_have_lines(settled):
    assert settled.text("figure-roundtrip").endswith(" ms")
    assert settled.text("figure-bits-up").endswith("bit/s")
    assert settled.text("figure-loss-up").endswith(" %")
    drawn = settled.page.evaluate("""() => [...document.querySelectorAll('.plot')].map((canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const colours = new Set();
        for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 250) colours.add(data.slice(i, i + 3).join());
        return colours.size;
    })""")
    assert len(drawn) == 5
    # The fidelity is known for the sample clip only.
    assert sum(colours >= 3 for colours in drawn) >= 4
    strokes = settled.page.evaluate(
        "[...document.querySelectorAll('.key path')].map((path) => getComputedStyle(path).stroke)"
    )
    assert strokes
    assert "none" not in strokes, "a line of the legend is invisible"


def test_the_copied_report_has_diagnostics_and_no_personal_data(copied, settled):
    assert copied["version"] == importlib.metadata.version("acutance")
    assert copied["source"]["kind"] == "camera"
    assert copied["source"]["captured"]["width"] == 640
    assert copied["server"]["provider"]
    assert [event["what"] for event in copied["events"]][:4] == ["opening", "connecting", "waiting", "live"]
    assert all(earlier["ago"] > later["ago"] for earlier, later in pairwise(copied["seconds"]))
    text = json.dumps(copied)
    device = settled.page.evaluate(
        "document.getElementById('original-video').srcObject.getVideoTracks()[0].getSettings().deviceId"
    )
    label = settled.page.locator("#source option:checked").inner_text()
    for personal in (device, label, "127.0.0.1", "candidate", "ufrag", "session"):
        assert personal not in text


def test_the_report_can_be_selected_if_the_clipboard_is_not_available(open_page, server):
    page = open_page(server, "navigator.clipboard.writeText = async () => { throw new Error('shut'); }")
    page.page.locator("#copy").click()
    dialog = page.page.get_by_role("dialog", name="Report as JSON")
    expect(dialog).to_be_visible()
    text = json.loads(dialog.get_by_role("textbox").input_value())
    assert text["report"] == "acutance page 2"
    page.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
