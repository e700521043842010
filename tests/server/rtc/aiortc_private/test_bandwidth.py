"""Contracts with the private names of aiortc that bandwidth estimates pass through."""

import pytest
from aiortc import RTCRtpReceiver
from aiortc.rtp import RtcpPsfbPacket, unpack_remb_fci

from acutance.server.rtc.aiortc_private.bandwidth import limit_estimates
from tests.server.rtc.aiortc_private.packets import KEY, vp8_packet


@pytest.mark.parametrize(("limit", "sent"), [(None, 5_000_000), (8_000_000, 5_000_000), (1_000_000, 1_000_000)])
async def test_the_sender_gets_the_lower_one_of_estimate_and_limit(
    receiver: RTCRtpReceiver, monkeypatch: pytest.MonkeyPatch, limit: int | None, sent: int
) -> None:
    estimator = receiver._RTCRtpReceiver__remote_bitrate_estimator  # type: ignore[attr-defined]
    monkeypatch.setattr(estimator, "add", lambda **packet: (5_000_000, [packet["ssrc"]]))
    receiver._set_rtcp_ssrc(1)
    limit_estimates(receiver, lambda: limit)
    reports: list[RtcpPsfbPacket] = []

    async def keep(packet: RtcpPsfbPacket) -> None:
        reports.append(packet)

    monkeypatch.setattr(receiver, "_send_rtcp", keep)
    packet = vp8_packet(1, 3000, KEY)
    packet.extensions.abs_send_time = 1
    await receiver._handle_rtp_packet(packet, 0)
    (bitrate, sources) = unpack_remb_fci(reports[0].fci)
    assert bitrate == pytest.approx(sent, rel=0.01)
    assert sources == [packet.ssrc]
