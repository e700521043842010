"""Treats one decoded frame: resizes it to the output size and sharpens it. The only caller of the students."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from av import VideoFrame

from acutance.model.engine.engine import UnsupportedSizeError
from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import UNCODED, Hints, with_frame, with_reduction
from acutance.model.planes import Chroma, Plane, Size
from acutance.model.sharpness import detail_ratio
from acutance.server.frames.planes import FORMATS, new_like, plane_view
from acutance.server.logs import LogOnce
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import REMEMBER, Recalls, Rung
from acutance.server.video.pass_reason import PassReason
from acutance.server.video.resizer import Resizer

if TYPE_CHECKING:
    # Needs OpenCV, which a server without memory has not.
    from acutance.server.video.recall import Offer, Recall

log = logging.getLogger(__name__)

_MEMORY_FAILED = "the memory failed on a frame"


@dataclass(frozen=True)
class Treatment:
    """What to do with a frame.

    Attributes:
        student: name of the student; None for none.
        size: output width and height in pixels; None keeps the incoming size.
        strength: factor of the student's correction: 0 adds nothing, 1 is as trained.
        pass_reason: reason for passing the frame through, in words.
        remember: whether to take detail from earlier frames of the call; False also forgets them; None leaves the
            memory alone, for a frame that is only timed.
        recalled: rung that is used instead of ``student`` where something is remembered of the frame; None for the
            same student and then the aligned memory. A frame that is only timed takes its memory as if it were so.
    """

    student: str | None
    size: Size | None = None
    strength: float = 1.0
    pass_reason: str | None = None
    remember: bool | None = True
    recalled: Rung | None = None

    @property
    def runs(self) -> str | None:
        """Name of a student that may run; None if the frame passes through."""
        if self.student is not None or self.recalled is None:
            return self.student
        return self.recalled.student or (None if self.recalled.recalls is Recalls.NOTHING else REMEMBER)


@dataclass(frozen=True)
class Enhanced:
    """A treated frame.

    Attributes:
        frame: the enhanced frame, or the incoming one; at the output size unless resizing failed.
        passed_reason: why it was not enhanced, in words; None if it was.
        sharpness: of the student's input, see `acutance.model.sharpness`; None if no student has enhanced it.
    """

    frame: VideoFrame
    passed_reason: str | None = None
    sharpness: float | None = None


class Enhancer:
    """Treats the frames of one session. Blocks: call it in an executor.

    Three calls of `enhance` may run at once: one with a student, one that passes a frame through, and one with a
    student on a frame of the output size, which needs no resizer. `enhance` raises no error: the frame passes through,
    and the first failure of each kind is logged.

    Attributes:
        recall: the memory of the call; None if the server has none.
        learned: students that are used instead of those of the ladder, by the name of the rung.
    """

    def __init__(self, ladder: Ladder, recall: "Recall | None" = None):
        self._ladder = ladder
        self.recall = recall
        self.learned: dict[str, Sharpener] = {}
        # A resizer is for one thread; a frame that passes through must not wait for a student that hangs.
        self._resizers = {passes: Resizer() for passes in (False, True)}
        self._log_once = LogOnce(log)

    def enhance(self, frame: VideoFrame, treatment: Treatment, hints: Hints = UNCODED) -> Enhanced:
        """Return ``frame`` at its output size, sharpened; a student without colour leaves U and V as they are.

        Pts, time base, range and colours are those of ``frame``.

        Args:
            frame: as decoded.
            treatment: the student, the size and the strength.
            hints: of the encoded frame; sharpness and reduction are added here.
        """
        name = frame.format.name
        planar = name in FORMATS
        try:
            sized = self._resized(frame, treatment)
        except Exception as error:  # FFmpeg's errors share no base class
            what = "resized" if planar else f"converted from {name}"
            return self._pass(frame, f"the frame could not be {what}: {type(error).__name__}", error)
        if not planar:
            return self._pass(sized, f"frames in the format {name} are not enhanced")
        if self.recall is not None and treatment.remember is False:
            self.recall.forget()
        if treatment.runs is None:
            if self.recall is not None and treatment.remember:
                self._observe(self.recall, sized, hints, frame.width)
            return Enhanced(sized, treatment.pass_reason or "no student is selected")
        return self._sharpened(sized, treatment, hints, frame.width)

    def observe(self, frame: VideoFrame, treatment: Treatment, hints: Hints) -> float | None:
        """Take a decoded frame that is forwarded as it came, and show it to the memory of the call.

        Args:
            frame: as decoded, at the output size.
            treatment: ``remember`` counts.
            hints: of the encoded frame.

        Returns:
            Its sharpness, see `acutance.model.sharpness`; None for a format that is not enhanced.
        """
        if frame.format.name not in FORMATS:
            return None
        if self.recall is not None and treatment.remember:
            self._observe(self.recall, frame, hints, frame.width)
        elif self.recall is not None and treatment.remember is False:
            self.recall.forget()
        return detail_ratio(plane_view(frame, 0))

    def _observe(self, recall: "Recall", frame: VideoFrame, hints: Hints, coded_width: int) -> None:
        try:
            recall.observe(plane_view(frame, 0), with_reduction(hints, frame.width, coded_width))
        except Exception as error:  # OpenCV's errors share no base class with others
            self._log_once(logging.WARNING, "observe", _MEMORY_FAILED, error)

    def _resized(self, frame: VideoFrame, treatment: Treatment) -> VideoFrame:
        width, height = treatment.size or (frame.width, frame.height)
        return self._resizers[treatment.runs is None].resize(frame, width, height)

    def _sharpened(self, frame: VideoFrame, treatment: Treatment, hints: Hints, coded_width: int) -> Enhanced:
        luma = plane_view(frame, 0)
        provider = None
        try:
            hints = with_frame(hints, luma, coded_width)
            offered, offer = self._offer(luma, hints, treatment)
            student = treatment.recalled.student if offered and treatment.recalled else treatment.student
            engine = None if student is None else self.learned.get(student) or self._ladder.engine(student)
            if student is not None and engine is None:
                return self._pass(frame, f"the student {student} is not loaded")
            rehearses = self._rehearses(treatment)
            if engine is None and offer is None and not rehearses:
                return Enhanced(frame, PassReason("nothing", "nothing sharper is remembered"))
            enhanced = new_like(frame)
            sharpened, chroma = plane_view(enhanced, 0), Chroma(plane_view(enhanced, 1), plane_view(enhanced, 2))
            chroma.u[:], chroma.v[:] = plane_view(frame, 1), plane_view(frame, 2)
            if engine is None:
                sharpened[:] = luma
            else:
                provider = engine.provider
                engine.sharpen(luma, out=sharpened, hints=hints, strength=treatment.strength, chroma=chroma)
            if rehearses:
                self._rehearse(luma, hints, treatment)
            if offer is not None:
                self._add(offer, sharpened, hints, treatment)
        except UnsupportedSizeError as error:
            return self._pass(frame, str(error), kind="unsupported size")
        except Exception as error:  # ONNX Runtime's errors share no base class
            return self._pass(frame, f"the student failed on {provider}: {type(error).__name__}", error)
        return Enhanced(enhanced, sharpness=hints.sharpness)

    def _rehearses(self, treatment: Treatment) -> bool:
        """Return whether a frame is only timed, with what the memory takes."""
        recalled = treatment.recalled
        return treatment.remember is None and recalled is not None and recalled.recalls is not Recalls.NOTHING

    def _rehearse(self, luma: Plane, hints: Hints, treatment: Treatment) -> None:
        assert treatment.recalled is not None
        if self.recall is not None:
            self.recall.rehearse(luma, hints, aligned=treatment.recalled.recalls is Recalls.ALIGNED)

    def _offer(self, luma: Plane, hints: Hints, treatment: Treatment) -> "tuple[bool, Offer | None]":
        """Return whether something is remembered of a frame, and what the rung needs of it; if it fails, nothing."""
        if self.recall is None or not treatment.remember:
            return False, None
        recalls = Recalls.ALIGNED if treatment.recalled is None else treatment.recalled.recalls
        try:
            if recalls is Recalls.NOTHING:
                self.recall.observe(luma, hints)
                return self.recall.has_offered, None
            offer = self.recall.offer(luma, hints, aligned=recalls is Recalls.ALIGNED)
        except Exception as error:  # OpenCV's errors share no base class with others
            self._log_once(logging.WARNING, "recall", _MEMORY_FAILED, error)
            return False, None
        return offer is not None, offer

    def _add(self, offer: "Offer", sharpened: Plane, hints: Hints, treatment: Treatment) -> None:
        """Add what is remembered; if that fails, the frame stays as the student left it."""
        assert self.recall is not None
        try:
            self.recall.add(offer, sharpened, hints, treatment.strength)
        except Exception as error:  # errors of OpenCV and ONNX Runtime share no base class
            self._log_once(logging.WARNING, "recall", _MEMORY_FAILED, error)

    def _pass(
        self, frame: VideoFrame, reason: str, error: Exception | None = None, kind: str | None = None
    ) -> Enhanced:
        self._log_once(logging.WARNING, kind or reason, f"frames pass through unenhanced: {reason}", error)
        return Enhanced(frame, reason)
