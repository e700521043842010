"""What all sessions of a server have in common: what each may take, and what they take it from."""

from concurrent.futures import Executor
from dataclasses import dataclass, field

from server.encoder_choice import EncoderChoice
from server.ice import Network
from server.ladder import Ladder
from server.load import Load
from server.telemetry import LoopLag


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
    """

    max_bitrate: int = 8_000_000
    handshake_timeout: float = 15.0
    idle_timeout: float = 15.0
    upscale: bool = True
    output_height: int | None = None
    govern: bool = True


@dataclass(frozen=True)
class Shared:
    """What all sessions of a server have in common.

    Attributes:
        ladder: the students.
        inference: where they run.
        limits: what a session may take.
        loop_lag: of the event loop.
        load: of the machine.
        encoders: what the machine affords.
        network: how peers and the server reach each other.
    """

    ladder: Ladder
    inference: Executor
    limits: Limits
    loop_lag: LoopLag
    load: Load
    encoders: EncoderChoice
    network: Network = field(default_factory=Network)
