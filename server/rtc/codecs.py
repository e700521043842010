"""Codec preferences for the negotiation."""

from typing import Any

from aiortc import RTCRtpSender


def codecs_with_first(kind: str, name: str) -> list[Any]:
    """Return the codecs of ``audio`` or ``video`` for ``setCodecPreferences``, with the named codec first."""
    codecs = RTCRtpSender.getCapabilities(kind).codecs
    # sorted is stable: the other codecs and their retransmission formats keep the library's order.
    return sorted(codecs, key=lambda codec: codec.mimeType.lower() != f"{kind}/{name}".lower())
