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
    """Replace H.264 profiles by Baseline if the offer has no codec that aiortc can negotiate.

    Only for streams that are received and never sent, for example High from FFmpeg or a hardware encoder. The decoder
    reads the true profile from the stream.

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
    """Set the ``profile-level-id`` of these payload types: an answer must repeat the profiles of its offer."""
    for codec in _video_codecs(answer):
        profile = profiles.get(codec.payloadType or 0)
        if profile is not None and _PARAMETER in codec.parameters:
            codec.parameters[_PARAMETER] = profile


def raise_received_level(answer: SessionDescription) -> None:
    """Raise the H.264 level in an answer to the one that the server decodes: 4.2, which is 1080p at 60 frames/s.

    aiortc writes 3.1, 720p at 30. With level-asymmetry-allowed=1, which it also writes, each side states the level that
    it receives (RFC 6184, section 8.2.2); the parameter sets of the returned video state its true level.
    """
    for codec in _video_codecs(answer):
        profile = str(codec.parameters.get(_PARAMETER, ""))
        if profile in _LEVEL_31:
            codec.parameters[_PARAMETER] = profile[:4] + _LEVEL_42


def _video_codecs(description: SessionDescription) -> list[RTCRtpCodecParameters]:
    return [codec for media in description.media if media.kind == "video" for codec in media.rtp.codecs]
