"""H.264 profiles in session descriptions: aiortc negotiates Baseline alone, but FFmpeg decodes them all."""

import re
from collections.abc import Mapping

from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import H264Profile, SessionDescription, parse_h264_profile_level_id

_BASELINE = (H264Profile.PROFILE_CONSTRAINED_BASELINE, H264Profile.PROFILE_BASELINE)
# Constrained Baseline, which aiortc knows; the level is each side's own.
_STAND_IN = "42e01f"
_PROFILE = re.compile(r"(?m)^(?P<before>a=fmtp:(?P<type>\d{1,3}) .*?profile-level-id=)[0-9A-Fa-f]+", re.ASCII)
# Baseline and constrained Baseline at level 3.1, beside the word that each side may have its own.
_LEVEL_31 = re.compile(r"(?<=profile-level-id=)(42[0e]0)1f(?=\r?$)", re.MULTILINE)


def is_h264(codec: RTCRtpCodecParameters) -> bool:
    """Return whether this is H.264 in the packetization that is spoken here."""
    return codec.mimeType.lower() == "video/h264" and str(codec.parameters.get("packetization-mode", "0")) == "1"


def is_baseline(codec: RTCRtpCodecParameters) -> bool:
    """Return whether this is H.264 in a profile that aiortc negotiates."""
    try:
        profile, _ = parse_h264_profile_level_id(str(codec.parameters.get("profile-level-id", _STAND_IN)))
    except ValueError:
        return False
    return is_h264(codec) and profile in _BASELINE


def with_stand_ins(offer: str) -> tuple[str, dict[int, str]]:
    """Return an offer in which Baseline stands for the profiles that aiortc cannot negotiate, and what stood there.

    Only where nothing else could be taken: for streams that are received and never sent, as FFmpeg's or a hardware
    encoder's with High. Their decoder reads the true profile in the stream.

    Returns:
        The offer, and the ``profile-level-id`` that was replaced by payload type.
    """
    description = SessionDescription.parse(offer)
    codecs = [codec for media in description.media if media.kind == "video" for codec in media.rtp.codecs]
    if any(is_baseline(codec) or codec.mimeType.lower() == "video/vp8" for codec in codecs):
        return offer, {}
    stood = {
        codec.payloadType: str(codec.parameters["profile-level-id"])
        for codec in codecs
        if is_h264(codec) and codec.payloadType is not None
    }
    return with_profiles(offer, dict.fromkeys(stood, _STAND_IN)), stood


def with_profiles(sdp: str, profiles: Mapping[int, str]) -> str:
    """Return a session description with these ``profile-level-id`` by payload type: an answer keeps the offer's."""

    def replaced(match: re.Match[str]) -> str:
        profile = profiles.get(int(match["type"]))
        return match[0] if profile is None else match["before"] + profile

    return _PROFILE.sub(replaced, sdp)


def with_received_level(answer: str) -> str:
    """Return an answer of aiortc's that says up to which H.264 level we decode: 4.2, which is 1080p at 60 frames/s.

    aiortc says 3.1, 720p at 30. With level-asymmetry-allowed=1, which it says too, each side names what it receives
    (RFC 6184, section 8.2.2); what we send has its true level in its parameter sets.
    """
    return _LEVEL_31.sub(r"\g<1>2a", answer)
