"""H.264 profiles in session descriptions: aiortc negotiates only Baseline, but FFmpeg decodes every profile."""

from collections.abc import Mapping

from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import H264Profile, SessionDescription, parse_h264_profile_level_id

_BASELINE = (H264Profile.PROFILE_CONSTRAINED_BASELINE, H264Profile.PROFILE_BASELINE)
_PARAMETER = "profile-level-id"
# Constrained Baseline, which aiortc knows; the level is each side's own.
_SUBSTITUTE = "42e01f"
# Baseline and constrained Baseline at level 3.1, as aiortc writes them.
_LEVEL_31, _LEVEL_42 = ("42001f", "42e01f"), "2a"


def is_h264(codec: RTCRtpCodecParameters) -> bool:
    """Return whether this is H.264 with packetization-mode=1, the only mode that the server uses."""
    return codec.mimeType.lower() == "video/h264" and str(codec.parameters.get("packetization-mode", "0")) == "1"


def is_baseline(codec: RTCRtpCodecParameters) -> bool:
    """Return whether this is H.264 in a profile that aiortc negotiates."""
    try:
        profile, _ = parse_h264_profile_level_id(str(codec.parameters.get(_PARAMETER, _SUBSTITUTE)))
    except ValueError:
        return False
    return is_h264(codec) and profile in _BASELINE


def substitute_profiles(offer: SessionDescription) -> dict[int, str]:
    """Replace the H.264 profiles that aiortc cannot negotiate by Baseline, where the offer has nothing else to take.

    Only for streams that are received and never sent, such as FFmpeg's or a hardware encoder's with High. Their decoder
    reads the true profile in the stream.

    Returns:
        The replaced ``profile-level-id`` by payload type.
    """
    codecs = _video_codecs(offer)
    if any(is_baseline(codec) or codec.mimeType.lower() == "video/vp8" for codec in codecs):
        return {}
    replaced = {
        codec.payloadType: str(codec.parameters[_PARAMETER])
        for codec in codecs
        if is_h264(codec) and codec.payloadType is not None
    }
    restore_profiles(offer, dict.fromkeys(replaced, _SUBSTITUTE))
    return replaced


def restore_profiles(answer: SessionDescription, profiles: Mapping[int, str]) -> None:
    """Set the ``profile-level-id`` of these payload types: an answer has the profiles of its offer."""
    for codec in _video_codecs(answer):
        profile = profiles.get(codec.payloadType or 0)
        if profile is not None and _PARAMETER in codec.parameters:
            codec.parameters[_PARAMETER] = profile


def raise_received_level(answer: SessionDescription) -> None:
    """Write into an answer of aiortc's up to which H.264 level the server decodes: 4.2, which is 1080p at 60 frames/s.

    aiortc writes 3.1, 720p at 30. With level-asymmetry-allowed=1, which it writes too, each side names what it receives
    (RFC 6184, section 8.2.2); what the server sends has its true level in its parameter sets.
    """
    for codec in _video_codecs(answer):
        profile = str(codec.parameters.get(_PARAMETER, ""))
        if profile in _LEVEL_31:
            codec.parameters[_PARAMETER] = profile[:4] + _LEVEL_42


def _video_codecs(description: SessionDescription) -> list[RTCRtpCodecParameters]:
    return [codec for media in description.media if media.kind == "video" for codec in media.rtp.codecs]
