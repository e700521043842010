"""What all sessions of a server have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field

from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.ice import Network
from acutance.server.students.inference import Inference
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.counters import LoopLag
from acutance.server.telemetry.load import Load


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
