"""A short call in Firefox, if it is installed."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.browser.firefox import MISSING, Tab, find_firefox, running_firefox
from tests.browser.real_server import Server, running_server

STATUS = "document.getElementById('status-box').dataset.kind"
PICTURE = """(() => {
    const video = document.getElementById('enhanced-video');
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 64, 36);
    return context.getImageData(0, 0, 64, 36).data.reduce((sum, value, i) => sum + value * (i % 251), 0);
})()"""


SWITCHES = int(os.environ.get("SWITCHES", "4"))
KEEP = """(() => {
    const { addTransceiver } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.addTransceiver = function (...values) {
        window.kept = this;
        return addTransceiver.apply(this, values);
    };
})()"""
INBOUND = """(async () => [...(await window.kept.getStats()).values()]
    .find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video'))()"""
FOLLOW = """(() => {
    const video = document.getElementById('enhanced-video');
    window.gaps = [];
    let last = null;
    const note = (now) => {
        if (last !== null) window.gaps.push(now - last);
        last = now;
        video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
})()"""


@asynccontextmanager
async def live(tmp_path: Path, source: str, *options: str) -> AsyncIterator[tuple[Tab, Server]]:
    """Run a server and a call in Firefox until the block ends."""
    program = find_firefox()
    if program is None:
        pytest.skip(MISSING)
    profile = tmp_path / "profile"
    profile.mkdir()
    with running_server(tmp_path / "server.log", *options) as server:
        async with running_firefox(program, profile) as tab:
            await tab.open(server.url)
            await tab.wait_for("document.documentElement.dataset.filled === ''", 60)
            await tab.evaluate(KEEP)
            if source == "sample":
                await tab.evaluate("""(() => {
                    const select = document.getElementById('source');
                    select.value = 'sample';
                    select.dispatchEvent(new Event('change'));
                })()""")
            await tab.evaluate("document.getElementById('start').click()")
            await tab.wait_for(f"{STATUS} === 'live'", 60)
            yield tab, server


@pytest.mark.parametrize("source", ["camera", "sample"])
async def test_start_see_frames_switch_stop(tmp_path: Path, source: str):
    async with live(tmp_path, source, "--student", "nano") as (tab, server):
        pictures: set[float] = set()
        async with asyncio.timeout(30):
            while len(pictures) < 3:  # the enhanced picture moves
                await asyncio.sleep(0.5)
                pictures.add(await tab.evaluate(PICTURE))
        await tab.wait_for("parseFloat(document.getElementById('figure-returned').textContent) > 5", 30)
        # Both halves show the same frame; else its way could not be measured.
        await tab.wait_for("document.getElementById('original-what').textContent === 'as it was sent'", 30)
        await tab.wait_for("parseFloat(document.getElementById('figure-roundtrip').textContent) > 0", 30)
        if source == "sample":
            await switch_between_forwarding_and_encoding(tab)
        await tab.evaluate("document.getElementById('stop').click()")
        await tab.wait_for(f"{STATUS} === 'idle'", 30)
        assert server.health()["sessions"] == 0


async def switch_between_forwarding_and_encoding(tab: Tab) -> None:
    """Each switch leaves the decoder in step: it asks for no keyframe, and no frame is missing for long."""
    await tab.evaluate(FOLLOW)
    before = await tab.evaluate(INBOUND)
    for _ in range(SWITCHES // 2):
        for encoder in ("forwarded", "libvpx"):
            await tab.evaluate("document.getElementById('enhance').click()")
            await tab.wait_for(f"document.getElementById('server-encoder').textContent.includes('{encoder}')", 30)
    after = await tab.evaluate(INBOUND)
    gaps = sorted(await tab.evaluate("window.gaps"))
    print(f"{SWITCHES} switches, {len(gaps)} frames, longest gaps {[round(gap) for gap in gaps[-3:]]} ms")
    decoded = after["framesDecoded"] - before["framesDecoded"]
    assert decoded > 0.9 * (after["framesReceived"] - before["framesReceived"])
    assert after["pliCount"] == before["pliCount"]
    assert gaps[-1] < 2_000
