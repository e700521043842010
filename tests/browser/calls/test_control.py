"""Settings over the data channel: the request, the reply, and the effect on the returned video."""

import os
import re
import statistics

import pytest
from playwright.sync_api import expect

from tests.browser.acutance_page import HOLD_CONNECTION, LIVE
from tests.browser.real_server import running_server

SWITCHES = int(os.environ.get("SWITCHES", "6"))
DIFFERENCE = """() => {
    const canvas = document.createElement('canvas');
    const [width, height] = [640, 360];
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const pixels = ['original', 'enhanced'].map((name) => {
        context.drawImage(document.getElementById(`${name}-canvas`), 0, 0, width, height);
        return context.getImageData(0, 0, width, height).data;
    });
    return pixels[0].reduce((sum, value, i) => sum + Math.abs(value - pixels[1][i]), 0) / pixels[0].length;
}"""


# Share of the cells of the overlay that are marked.
MARKED = """() => {
    const canvas = document.getElementById('memory-canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length / (canvas.width * canvas.height);
}"""


@pytest.fixture(scope="module")
def family(chromium_program, tmp_path_factory):
    """A server with every student that ships."""
    log = tmp_path_factory.mktemp("family") / "server.log"
    with running_server(log, "--student", "auto") as server:
        yield server


@pytest.fixture
def live(open_page, family):
    page = open_page(family, HOLD_CONNECTION)
    page.start()
    return page


def shown(page, element: str) -> None:
    return expect(page.page.locator(f"#{element}"))


def test_the_page_shows_the_figures_that_the_server_reports_elsewhere(live, family):
    health = family.health()
    shown(live, "server-student").to_have_text(re.compile("|".join([*health["students"], "pass-through"])))
    shown(live, "server-provider").to_have_text(health["provider"])
    shown(live, "server-encoder").to_have_text(re.compile("^(H264|VP8), "))
    shown(live, "server-bitrate").to_have_text(re.compile("bit/s$"))
    shown(live, "server-provider-note").to_contain_text((health["provider_note"] or "").rstrip("."))
    options = live.page.locator("#student option").all_inner_texts()
    assert options[0] == "Automatic"
    assert set(health["students"]) <= set(options)


def test_another_student_can_be_selected(live):
    live.page.get_by_label("Student").select_option("nano")
    shown(live, "server-student").to_have_text("nano", timeout=5_000)


def test_enhancement_switched_off_is_shown_and_the_video_is_returned_unchanged(live):
    live.page.get_by_label("Student").select_option("nano")
    shown(live, "server-student").to_have_text("nano", timeout=5_000)
    live.page.wait_for_timeout(1_500)
    enhanced = live.page.evaluate(DIFFERENCE)
    live.page.get_by_role("switch", name="Enhance the video").click()
    shown(live, "status-what").to_have_text("Live, with enhancement switched off.")
    shown(live, "server-passed-reason").to_contain_text("Passed through unenhanced", timeout=5_000)
    live.page.wait_for_timeout(1_500)
    assert live.page.evaluate(DIFFERENCE) < enhanced
    live.page.get_by_role("switch", name="Enhance the video").click()
    shown(live, "status-what").to_have_text(LIVE)


INBOUND = """async () => {
    const report = [...(await held.pc.getStats()).values()];
    const video = report.find((each) => each.type === 'inbound-rtp' && each.kind === 'video');
    return Object.fromEntries(['framesDecoded', 'framesReceived', 'pliCount'].map((name) => [name, video[name]]));
}"""

# The longest time between two frames that the video element shows, in milliseconds.
GAPS = """() => {
    const video = document.getElementById('enhanced-video');
    let last = null;
    window.longestGap = 0;
    const note = (now) => {
        if (last !== null) window.longestGap = Math.max(window.longestGap, now - last);
        last = now;
        video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
}"""


