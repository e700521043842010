"""What all sessions of a server share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.ice import Network
from acutance.server.students.inference import Inference
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.counters import LoopLag
from acutance.server.telemetry.load import Load
from acutance.server.video.enhancer import Enhancer


@dataclass(frozen=True)
class ServerContext:
    """What all sessions of a server share.

    Attributes:
        ladder: the students.
        inference: the executor in which the students run.
        limits: limits of each session.
        load: processor load of the host.
        encoders: the encoders that the host can run.
        network: how peers and the server reach each other.
        make_enhancer: makes the enhancer of one session.
        loop_lag: lag of the event loop.
        stage_observers: each is called with every frame's stage and the seconds that the frame spent there.
    """

    ladder: Ladder
    inference: Inference
    limits: Limits
    load: Load
    encoders: EncoderChoice
    network: Network
    make_enhancer: Callable[[Ladder], Enhancer] = Enhancer
    loop_lag: LoopLag = field(default_factory=LoopLag, init=False)
    stage_observers: list[Callable[[str, float], object]] = field(default_factory=list, init=False)

    def observe(self, stage: str, seconds: float) -> None:
        """Tell the observers that a frame spent this time in a stage."""
        for observer in self.stage_observers:
            observer(stage, seconds)
