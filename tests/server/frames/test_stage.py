import asyncio
import logging

import pytest

from acutance.server.frames.stage import start_stage


async def test_a_stage_that_fails_is_logged_with_its_traceback_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise ZeroDivisionError

    reasons: list[str] = []
    await start_stage("enhancing", work, reasons.append)
    assert reasons == ["enhancing failed (ZeroDivisionError)"]
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "enhancing failed")
    assert record.exc_info is not None


async def test_a_stage_that_ends_or_is_cancelled_reports_nothing() -> None:
    reasons: list[str] = []
    ended = start_stage("receiving", lambda: asyncio.sleep(0), reasons.append)
    await ended
    for begun in (False, True):
        cancelled = start_stage("receiving", lambda: asyncio.sleep(10), reasons.append)
        if begun:
            await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    assert not reasons
