"""A short call in Firefox, if it is installed."""

import asyncio
from pathlib import Path

import pytest

from tests.browser.firefox import MISSING, find_firefox, running_firefox
from tests.browser.real_server import running_server

STATUS = "document.getElementById('status-box').dataset.kind"
PICTURE = """(() => {
    const video = document.getElementById('enhanced-video');
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 64, 36);
    return context.getImageData(0, 0, 64, 36).data.reduce((sum, value, i) => sum + value * (i % 251), 0);
})()"""


@pytest.mark.parametrize("source", ["camera", "sample"])
async def test_start_see_frames_stop(tmp_path: Path, source: str):
    program = find_firefox()
    if program is None:
        pytest.skip(MISSING)
    profile = tmp_path / "profile"
    profile.mkdir()
    with running_server(tmp_path / "server.log") as server:
        async with running_firefox(program, profile) as tab:
            await tab.open(server.url)
            await tab.wait_for("document.documentElement.dataset.filled === ''", 10)
            if source == "sample":
                await tab.evaluate("""(() => {
                    const select = document.getElementById('source');
                    select.value = 'sample';
                    select.dispatchEvent(new Event('change'));
                })()""")
            await tab.evaluate("document.getElementById('start').click()")
            await tab.wait_for(f"{STATUS} === 'live'", 40)
            pictures = set()
            for _ in range(5):
                await asyncio.sleep(0.5)
                pictures.add(await tab.evaluate(PICTURE))
            assert len(pictures) >= 3, "the enhanced picture moves"
            await tab.wait_for("parseFloat(document.getElementById('figure-returned').textContent) > 5", 10)
            await tab.evaluate("document.getElementById('stop').click()")
            await tab.wait_for(f"{STATUS} === 'idle'", 5)
        assert server.health()["sessions"] == 0
