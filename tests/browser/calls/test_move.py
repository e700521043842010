"""The page moves to another session when the server asks it to, without a pause in its video."""

from itertools import pairwise

from tests.browser.acutance_page import HOLD_CONNECTION

# Seconds. The target is 0.3 on a host that is not busy; the test prints what it measured.
_LIMIT_S = 5.0

_ASK = """() => {
    held.channel.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ type: 'moving' }) }));
}"""
_OBSERVE = """() => {
    const video = document.getElementById('enhanced-video');
    window.frames = [];
    const count = () => {
        window.frames.push(performance.now());
        video.requestVideoFrameCallback(count);
    };
    video.requestVideoFrameCallback(count);
}"""


def test_the_page_begins_another_session_before_it_ends_the_first(server, open_page):
    page = open_page(server, HOLD_CONNECTION)
    page.start()
    page.wait_until_live()
    tab = page.page
    tab.evaluate(_OBSERVE)
    page.until("() => window.frames.length > 30")
    first = tab.evaluate_handle("held.pc")
    before = tab.evaluate("performance.now()")
    tab.evaluate(_ASK)
    page.until("(first) => held.pc !== first && first.connectionState === 'closed'", first)
    moved = tab.evaluate("performance.now()")
    page.until("(at) => window.frames.filter((t) => t > at).length > 30", moved)
    frames = [at for at in tab.evaluate("window.frames") if at > before]
    gap = max(after - at for at, after in pairwise(frames)) / 1000
    print(f"longest gap {gap:.2f} s")
    assert gap < _LIMIT_S
    page.wait_until_live()
    assert server.health()["sessions"] == 1
    page.stop()
