"""The order in which codecs are negotiated."""

from typing import Any

from aiortc import RTCRtpSender


def codecs_with_first(kind: str, name: str) -> list[Any]:
    """Return the codecs of ``audio`` or ``video`` for ``setCodecPreferences``, the named one before the others."""
    codecs = RTCRtpSender.getCapabilities(kind).codecs
    # sorted is stable: the others and their retransmissions follow in the library's order.
    return sorted(codecs, key=lambda codec: codec.mimeType.lower() != f"{kind}/{name}".lower())