def test_what_is_not_enhanced_is_forwarded_and_each_switch_leaves_the_decoder_in_step(live):
    live.page.get_by_label("Student").select_option("nano")
    shown(live, "server-student").to_have_text("nano", timeout=5_000)
    live.page.evaluate(GAPS)
    before = live.page.evaluate(INBOUND)
    for _ in range(SWITCHES // 2):
        for encoder in ("none: forwarded as received", "x264|libvpx"):
            live.page.get_by_role("switch", name="Enhance the video").click()
            shown(live, "server-encoder").to_contain_text(re.compile(encoder), timeout=10_000)
    after = live.page.evaluate(INBOUND)
    gap = live.page.evaluate("longestGap")
    print(f"{SWITCHES} switches, longest gap {gap:.0f} ms", before, after)
    decoded = after["framesDecoded"] - before["framesDecoded"]
    assert decoded > 0.9 * (after["framesReceived"] - before["framesReceived"])
    assert gap < 2_000
    # Chromium asks for a keyframe when it cannot decode a frame.
    assert after["pliCount"] == before["pliCount"]


def difference(page) -> float:
    """Return the median difference of the two halves, which show the same frame."""
    values = []
    for _ in range(5):
        values.append(page.page.evaluate(DIFFERENCE))
        page.page.wait_for_timeout(200)
    return statistics.median(values)


def test_the_strength_ranges_from_0_to_150_percent(live):
    live.page.get_by_label("Student").select_option("nano")
    shown(live, "server-student").to_have_text("nano", timeout=5_000)
    slider = live.page.get_by_role("slider", name="Strength")
    expect(slider).to_have_attribute("aria-valuetext", "100 %")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "150 %")
    live.page.wait_for_timeout(2_000)
    strong = difference(live)
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0 %")
    live.page.wait_for_timeout(2_000)
    none = difference(live)  # of another encoding only
    print(strong, none)
    assert strong > 1.2 * none


def test_the_returned_bit_rate_keeps_under_its_ceiling(live):
    slider = live.page.get_by_role("slider", name="Maximum returned bit rate")
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "150 kbit/s")
    # The estimate of the browser may be a little lower and then is the limit.
    shown(live, "server-bitrate").to_have_text(re.compile(r"^1([0-4]\d|50) kbit/s$"), timeout=5_000)
    live.page.wait_for_timeout(4_000)
    assert live.text("figure-bits-down").endswith(" kbit/s")
    assert live.number("figure-bits-down") < 250


def test_a_refusal_is_shown_in_the_servers_words(live):
    live.page.evaluate("""held.channel.send(JSON.stringify({ type: 'control', student: 'einstein' }))""")
    shown(live, "control-refused").to_contain_text("The server refused: there is no student 'einstein' here")
    live.page.get_by_label("Student").select_option("nano")
    shown(live, "control-refused").to_be_empty()


def test_settings_from_before_the_call_go_with_the_offer(open_page, family):
    page = open_page(family)
    page.page.get_by_role("switch", name="Enhance the video").click()
    with page.page.expect_request("**/offer") as offer:
        page.page.locator("#start").click()
    assert offer.value.post_data_json["settings"]["enhance"] is False
    assert offer.value.post_data_json["settings"]["output_height"] == 360
    shown(page, "status-what").to_have_text("Live, with enhancement switched off.", timeout=30_000)


def test_what_is_remembered_is_shown_marked_and_forgotten(live, output):
    live.page.get_by_label("Student").select_option("nano")
    shown(live, "server-memory").to_have_text("nothing", timeout=5_000)
    live.page.get_by_role("button", name="Half size").click()
    shown(live, "server-memory").to_contain_text("of the picture, learned", timeout=30_000)
    overlay = live.page.locator("#memory-canvas")
    expect(overlay).to_be_hidden()
    live.page.get_by_role("switch", name="Mark what comes from earlier frames").click()
    expect(overlay).to_be_visible(timeout=10_000)
    assert 0 < live.page.evaluate(MARKED) <= 1
    live.page.screenshot(path=output / "memory-overlay.png", full_page=True)
    live.page.get_by_role("switch", name="Mark what comes from earlier frames").click()
    expect(overlay).to_be_hidden()
    live.page.get_by_role("button", name="Forget earlier frames").click()
    shown(live, "forget-message").to_have_text("Forgotten.", timeout=5_000)
    shown(live, "server-memory").to_have_text("nothing", timeout=5_000)
    live.page.get_by_role("switch", name="Use earlier frames of the call").click()
    shown(live, "server-memory").to_have_text("nothing", timeout=5_000)
    live.page.wait_for_timeout(2_000)
    shown(live, "server-memory").to_have_text("nothing")
