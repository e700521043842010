"""Starts and ends the sessions of a server."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiortc.sdp import SessionDescription

from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.encoding.rendition import Variant
from acutance.server.forward.forward import Ingest
from acutance.server.learning.learning import Learning
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.ice import Network
from acutance.server.security.quota import Client
from acutance.server.sessions.admission import Admission, AdmissionLimits
from acutance.server.sessions.context import ServerContext
from acutance.server.sessions.headroom import Process
from acutance.server.sessions.memory_trim import MemoryTrim
from acutance.server.sessions.publisher.publisher import Publisher
from acutance.server.sessions.registry import Registry
from acutance.server.sessions.settings import SessionSettings
from acutance.server.sessions.viewer import Viewer
from acutance.server.students.inference import PATIENCE_S, Inference
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.load import Load
from acutance.server.video.enhancer import Enhancer


@dataclass(frozen=True)
class StudentUse:
    """How the students are used.

    Attributes:
        inferences: how many inferences run at once; None for as many as the best student can use.
        make_learning: makes what fits students to running calls; None for nothing.
        patience: seconds that a student may take for a frame, before the frame passes through.
    """

    inferences: int | None = None
    make_learning: Callable[[Load], Learning] | None = None
    patience: float = PATIENCE_S


class Host:
    """Starts the admitted sessions, and ends all sessions when the server stops.

    Belongs to one event loop: `start` and `close` are called there.

    Attributes:
        context: the objects that all sessions share.
        registry: the sessions.
        admission: decides which sessions are admitted.
    """

    def __init__(
        self,
        ladder: Ladder,
        limits: Limits,
        admission: AdmissionLimits,
        encoders: EncoderChoice | None = None,
        network: Network | None = None,
        forward: Ingest | None = None,
        make_enhancer: Callable[[Ladder], Enhancer] = Enhancer,
        students: StudentUse | None = None,
    ):
        """Create a host without sessions.

        Args:
            ladder: the students.
            limits: limits of each session.
            admission: limits on the sessions that are admitted.
            encoders: the encoders that the host can run; None for those that every host can run.
            network: ICE servers, public address and ports; None for the host's own addresses only.
            forward: the WHIP endpoint to which every named stream is forwarded; None for none.
            make_enhancer: makes the enhancer of one session.
            students: how the students are used; None for as many at once as the best one can use, without learning.
        """
        self._memory_trim = MemoryTrim(ladder.release_memory)
        self.registry = Registry(self._memory_trim.collect_soon)
        load, use = Load(self.registry.student_processors), students or StudentUse()
        self.context = ServerContext(
            ladder,
            # Two inferences at once on a CPU, each on half of the cores; on a GPU as many as fit into its batches. Each
            # session has at most one frame there, so that sessions get equal shares.
            Inference(use.inferences or ladder.best.at_once, use.patience),
            limits,
            load,
            encoders or EncoderChoice(),
            network or Network(),
            make_enhancer,
            use.make_learning(load) if use.make_learning is not None else None,
        )
        self.admission = Admission(admission, self.registry, load, lambda: Process(load.loop, load.gpu))
        self._forward = forward

    def start(self) -> None:
        """Begin to measure the event loop's lag and the processors' load."""
        self.context.start()

    async def publish(
        self,
        client: Client,
        offer: SessionDescription,
        settings: SessionSettings | None = None,
        stream: str | None = None,
        returns: bool = True,
    ) -> tuple[Publisher, str]:
        """Start the session of a peer that sends video.

        Args:
            client: the sender of the offer.
            offer: the session description, already checked.
            settings: settings that the peer chose; None for the defaults.
            stream: the name under which others may watch the video; None if they may not.
            returns: whether the enhanced video is returned to the peer.

        Returns:
            The session and the answer's session description.

        Raises:
            NotAdmittedError: the session is not admitted.
            RequestError: the offer cannot be answered.
            TakenError: a stream of this name is live.
            SettingError: the server has no such student.
        """
        # No await from here until the session is registered: it is counted, and `close` finds it.
        self.admission.check_publisher(client)
        if stream is not None:
            self.registry.streams.check_free(stream)
        publisher = Publisher(
            self.context, client, settings or SessionSettings(), self.registry.remove_publisher, returns, stream
        )
        self.registry.add_publisher(publisher, stream)
        answer = await publisher.answer(offer)
        if stream is not None and self._forward is not None:
            publisher.forwards.begin(stream, self._forward)
        return publisher, answer

    async def watch(
        self, client: Client, offer: SessionDescription, stream: str, variant: Variant = Variant.ENHANCED
    ) -> tuple[Viewer, str]:
        """Start the session of a peer that watches a live stream.

        Args:
            client: the sender of the offer.
            offer: the session description, already checked.
            stream: name of the stream.
            variant: which variant of the video the peer receives.

        Returns:
            The session and the answer's session description.

        Raises:
            NotAdmittedError: the session is not admitted.
            NoStreamError: no stream of this name is live.
            RequestError: the offer cannot be answered.
        """
        # No await from here until the session is registered, as in `publish`.
        publisher = self.registry.streams.publisher(stream)
        self.admission.check_viewer(client)
        viewer = Viewer(self.context, client, publisher, variant, self.registry.remove_viewer)
        self.registry.add_viewer(viewer)
        return viewer, await viewer.answer(offer)

    def forget_learned(self, stream: str) -> bool:
        """Delete what was learned of a stream, and of its running call; return whether there was anything."""
        learning = self.context.learning
        if learning is None:
            return False
        live = self.registry.streams.live(stream)
        used = live is not None and live.media.learning is not None and bool(live.media.learning.learned)
        if live is not None and live.media.learning is not None:
            live.media.learning.forget()
        return learning.delete(stream) or used

    def begin_draining(self) -> None:
        """Admit no session from now on."""
        self.admission.draining = True

    async def close(self) -> None:
        """End every session, admit no new ones, and release the shared objects."""
        self.begin_draining()
        await asyncio.gather(*(session.close("the server is stopping") for session in self.registry))
        await self.context.close()
        self._memory_trim.close()
