"""Reads and checks a peer's offer before aiortc sees it: aiortc accepts garbage and breaks on odd BUNDLE lines.

No HTTP objects here: bytes in, a session description out, or an OfferError that says in words what to change.
"""

import json
import re

from aiortc import RTCDtlsFingerprint
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import H264Profile, MediaDescription, SessionDescription, parse_h264_profile_level_id

from server.wishes import Wishes

# RFC 8839, section 5.1: candidate-attribute, up to the candidate's type.
_CANDIDATE = re.compile(
    r"a=candidate:[\w+/]{1,32} \d{1,5} \w+ \d{1,10} [\w.:%-]{1,253} \d{1,5} typ (host|srflx|prflx|relay)\b"
)
_MOST_CANDIDATES = 64
# RFC 8122, section 5; SHA-1 and older are not worth the name.
_ALGORITHM = re.compile(r"sha-(256|384|512)", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31,63}", re.IGNORECASE)
# Baseline and constrained Baseline at level 3.1, beside the word that each side may have its own.
_LEVEL_31 = re.compile(r"(?<=profile-level-id=)(42[0e]0)1f(?=\r?$)", re.MULTILINE)
_H264_PROFILES = (H264Profile.PROFILE_CONSTRAINED_BASELINE, H264Profile.PROFILE_BASELINE)


class OfferError(ValueError):
    """An offer that cannot be served.

    Attributes:
        status: the HTTP status that fits: 400 where it is malformed, 422 where it asks for something else.
        code: one word for programs.
    """

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status = status
        self.code = code


def read_offer(body: bytes) -> tuple[str, Wishes]:
    """Return the session description of the JSON body ``{"sdp": …, "type": "offer"}`` of aiortc's examples.

    It can be served: one video section both ways, at most one of sound and of data. What the peer wishes for may
    stand beside it in ``"wishes"``.

    Raises:
        OfferError: what is wrong with it, and what to do.
        WishError: what is wrong with the wishes.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise OfferError(400, "not_json", 'The body is not JSON: send {"sdp": "…", "type": "offer"}.') from None
    if not isinstance(message, dict) or not isinstance(message.get("sdp"), str):
        raise OfferError(400, "no_sdp", 'The body has no "sdp" text: send {"sdp": "…", "type": "offer"}.')
    if message.get("type") != "offer":
        raise OfferError(400, "not_offer", f'"type" is {str(message.get("type"))[:40]!r}: it must be "offer".')
    wishes = message.get("wishes", {})
    if not isinstance(wishes, dict):
        raise OfferError(400, "bad_wishes", f'"wishes" is {str(wishes)[:40]!r}: it must be an object, or left out.')
    return check_sdp(message["sdp"]), Wishes().changed(wishes)


def check_sdp(sdp: str) -> str:
    """Return a session description, checked, with what aiortc cannot take put right.

    Raises:
        OfferError: what is wrong with it, and what to do.
    """
    lines = sdp.splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise OfferError(400, "not_sdp", 'The "sdp" is not a session description: its first line must be v=0.')
    _check_candidates(lines)
    repaired = "\r\n".join(_without_lone_end(_with_present_mids_bundled(lines))) + "\r\n"
    try:
        description = SessionDescription.parse(repaired)
    except Exception as error:  # aiortc's parser lets every kind escape
        raise OfferError(400, "bad_sdp", f"The session description cannot be read ({error!r})."[:200]) from error
    _check_sections(description)
    return repaired


def negotiated_codec(answer: str) -> str:
    """Return the video codec that an answer of aiortc's settles on: ``H264`` or ``VP8``."""
    description = SessionDescription.parse(answer)
    video = next(media for media in description.media if media.kind == "video")
    return video.rtp.codecs[0].name


def with_received_level(answer: str) -> str:
    """Return an answer of aiortc's that says up to which H.264 level we decode: 4.2, which is 1080p at 60 frames/s.

    aiortc says 3.1, 720p at 30. With level-asymmetry-allowed=1, which it says too, each side names what it receives
    (RFC 6184, section 8.2.2); what we send has its true level in its parameter sets.
    """
    return _LEVEL_31.sub(r"\g<1>2a", answer)


