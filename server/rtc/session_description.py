"""Parses and checks a peer's session description: aiortc accepts invalid ones, and fails on some BUNDLE lines.

An offer is parsed once, repaired as an object and serialised once, for aiortc's peer connection. Limits and candidates
are checked before parsing: the time of aiortc's parser grows with the product of codecs and lines, and some candidates
make it raise errors of every kind.
"""

import re
from enum import Enum

from aiortc import RTCDtlsFingerprint
from aiortc.sdp import MediaDescription, SessionDescription, candidate_from_sdp

from acutance.server.errors import RequestError
from acutance.server.options.session_limits import MOST_CANDIDATES
from acutance.server.rtc.h264_profile import is_baseline, is_h264

# RFC 8839, section 5.1: candidate-attribute, up to the candidate's type.
_CANDIDATE = re.compile(
    r"a=candidate:[\w+/]{1,32} \d{1,5} \w+ \d{1,10} [\w.:%-]{1,253} \d{1,5} typ (host|srflx|prflx|relay)\b", re.ASCII
)
# RFC 3551, section 6: seven bits, unique in its section.
_PAYLOAD_TYPE = re.compile(r"a=rtpmap:(1[01]\d|12[0-7]|\d{1,2}) ", re.ASCII)
# Chrome's offer of audio and video has 163 lines; 51 of them are about RTCP feedback.
_MAX_LINES = 1000
# Lines a=rtcp-fb:*; aiortc copies each to every codec. Five kinds are in use.
_MAX_FEEDBACK_FOR_ALL = 32
# RFC 8122, section 5; SHA-1 and older are broken.
_ALGORITHM = re.compile(r"sha-(256|384|512)", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31,63}", re.IGNORECASE)
_HIDDEN = ".local"
_KINDS = {"video", "audio", "application"}
_AUDIO_CODECS = ("audio/opus", "audio/pcmu", "audio/pcma", "audio/g722")


class Role(Enum):
    """The purpose of a peer's session; the value lists the directions that its media may have."""

    RETURN = ("sendrecv",)
    """Send, and receive the enhanced video on the same connection."""
    PUBLISH = ("sendonly", "sendrecv")
    """Send only (RFC 9725, section 4.2)."""
    WATCH = ("recvonly", "sendrecv")
    """Receive only (draft-ietf-wish-whep, section 4.2)."""


_WHAT_TO_DO = {
    Role.RETURN: "it must be sendrecv, because the enhanced video is returned in it",
    Role.PUBLISH: "it must be sendonly: this address receives a stream, and sends none",
    Role.WATCH: "it must be recvonly: this address sends a stream, and receives none",
}


def parse_offer(sdp: str, role: Role = Role.RETURN) -> SessionDescription:
    """Return a peer's session description after checking it; valid parts on which aiortc would fail are repaired.

    Raises:
        RequestError: the description is refused; the message says why and what to do.
    """
    lines = sdp.splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise RequestError(400, "not_sdp", 'The "sdp" is not a session description: its first line must be v=0.')
    if len(lines) > _MAX_LINES:
        raise RequestError(400, "bad_sdp", f"The session description has {len(lines)} lines: at most {_MAX_LINES}.")
    _check_candidates(lines)
    _check_payload_types(lines)
    try:
        description = SessionDescription.parse(sdp)
    except Exception as error:  # aiortc's parser raises errors of every kind
        raise RequestError(400, "bad_sdp", f"The session description cannot be read ({error!r})."[:200]) from error
    _repair(description)
    _check_sections(description, role)
    return description


def serialised(description: SessionDescription) -> str:
    """Return the text of a session description, with CRLF line ends (RFC 8866, section 5)."""
    for media in description.media:
        # aiortc writes a=rtcp-mux only behind a=rtcp; 9 is the discard port (RFC 8859, section 5.1).
        if media.rtcp_mux and media.rtcp_port is None:
            media.rtcp_port = 9
    return str(description)


def negotiated_codec(answer: SessionDescription, kind: str = "video") -> str:
    """Return the codec that an answer selects for ``video`` or ``audio``, as in SDP; empty without such a section."""
    for media in answer.media:
        if media.kind == kind and media.rtp.codecs:
            return media.rtp.codecs[0].name
    return ""


def _repair(description: SessionDescription) -> None:
    # Only the addresses of ICE candidates are used. aiortc cannot serialise a host name in a c= line.
    description.host = None
    for media in description.media:
        media.host = media.rtcp_host = None
    mids = [media.rtp.muxId for media in description.media]
    for group in description.group:
        if group.semantic == "BUNDLE":
            # FFmpeg's WHIP muxer writes BUNDLE 0 1 also where only mid 1 exists; aiortc then fails, in close() too.
            group.items = [item for item in group.items if item in mids]
    for media in description.media:
        media.ice_candidates = [each for each in media.ice_candidates if not each.ip.endswith(_HIDDEN)]
    if not any(media.ice_candidates for media in description.media):
        # With an end of candidates but no candidate, aiortc stays in "new" for ever, even if candidates are trickled.
        for media in description.media:
            media.ice_candidates_complete = False


def is_hidden(line: str) -> bool:
    """Return whether a line is a candidate with a ``.local`` name (mDNS), which browsers send in place of an address.

    aiortc would resolve each by multicast, which takes a second. The peer's connectivity checks reveal its address.
    """
    return line.startswith("a=candidate:") and line.split()[4].endswith(_HIDDEN)


