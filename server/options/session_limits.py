"""Limits of one session, as pure values with their defaults and bounds."""

from dataclasses import dataclass

# Bit rate of the returned video in bit/s. Below the minimum even 320x180 is unusable.
MIN_BITRATE, MAX_BITRATE = 150_000, 100_000_000
# Shorter side of the returned frames in pixels: the students are trained up to 1080p.
MIN_OUTPUT_HEIGHT, MAX_OUTPUT_HEIGHT = 64, 1080
# Largest number of ICE candidates that a peer may send, in its offer and trickled after it.
MOST_CANDIDATES = 64


@dataclass(frozen=True)
class Limits:
    """Limits of one session.

    Attributes:
        max_bitrate: maximum bit rate of the returned video, in bit/s.
        handshake_timeout: seconds within which ICE and DTLS must complete.
        idle_timeout: seconds without a media packet after which the peer counts as gone.
        upscale: whether frames that the sender reduced are restored to the size at the start of the call.
        output_height: shorter side of the returned frames in pixels, unless the peer chooses another; None for the
            size at the start of the call.
        forward_unchanged: whether coded frames to which no student adds anything are forwarded, and not encoded again.
        forward_good: whether frames that a student would improve less than a second encoding costs count as such;
            `acutance serve` switches it on.
        advise_size: whether a sender is told the size at which it should send.
        govern: whether the server switches to a cheaper student when the host cannot keep up.
        max_session_length: seconds after which a session is ended; None for no limit.
        max_frame_pixels: largest frame in pixels; a session that sends larger frames is ended.
        max_frame_rate: largest frame rate in frames/s; frames beyond it are dropped before they are processed.
        max_messages_per_second: largest rate of data channel messages; messages beyond it are refused.
        max_candidates: largest number of ICE candidates that a peer may send, in its offer and after it.
    """

    max_bitrate: int = 8_000_000
    handshake_timeout: float = 15.0
    idle_timeout: float = 15.0
    upscale: bool = True
    output_height: int | None = None
    forward_unchanged: bool = True
    forward_good: bool = False
    advise_size: bool = False
    govern: bool = True
    max_session_length: float | None = None
    max_frame_pixels: int = 4096 * 2304
    max_frame_rate: float = 120.0
    max_messages_per_second: float = 20.0
    max_candidates: int = MOST_CANDIDATES
