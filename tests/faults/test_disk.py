"""A disk that is full while `acutance peer` records: the call ends with the reason, and other calls continue."""

from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from acutance.model.engine.engine import Engine
from acutance.server.client.peer.command import PeerOptions, call
from acutance.server.client.peer.recording import RecordingError
from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from tests.faults.conftest import ladder_of


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
async def test_a_full_disk_is_named_and_the_session_closed(engine: Engine, tmp_path: Path, suffix: str) -> None:
    # Linux's device on which every write fails (full(4)).
    full = tmp_path / f"back{suffix}"
    full.symlink_to("/dev/full")
    host = Host(ladder_of(engine), Limits(govern=False), AdmissionLimits(max_sessions=2, check_load=False))
    async with TestServer(create_app(host)) as server:
        options = PeerOptions.model_validate({"url": str(server.make_url("/")), "out": full, "seconds": 20})
        with pytest.raises(RecordingError, match=f"cannot write .*back{suffix}: No space left on device"):
            await call(options)
        assert len(host.registry.publishers) == 0
