import json
import logging
from collections.abc import Iterator

import pytest
from aiohttp.http_exceptions import BadHttpMessage

from acutance.server import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_a_json_line_is_one_object_with_its_session(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "json", addresses=False)
    logging.getLogger("acutance.server.rtc.connection").info("session %s closed: %s", "a1b2c3", "the peer is gone")
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time")
    assert line == {
        "level": "INFO",
        "logger": "acutance.server.rtc.connection",
        "message": "session a1b2c3 closed: the peer is gone",
        "session": "a1b2c3",
    }


def test_lines_of_a_worker_have_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "json", addresses=False, worker="w2")
    logging.getLogger("acutance.server.rtc.connection").info("session a1b2c3 closed")
    assert json.loads(capsys.readouterr().err)["worker"] == "w2"
    logs.set_up("info", "console", addresses=False, worker="w2")
    logging.getLogger("acutance.server.rtc.connection").info("session a1b2c3 closed")
    assert " w2 acutance.server.rtc.connection: session a1b2c3 closed" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["192.0.2.17", "2001:db8::17", "fe80::1"])
@pytest.mark.parametrize("format", ["json", "console"])
def test_peers_addresses_are_logged_only_on_request(
    capsys: pytest.CaptureFixture[str], format: logs.Format, address: str
) -> None:
    for wanted in (False, True):
        logs.set_up("info", format, addresses=wanted)
        logging.getLogger("aioice").warning("no answer from (%r, 5000) at 09:22:42 on 127.0.0.1", address)
        printed = capsys.readouterr().err
        assert (address in printed) is wanted
        assert ("(address)" in printed) is not wanted
        assert "09:22:42 on 127.0.0.1" in printed


def test_a_malformed_request_logs_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "console", addresses=False)
    for error in (BadHttpMessage("no HTTP"), OSError("ours")):
        logging.getLogger("aiohttp.server").error("Error handling request", exc_info=error)
    printed = capsys.readouterr().err
    assert "ours" in printed
    assert "no HTTP" not in printed


def test_each_kind_is_logged_once_and_kinds_do_not_fill_memory(caplog: pytest.LogCaptureFixture) -> None:
    once = logs.LogOnce(logging.getLogger("acutance.server.video.enhancer"))
    for number in range(1000):
        once(logging.WARNING, "resize", f"frame {number} could not be resized", ValueError(number))
    assert [record.getMessage() for record in caplog.records] == ["frame 0 could not be resized"]
    assert caplog.records[0].exc_info is not None
    for number in range(1000):
        once(logging.WARNING, f"a frame of {number}", "a kind that a peer can choose")
    assert len(caplog.records) < 100
