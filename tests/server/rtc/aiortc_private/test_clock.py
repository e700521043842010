"""Contracts with aiortc's clock, whose functions are replaced."""

import inspect

import pytest
from aiortc import clock, rtcdtlstransport, rtcrtpsender
from aiortc.clock import NTP_EPOCH, current_datetime, datetime_from_ntp, datetime_to_ntp

from acutance.server.rtc.aiortc_private.clock import milliseconds, ntp_time


def test_the_time_is_that_of_aiortc() -> None:
    before = datetime_to_ntp(current_datetime())
    now = ntp_time()
    after = datetime_to_ntp(current_datetime())
    step = (1 << 32) // 1_000_000 + 1  # aiortc counts microseconds
    assert before - step <= now <= after + step
    assert datetime_from_ntp(now).year == current_datetime().year
    elapsed = (current_datetime() - NTP_EPOCH).total_seconds() * 1000
    assert milliseconds() == pytest.approx(elapsed, abs=10_000)


def test_aiortc_uses_the_replacements() -> None:
    assert clock.current_ntp_time is ntp_time  # type: ignore[comparison-overlap]
    assert clock.current_ms is milliseconds  # type: ignore[comparison-overlap]
    assert "clock.current_ms()" in inspect.getsource(rtcdtlstransport.RTCDtlsTransport._recv_next)
    assert "clock.current_ntp_time()" in inspect.getsource(rtcrtpsender.RTCRtpSender._run_rtp)