def _check_candidates(lines: list[str]) -> None:
    candidates = [line for line in lines if line.startswith("a=candidate")]
    if len(candidates) > _MOST_CANDIDATES:
        raise OfferError(
            400, "bad_candidate", f"{len(candidates)} ICE candidates: at most {_MOST_CANDIDATES} are taken."
        )
    for line in candidates:
        if not _CANDIDATE.match(line) or int(line.split()[5]) > 65535:
            raise OfferError(400, "bad_candidate", f"This ICE candidate cannot be read: {line[:100]!r}.")


def _with_present_mids_bundled(lines: list[str]) -> list[str]:
    # FFmpeg's WHIP muxer says BUNDLE 0 1 also where only mid 1 exists; aiortc then fails, in close() too.
    mids = {line.removeprefix("a=mid:").strip() for line in lines if line.startswith("a=mid:")}
    return [
        " ".join(["a=group:BUNDLE", *(mid for mid in line.split()[1:] if mid in mids)])
        if line.startswith("a=group:BUNDLE")
        else line
        for line in lines
    ]


def _without_lone_end(lines: list[str]) -> list[str]:
    # With the end announced but no candidate aiortc stays in "new" for ever, trickled ones or not.
    if any(line.startswith("a=candidate") for line in lines):
        return lines
    return [line for line in lines if not line.startswith("a=end-of-candidates")]


def _check_sections(description: SessionDescription) -> None:
    kinds = [media.kind for media in description.media]
    if "video" not in kinds:
        raise OfferError(422, "no_video", "The offer has no video section: add a video track, both ways.")
    if kinds.count("video") > 1:
        raise OfferError(
            422,
            "two_videos",
            f"The offer has {kinds.count('video')} video sections: send one video a session.",
        )
    if kinds.count("audio") > 1 or kinds.count("application") > 1 or len(kinds) > 3:
        raise OfferError(
            422, "too_many_sections", "The offer may have one video, one audio and one data channel section."
        )
    for media in description.media:
        _check_transport(media)
    _check_video(next(media for media in description.media if media.kind == "video"))


def _check_transport(media: MediaDescription) -> None:
    if media.dtls is None or not any(_is_usable(fingerprint) for fingerprint in media.dtls.fingerprints):
        raise OfferError(400, "no_fingerprint", f"The {media.kind} section has no a=fingerprint of SHA-256 or longer.")
    if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
        raise OfferError(400, "no_ice", f"The {media.kind} section has no a=ice-ufrag and a=ice-pwd.")
    if not media.rtp.muxId:
        raise OfferError(400, "no_mid", f"The {media.kind} section has no a=mid.")


def _is_usable(fingerprint: RTCDtlsFingerprint) -> bool:
    return bool(_ALGORITHM.fullmatch(fingerprint.algorithm) and _DIGEST.fullmatch(fingerprint.value))


def _check_video(video: MediaDescription) -> None:
    if video.direction not in (None, "sendrecv"):
        raise OfferError(
            422,
            "wrong_direction",
            f"The video section is {video.direction}: it must be sendrecv, for the enhanced picture comes back in it.",
        )
    if not any(_is_served(codec) for codec in video.rtp.codecs):
        raise OfferError(
            422,
            "no_codec",
            "No common video codec: offer H.264 (Baseline or constrained Baseline, packetization-mode=1) or VP8.",
        )


def _is_served(codec: RTCRtpCodecParameters) -> bool:
    if codec.mimeType.lower() == "video/vp8":
        return True
    if codec.mimeType.lower() != "video/h264" or str(codec.parameters.get("packetization-mode", "0")) != "1":
        return False
    try:
        profile, _ = parse_h264_profile_level_id(str(codec.parameters.get("profile-level-id", "42e01f")))
    except ValueError:
        return False
    return profile in _H264_PROFILES
