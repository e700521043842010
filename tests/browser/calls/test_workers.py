"""The page in a call whose worker process is killed: it begins a new session on another worker."""

import os
import signal
from itertools import pairwise

from tests.browser.acutance_page import HOLD_CONNECTION
from tests.browser.real_server import running_server

# The target is 3 s on a host that is not busy; the test prints what it measured.
_LIMIT_S = 15.0

_OBSERVE = """() => {
    const video = document.getElementById('enhanced-video');
    window.frames = [];
    const count = () => {
        window.frames.push(performance.now());
        video.requestVideoFrameCallback(count);
    };
    video.requestVideoFrameCallback(count);
}"""


def test_the_call_is_back_after_its_worker_was_killed(open_page, tmp_path):
    log = tmp_path / "server.log"
    with running_server(log, "--workers", "2") as server:
        page = open_page(server, HOLD_CONNECTION)
        page.start()
        tab = page.page
        tab.evaluate(_OBSERVE)
        page.until("() => window.frames.length > 30")
        carrier = next(each for each in server.health()["workers"] if each["sessions"])
        before = tab.evaluate("performance.now()")
        first = tab.evaluate_handle("held.pc")
        os.kill(carrier["pid"], signal.SIGKILL)
        page.until("(at) => window.frames.filter((t) => t > at + 1000).length > 30", before, _LIMIT_S + 10)
        frames = [at for at in tab.evaluate("window.frames") if at > before - 500]
        gap = max(after - at for at, after in pairwise(frames)) / 1000
        print(f"longest gap {gap:.2f} s")
        assert gap < _LIMIT_S
        assert tab.evaluate("(first) => held.pc !== first", first)
        page.wait_until_live()
        health = server.health()
        assert health["sessions"] == 1
        assert carrier["name"] not in [each["name"] for each in health["workers"]]
        page.stop()
    assert f"worker {carrier['name']} has ended with code -9" in log.read_text()
