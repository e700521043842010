"""What all sessions of a server have in common: what each may take, and what they take it from."""

from collections.abc import Callable
from dataclasses import dataclass, field

from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.rtc.ice import Network
from acutance.server.rtc.session_description import MOST_CANDIDATES
from acutance.server.students.inference import Inference
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.counters import LoopLag
from acutance.server.telemetry.load import Load


@dataclass(frozen=True)
class Limits:
    """What a session may take.

    Attributes:
        max_bitrate: of the returned picture, bits a second.
        handshake_timeout: seconds until ICE and DTLS must be through.
        idle_timeout: seconds without a media packet until the peer counts as gone.
        upscale: whether pictures that the sender reduced are brought back to their size.
        output_height: of the returned picture's shorter side in pixels, unless the peer asks for another; None for
            the size that the call began with.
        govern: whether a cheaper student takes over where the machine cannot keep up.
        max_session_length: seconds until a call is ended; None for as long as it lasts.
        max_frame_pixels: of a picture; a call that sends larger ones is ended.
        max_frame_rate: pictures a second; what exceeds it is dropped before anything is done with it.
        max_messages_per_second: of the data channel; what exceeds it is refused.
        max_candidates: of a peer, in its offer and after it; with more it is refused.
    """

    max_bitrate: int = 8_000_000
    handshake_timeout: float = 15.0
    idle_timeout: float = 15.0
    upscale: bool = True
    output_height: int | None = None
    govern: bool = True
    max_session_length: float | None = None
    max_frame_pixels: int = 4096 * 2304
    max_frame_rate: float = 120.0
    max_messages_per_second: float = 20.0
    max_candidates: int = MOST_CANDIDATES


@dataclass(frozen=True)
class ServerContext:
    """What all sessions of a server have in common.

    Attributes:
        ladder: the students.
        inference: where they run.
        limits: what a session may take.
        loop_lag: of the event loop.
        load: of the machine.
        encoders: what the machine affords.
        network: how peers and the server reach each other.
        observe: called with each frame's stage and the seconds that it took there.
    """

    ladder: Ladder
    inference: Inference
    limits: Limits
    loop_lag: LoopLag
    load: Load
    encoders: EncoderChoice
    network: Network = field(default_factory=Network)
    observe: Callable[[str, float], None] = lambda stage, seconds: None
