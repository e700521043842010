"""Bandwidth estimates that aiortc's receivers send to their senders."""

from collections.abc import Callable

from aiortc import RTCRtpReceiver


def limit_estimates(receiver: RTCRtpReceiver, limit: Callable[[], int | None]) -> None:
    """Limit the estimates (REMB, draft-alvestrand-rmcat-remb-03) that a receiver sends. Call it before its first one.

    A sender whose coded frames are forwarded must not exceed what the receivers behind the server can take.

    Args:
        receiver: of the incoming video track.
        limit: returns the largest bit rate in bit/s that the sender may use; None for no limit.
    """
    estimator = receiver._RTCRtpReceiver__remote_bitrate_estimator  # type: ignore[attr-defined]
    estimate = estimator.add

    def limited(**packet: int) -> tuple[int, list[int]] | None:
        remb: tuple[int, list[int]] | None = estimate(**packet)
        # Called for each packet; few of them cause an estimate, and the limit takes longer than all else here.
        most = None if remb is None else limit()
        if remb is None or most is None:
            return remb
        return min(remb[0], most), remb[1]

    estimator.add = limited
