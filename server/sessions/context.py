"""The objects that all sessions of a server share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.learning.learning import Learning
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.aiortc_private.transport import open_sockets
from acutance.server.rtc.ice import Network
from acutance.server.students.failures import Failures
from acutance.server.students.inference import Inference
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.counters import LoopLag
from acutance.server.telemetry.load import Load
from acutance.server.video.enhancer import Enhancer


@dataclass(frozen=True)
class ServerContext:
    """The objects that all sessions of a server share.

    Attributes:
        ladder: the students.
        inference: the executor in which the students run.
        limits: limits of each session.
        load: processor load of the host.
        encoders: the encoders that the host can run.
        network: ICE servers, public address and ports.
        failures: what failed at which size, for the governors of all sessions.
        make_enhancer: makes the enhancer of one session.
        learning: fits students to running calls; None if the server does not.
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
    learning: Learning | None = None
    failures: Failures = field(default_factory=Failures, init=False)
    loop_lag: LoopLag = field(default_factory=LoopLag, init=False)
    stage_observers: list[Callable[[str, float], object]] = field(default_factory=list, init=False)

    _tasks: list[asyncio.Task[None]] = field(default_factory=list, init=False)

    def start(self) -> None:
        """Begin to measure event loop lag and processor load, and prepare UDP sockets. Call it on the event loop."""
        open_sockets(asyncio.get_running_loop(), self.network.udp_ports)
        self._tasks.extend(asyncio.create_task(measured.watch()) for measured in (self.loop_lag, self.load))

    async def close(self) -> None:
        """End the measurements, and close the inference once its running calls have ended or are overdue."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.inference.close()

    def observe(self, stage: str, seconds: float) -> None:
        """Report the seconds that a frame spent in a stage to the observers."""
        for observer in self.stage_observers:
            observer(stage, seconds)
