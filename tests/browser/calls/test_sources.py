"""Every video source, and changing it in mid-call."""

from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.acutance_page import HOLD_CONNECTION, LIVE, size_text


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 800x600 that get brighter from left to right, as WebM."""
    path = tmp_path_factory.mktemp("clip") / "clip.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=25, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = 800, 600, "yuv420p"
        for index in range(50):
            ramp = np.tile(np.linspace(20, 220, 800, dtype=np.uint8), (600, 1))
            picture = np.roll(np.stack([ramp] * 3, axis=-1), 4 * index, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def sees_changing_frames(page, wait_ms: int = 400) -> bool:
    seen = set()
    for _ in range(4):
        seen.add(page.measure("enhanced")["fingerprint"])
        page.page.wait_for_timeout(wait_ms)
    return len(seen) >= 3


def expect_size(page, width: int, height: int) -> None:
    for pane in ("original", "enhanced"):
        expect(page.page.locator(f"#{pane}-size")).to_have_text(size_text(width, height), timeout=15_000)


def test_the_sample_clip_needs_no_camera(open_page, server, output):
    # The sample clip must not even ask for a camera.
    page = open_page(server, "navigator.mediaDevices.getUserMedia = () => { throw new Error('touched'); }")
    page.choose("sample")
    page.start()
    expect_size(page, 640, 360)
    assert sees_changing_frames(page)
    assert page.measure("original")["sharpness"] > 100, "it has detail"
    page.page.screenshot(path=output / "sample.png", full_page=True)


def test_a_call_starts_while_the_browser_still_lists_its_devices(open_page, server):
    page = open_page(server, "navigator.mediaDevices.enumerateDevices = () => new Promise(() => {})")
    page.start()
    expect(page.page.locator("#source option:checked")).to_have_text("Default camera")


def test_a_video_file_is_sent_in_its_own_shape(open_page, server, clip):
    page = open_page(server)
    with page.page.expect_file_chooser() as chooser:
        page.choose("file")
    chooser.value.set_files(clip)
    expect(page.page.locator("#file-name")).to_have_text("clip.webm")
    page.start()
    expect_size(page, 480, 360)
    assert sees_changing_frames(page)


def test_a_file_without_video_is_explained_and_another_file_can_be_opened(open_page, server, clip, tmp_path):
    page = open_page(server)
    (tmp_path / "holiday.mp4").write_text("no video")
    page.page.locator("#source").select_option("file")
    page.page.locator("#file").set_input_files(tmp_path / "holiday.mp4")
    page.page.locator("#start").click()
    page.expect_error("cannot be played", "WebM play in most browsers")
    with page.page.expect_file_chooser() as chooser:
        page.page.locator("#status-action").click()
    chooser.value.set_files(clip)
    page.start()


def test_a_file_that_was_not_chosen_is_asked_for(open_page, server):
    page = open_page(server)
    page.choose("file")
    page.page.locator("#start").click()
    page.expect_error("No video file was chosen", "Choose one")
    expect(page.page.locator("#status-action")).to_have_text("Choose a file…")


def test_a_screen_is_shared_and_the_end_of_sharing_explained(open_page, server):
    page = open_page(server)
    page.choose("screen")
    page.start()
    assert sees_changing_frames(page)
    page.page.evaluate(
        "document.getElementById('original-video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    page.expect_error("Sharing was stopped", "share again")


def test_a_screen_that_is_not_shared_is_explained(open_page, server):
    refuse = "navigator.mediaDevices.getDisplayMedia = async () => { throw new DOMException('', 'NotAllowedError'); }"
    page = open_page(server, refuse)
    page.choose("screen")
    page.page.locator("#start").click()
    page.expect_error("No screen or window was shared", "choose one")


def test_the_source_changes_in_mid_call_without_another_connection(open_page, server, clip):
    offers = []
    page = open_page(server)
    page.page.on("request", lambda request: offers.append(request.url) if request.url.endswith("/offer") else None)
    page.start()
    camera = page.page.evaluate_handle("document.getElementById('original-video').srcObject.getVideoTracks()[0]")
    page.choose("sample")
    expect(page.page.locator("#status-what")).to_have_text(LIVE)
    page.until("track => track.readyState === 'ended'", camera)
    assert sees_changing_frames(page)
    page.page.locator("#resolution").select_option("320x180")
    expect_size(page, 320, 180)
    page.page.locator("#file").set_input_files(clip)
    page.page.locator("#source").select_option("file")
    expect_size(page, 240, 180)
    assert len(offers) == 1


def test_the_previous_source_stays_when_another_does_not_open_during_a_call(open_page, server):
    refuse = "navigator.mediaDevices.getDisplayMedia = async () => { throw new DOMException('', 'NotAllowedError'); }"
    page = open_page(server, refuse)
    page.start()
    page.choose("screen")
    expect(page.page.locator("#source-message")).to_have_text("No screen or window was shared.")
    expect(page.page.locator("#status-what")).to_have_text(LIVE)
    assert sees_changing_frames(page)


def test_the_choices_are_kept_for_the_next_visit(open_page, server):
    page = open_page(server)
    page.page.locator("#resolution").select_option("320x180")
    page.page.locator("#framerate").select_option("15")
    page.start()
    expect_size(page, 320, 180)
    source = page.page.locator("#source")
    chosen = source.input_value()
    assert source.locator("option:checked").inner_text() != "Default camera"
    page.page.locator("#stop").click()
    # The fake device is the only camera; its selection must be kept.
    source.dispatch_event("change")
    page.page.reload()
    expect(page.page.locator("#resolution")).to_have_value("320x180")
    expect(page.page.locator("#framerate")).to_have_value("15")
    expect(source).to_have_value(chosen)
    page.choose("sample")
    page.page.reload()
    expect(source).to_have_value("sample")


AUDIO_LEVEL = """async () => {
    const audio = new AudioContext();
    await audio.resume();
    const analyser = audio.createAnalyser();
    audio.createMediaStreamSource(document.getElementById('returned-audio').srcObject).connect(analyser);
    let loudest = 0;
    for (let i = 0; i < 40; i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        const samples = new Float32Array(analyser.fftSize);
        analyser.getFloatTimeDomainData(samples);
        loudest = Math.max(loudest, ...samples.map(Math.abs));
    }
    await audio.close();
    return loudest;
}"""


def test_audio_is_returned_only_with_the_microphone_on_and_is_muted_by_default(open_page, server):
    page = open_page(server, HOLD_CONNECTION)
    page.start()
    tab = page.page
    assert tab.evaluate("held.pc.getSenders().find((sender) => sender.track?.kind === 'audio')") is None
    assert tab.evaluate(AUDIO_LEVEL) < 0.001
    microphone = tab.get_by_role("switch", name="Send the microphone")
    expect(microphone).not_to_be_checked()
    microphone.check()
    page.until("() => held.pc.getSenders().some((sender) => sender.track?.kind === 'audio')")
    # Chromium's fake microphone beeps once a second.
    assert tab.evaluate(AUDIO_LEVEL) > 0.01
    assert tab.evaluate("document.getElementById('returned-audio').muted")
    tab.get_by_role("switch", name="Play the returned audio").check()
    assert not tab.evaluate("document.getElementById('returned-audio').muted")
    microphone.uncheck()
    page.until("() => !held.pc.getSenders().some((sender) => sender.track?.kind === 'audio')")
    expect(tab.locator("#status-what")).to_have_text(LIVE)


def test_a_microphone_that_is_not_allowed_is_explained_and_the_call_continues(open_page, server):
    page = open_page(server)
    page.start()
    page.page.evaluate(
        "void (navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); })"
    )
    page.page.locator("#microphone").click()
    expect(page.page.locator("#audio-message")).to_contain_text("change that in the address bar")
    expect(page.page.locator("#microphone")).not_to_be_checked()
    expect(page.page.locator("#status-what")).to_have_text(LIVE)


def test_a_microphone_that_is_refused_before_a_call_is_explained_and_a_call_starts_without(open_page, server):
    deny = """
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (constraints) => {
            if (constraints.audio) throw new DOMException('', 'NotAllowedError');
            return open(constraints);
        };
    """
    page = open_page(server, deny)
    page.page.locator("#microphone").click()
    expect(page.page.locator("#audio-message")).to_contain_text("change that in the address bar")
    expect(page.page.locator("#microphone")).not_to_be_checked()
    page.start()


def test_a_microphone_that_is_unplugged_is_explained_and_the_call_continues(open_page, server):
    page = open_page(server, HOLD_CONNECTION)
    page.page.locator("#microphone").check()
    page.start()
    page.until("() => held.pc.getSenders().some((sender) => sender.track?.kind === 'audio')")
    page.page.evaluate("""() => {
        const { track } = held.pc.getSenders().find((sender) => sender.track?.kind === 'audio');
        track.dispatchEvent(new Event('ended'));
    }""")
    expect(page.page.locator("#audio-message")).to_contain_text("The microphone stopped")
    expect(page.page.locator("#microphone")).not_to_be_checked()
    page.until("() => !held.pc.getSenders().some((sender) => sender.track?.kind === 'audio')")
    expect(page.page.locator("#status-what")).to_have_text(LIVE)


def test_a_source_chosen_while_another_one_opens_is_the_one_that_is_sent(open_page, server):
    slow = """
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (constraints) => {
            await new Promise((resolve) => { window.grant = resolve; });
            window.camera = (await open(constraints)).getVideoTracks()[0];
            return new MediaStream([window.camera]);
        };
    """
    page = open_page(server, slow)
    page.page.locator("#start").click()
    expect(page.page.locator("#status-what")).to_contain_text("Opening the camera")
    page.choose("sample")
    page.wait_until_live()
    page.page.evaluate("grant()")
    page.until("() => window.camera?.readyState === 'ended'")
    expect(page.page.locator("#status-what")).to_have_text(LIVE)
