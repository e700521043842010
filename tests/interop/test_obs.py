"""OBS's WebRTC library, libdatachannel, publishes like OBS. Debian's OBS is 29, and WHIP needs 30."""

import json
import sys
from pathlib import Path

import pytest

from tests.browser.real_server import running_server
from tests.interop.conftest import HERE, Record, closes, running, until_live, watched

TOKEN = "interop-0123456789"


def test_libdatachannel_publishes_as_obs_does(record: Record, tmp_path: Path) -> None:
    pytest.importorskip("libdatachannel", reason="no libdatachannel: pip install '.[interop]'")
    log = tmp_path / "obs.log"
    with running_server(tmp_path / "server.log", "--token", TOKEN) as server:
        with running(
            [sys.executable, str(HERE / "obs_whip.py"), f"{server.url}/whip/obs", TOKEN, "14"], log
        ) as process:
            until_live(server, "obs", process, log, TOKEN)
            seen = watched(server, "obs", TOKEN, tmp_path / "obs.mp4")
            assert process.wait(30) == 0, log.read_text()
        ended = closes(server, token=TOKEN)
    report = json.loads(log.read_text().splitlines()[-1])
    note = "as OBS: no candidates in the offer, no trickle, bearer token, H.264 and Opus"
    way = "libdatachannel by WHIP, tests/interop/obs_whip.py; watched by WHEP"
    record(f"OBS's WebRTC, libdatachannel-py {report['version']}", way, seen["decoded"], seen["size"], ended, note)
    assert seen["decoded"] >= 60
    assert seen["size"] == "640x360"
    assert seen["audio_packets"] >= 100
    assert report["deleted"] == 200, "OBS accepts only this status after DELETE"
    assert ended