def check_candidate(line: str) -> None:
    """Check one line ``a=candidate:…``.

    Raises:
        RequestError: the candidate cannot be parsed.
    """
    if not _CANDIDATE.match(line) or int(line.split()[5]) > 65535 or not _extensions_are_readable(line):
        raise RequestError(400, "bad_candidate", f"This ICE candidate cannot be read: {line[:100]!r}.")


def _extensions_are_readable(line: str) -> bool:
    try:
        candidate_from_sdp(line.removeprefix("a=candidate:"))
    except ValueError:  # a related port that is no number
        return False
    return True


def _check_payload_types(lines: list[str]) -> None:
    # Before aiortc parses them: its time grows with the number of codecs times the number of lines about them.
    taken: set[str] = set()
    for line in lines:
        if line.startswith("m="):
            taken = set()
        elif line.startswith("a=rtpmap:"):
            match = _PAYLOAD_TYPE.match(line)
            if match is None or match[1] in taken:
                raise RequestError(
                    400, "bad_sdp", f"{line[:60]!r}: a payload type is a number up to 127, unique in its section."
                )
            taken.add(match[1])
    if sum(line.startswith("a=rtcp-fb:*") for line in lines) > _MAX_FEEDBACK_FOR_ALL:
        raise RequestError(400, "bad_sdp", f"At most {_MAX_FEEDBACK_FOR_ALL} lines a=rtcp-fb:* are accepted.")


def _check_candidates(lines: list[str]) -> None:
    candidates = [line for line in lines if line.startswith("a=candidate")]
    if len(candidates) > MOST_CANDIDATES:
        raise RequestError(
            400, "bad_candidate", f"{len(candidates)} ICE candidates: at most {MOST_CANDIDATES} are accepted."
        )
    for line in candidates:
        check_candidate(line)


def _check_sections(description: SessionDescription, role: Role) -> None:
    kinds = [media.kind for media in description.media]
    if "video" not in kinds:
        raise RequestError(422, "no_video", "The offer has no video section: add a video track.")
    if kinds.count("video") > 1:
        raise RequestError(
            422,
            "two_videos",
            f"The offer has {kinds.count('video')} video sections: send one video per session.",
        )
    if len(set(kinds)) < len(kinds) or not _KINDS.issuperset(kinds):
        raise RequestError(
            422, "too_many_sections", "The offer may have one video, one audio and one data channel section."
        )
    if role is not Role.RETURN and "application" in kinds:
        raise RequestError(422, "data_channel", "WHIP and WHEP carry no data channel: leave it out of the offer.")
    for media in description.media:
        _check_transport(media)
        if media.kind == "application":
            _check_sctp_port(media)
    mids = [media.rtp.muxId for media in description.media]
    if len(set(mids)) < len(mids):
        raise RequestError(400, "bad_mid", f"Two sections have the same a=mid ({', '.join(mids)[:60]}).")
    # Audio is returned unchanged: in an offer to /offer it may have any direction.
    directed = ("video",) if role is Role.RETURN else ("video", "audio")
    for media in description.media:
        if media.kind in directed:
            _check_direction(media, role)
        _check_codecs(media, role)


def _check_transport(media: MediaDescription) -> None:
    if media.dtls is None or not any(_is_usable(fingerprint) for fingerprint in media.dtls.fingerprints):
        raise RequestError(
            400, "no_fingerprint", f"The {media.kind} section has no a=fingerprint of SHA-256 or longer."
        )
    if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
        raise RequestError(400, "no_ice", f"The {media.kind} section has no a=ice-ufrag and a=ice-pwd.")
    if not media.rtp.muxId:
        raise RequestError(400, "no_mid", f"The {media.kind} section has no a=mid.")
    if media.kind != "application" and not media.rtcp_mux:
        raise RequestError(
            422, "no_rtcp_mux", f"The {media.kind} section has no a=rtcp-mux: RTP and RTCP share a port."
        )


def _check_sctp_port(media: MediaDescription) -> None:
    # aiortc accepts every number, and fails when it sends the first packet. The older format of the section has the
    # port in its first line (draft-ietf-mmusic-sctp-sdp-05).
    port = str(media.fmt[0] if media.profile == "DTLS/SCTP" and media.fmt else media.sctp_port)
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise RequestError(
            400, "bad_sdp", f"The application section has the SCTP port {port[:20]}: a=sctp-port is 1 to 65535."
        )


def _is_usable(fingerprint: RTCDtlsFingerprint) -> bool:
    return bool(_ALGORITHM.fullmatch(fingerprint.algorithm) and _DIGEST.fullmatch(fingerprint.value))


def _check_direction(media: MediaDescription, role: Role) -> None:
    if (media.direction or "sendrecv") not in role.value:
        raise RequestError(
            422, "wrong_direction", f"The {media.kind} section is {media.direction}: {_WHAT_TO_DO[role]}."
        )


def _check_codecs(media: MediaDescription, role: Role) -> None:
    # Video that is only received may have any H.264 profile.
    h264 = is_h264 if role is Role.PUBLISH else is_baseline
    if media.kind == "video" and not any(
        codec.mimeType.lower() == "video/vp8" or h264(codec) for codec in media.rtp.codecs
    ):
        raise RequestError(
            422,
            "no_codec",
            "No common video codec: offer H.264 (Baseline or constrained Baseline, packetization-mode=1) or VP8.",
        )
    if media.kind == "audio" and not any(codec.mimeType.lower() in _AUDIO_CODECS for codec in media.rtp.codecs):
        raise RequestError(422, "no_codec", "No common audio codec: offer Opus, G.722 or G.711.")
