"""The page before a call, without a server: preview, microphone, address, help."""

import pytest
from playwright.sync_api import expect

SETTINGS = """async (search) => (await import('/static/page/address.js')).settingsIn(search)"""
LEVEL = """async (amplitude) => (await import('/static/sources/level-meter.js')).levelOf(
    Float32Array.from({ length: 2000 }, (_, i) => amplitude * Math.sin(i / 7)))"""
CODECS = """async (codec) => {
    const { chooseCodec } = await import('/static/call/codec.js');
    const pc = new RTCPeerConnection();
    chooseCodec(pc.addTransceiver('video'), codec);
    const { sdp } = await pc.createOffer();
    pc.close();
    return [...new Set([...sdp.matchAll(/a=rtpmap:\\d+ ([\\w-]+)/g)].map(([, name]) => name))];
}"""
ENDED = "document.getElementById('original-video').srcObject === null"


def test_settings_in_the_address(modules):
    assert modules.evaluate(SETTINGS, "") == {"demo": False}
    assert modules.evaluate(SETTINGS, "?source=satellite&line=%00&view=<b>&x=1") == {"demo": False}
    known = {"source": "sample", "line": "half", "view": "divider", "codec": "VP8", "demo": True}
    assert modules.evaluate(SETTINGS, "?source=sample&line=half&view=divider&codec=VP8&demo") == known


def test_the_address_chooses_source_line_view_and_codec(tab, site):
    tab.goto(f"{site}/?source=sample&line=low&view=difference&codec=VP8")
    expect(tab.locator("#source")).to_have_value("sample")
    expect(tab.locator("#codec")).to_have_value("VP8")
    for group, value in (("uplink-presets", "low"), ("stage-view", "difference")):
        expect(tab.locator(f"#{group} [data-value={value}]")).to_have_attribute("aria-pressed", "true")


def test_only_the_chosen_codec_is_offered(modules):
    assert {"VP8", "H264"} <= set(modules.evaluate(CODECS, "auto"))
    assert set(modules.evaluate(CODECS, "VP8")) & {"VP8", "VP9", "H264", "AV1"} == {"VP8"}


def test_a_level_is_relative_to_the_loudest(modules):
    assert modules.evaluate(LEVEL, 0) == 0
    assert modules.evaluate(LEVEL, 2**0.5) == pytest.approx(1, abs=0.01)
    assert modules.evaluate(LEVEL, 2**0.5 / 1000) == pytest.approx(0, abs=0.01)


def test_a_preview_shows_the_source_and_releases_it(modules):
    button = modules.get_by_role("button", name="Preview")
    button.click()
    expect(modules.locator("#status-what")).to_have_text("Preview: only you see this.")
    expect(modules.locator(".original .pane")).to_have_attribute("data-video", "")
    track = modules.evaluate_handle("document.getElementById('original-video').srcObject.getVideoTracks()[0]")
    modules.locator("#source").select_option("sample")
    expect(modules.locator(".original .pane")).to_have_attribute("data-video", "")
    button.click()
    expect(modules.locator("#status-what")).to_have_text("Ready.")
    assert track.evaluate("(camera) => camera.readyState") == "ended"
    assert modules.evaluate(ENDED)


def test_a_preview_without_a_camera_says_why(modules):
    modules.evaluate("""() => {
        navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); };
    }""")
    modules.locator("#source").select_option(index=0)
    modules.get_by_role("button", name="Preview").click()
    expect(modules.locator("#status-what")).to_have_text("No camera was found.")
    expect(modules.get_by_role("button", name="Preview")).to_have_attribute("aria-pressed", "false")


def test_the_microphone_shows_its_level_before_a_call(modules):
    level = modules.locator("#microphone-level")
    switch = modules.get_by_role("switch", name="Send the microphone")
    expect(level).to_be_hidden()
    switch.check()
    expect(level).to_be_visible()
    expect(modules.locator("#microphone-device option").first).to_contain_text("Fake")
    switch.uncheck()
    expect(level).to_be_hidden()


def test_a_disabled_button_keeps_the_focus_until_it_moves_on(modules):
    states = modules.evaluate("""async () => {
        const { disable } = await import('/static/dom.js');
        const button = document.getElementById('stage-freeze');
        const state = () => [button.disabled, button.ariaDisabled, document.activeElement === button];
        button.focus();
        disable(button, true);
        const states = [state()];
        button.blur();
        states.push(state());
        disable(button, false);
        return [...states, state()];
    }""")
    assert states == [[False, "true", True], [True, None, False], [False, None, False]]


def test_mirrored_halves_stay_mirrored_at_the_next_visit(modules):
    canvas = modules.locator("#enhanced-video")
    expect(canvas).to_have_css("scale", "none")
    modules.get_by_role("switch", name="Mirror").check()
    expect(canvas).to_have_css("scale", "-1 1")
    modules.reload()
    expect(modules.get_by_role("switch", name="Mirror")).to_be_checked()
    modules.get_by_role("switch", name="Mirror").uncheck()
    expect(canvas).to_have_css("scale", "none")


def test_help_opens_and_returns_the_focus(modules):
    modules.get_by_role("button", name="Help").click()
    expect(modules.get_by_role("dialog", name="Help")).to_be_visible()
    modules.keyboard.press("Escape")
    expect(modules.get_by_role("button", name="Help")).to_be_focused()
