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
        recalled: whether something is remembered of it.
        memory: seconds that the memory took; 0 if nothing is remembered.
    """

    frame: VideoFrame
    passed_reason: str | None = None
    sharpness: float | None = None
    recalled: bool = False
    memory: float = 0.0


@dataclass(frozen=True)
class Prepared:
    """A frame that is ready for its student.

    Attributes:
        frame: planar, at the output size.
        treatment: what to do with it.
        hints: of the encoded frame, without sharpness.
        coded_width: width in pixels of the encoded frame.
        recalled: whether something is remembered of it.
        offer: what the rung takes of that; None for nothing.
    """

    frame: VideoFrame
    treatment: Treatment
    hints: Hints
    coded_width: int
    recalled: bool = False
    offer: "Offer | None" = None


class Enhancer:
    """Treats the frames of one session in two steps, of which each blocks: call them in executors.

    `prepare` resizes a frame and finds what is remembered of it, `finish` runs the students. So a frame can be prepared
    while the one before is finished. One call of `prepare` may run at a time, and beside it two of `finish`; another
    one of `prepare` only for a frame that is timed, at the output size. None raises an error: the frame passes through,
    and the first failure of each kind is logged.

    Attributes:
        recall: the memory of the call; None if the server has none.
        learned: students that are used instead of those of the ladder, by the name of the rung.
    """

    def __init__(self, ladder: Ladder, recall: "Recall | None" = None):
        self._ladder = ladder
        self.recall = recall
        self.learned: dict[str, Sharpener] = {}
        self._resizer = Resizer()
        self._log_once = LogOnce(log)

    def enhance(self, frame: VideoFrame, treatment: Treatment, hints: Hints = UNCODED) -> Enhanced:
        """Do both steps, see `prepare` and `finish`."""
        prepared = self.prepare(frame, treatment, hints)
        return prepared if isinstance(prepared, Enhanced) else self.finish(prepared)

    def prepare(self, frame: VideoFrame, treatment: Treatment, hints: Hints = UNCODED) -> Prepared | Enhanced:
        """Resize a frame and find what is remembered of it; a frame that passes through is then done.

        Args:
            frame: as decoded.
            treatment: the student, the size and the strength.
            hints: of the encoded frame; sharpness and reduction are added later.
        """
        name = frame.format.name
        planar = name in FORMATS
        try:
            width, height = treatment.size or (frame.width, frame.height)
            sized = self._resizer.resize(frame, width, height)
        except Exception as error:  # FFmpeg's errors share no base class
            what = "resized" if planar else f"converted from {name}"
            return self._pass(frame, f"the frame could not be {what}: {type(error).__name__}", error)
        if not planar:
            return self._pass(sized, f"frames in the format {name} are not enhanced")
        if self.recall is not None and treatment.remember is False:
            self.recall.forget()
        if treatment.runs is None:
            recalled = self._observe(sized, treatment, hints, frame.width)
            return Enhanced(sized, treatment.pass_reason or "no student is selected", recalled=recalled)
        recalled, offer = self._offer(sized, treatment, with_reduction(hints, sized.width, frame.width))
        return Prepared(sized, treatment, hints, frame.width, recalled, offer)

    def finish(self, prepared: Prepared) -> Enhanced:
        """Return a prepared frame sharpened; a student without colour leaves U and V as they are.

        Pts, time base, range and colours are those of the incoming frame.
        """
        frame, treatment = prepared.frame, prepared.treatment
        luma = plane_view(frame, 0)
        provider = None
        try:
            hints = with_frame(prepared.hints, luma, prepared.coded_width)
            self._get_ready(luma, hints, treatment)
            rung = treatment.recalled if prepared.recalled else None
            student = treatment.student if rung is None else rung.student
            engine = None if student is None else self.learned.get(student) or self._ladder.engine(student)
            if student is not None and engine is None:
                return self._pass(frame, f"the student {student} is not loaded", recalled=prepared.recalled)
            if engine is None and prepared.offer is None:
                reason = PassReason("nothing", "nothing sharper is remembered")
                return Enhanced(frame, reason, recalled=prepared.recalled)
            enhanced = new_like(frame)
            sharpened, chroma = plane_view(enhanced, 0), Chroma(plane_view(enhanced, 1), plane_view(enhanced, 2))
            chroma.u[:], chroma.v[:] = plane_view(frame, 1), plane_view(frame, 2)
            if engine is not None:
                provider = engine.provider
                engine.sharpen(luma, out=sharpened, hints=hints, strength=treatment.strength, chroma=chroma)
            before = luma if engine is None else sharpened
            took = self._add(prepared.offer, before, sharpened, hints, treatment)
        except UnsupportedSizeError as error:
            return self._pass(frame, str(error), kind="unsupported size", recalled=prepared.recalled)
        except Exception as error:  # ONNX Runtime's errors share no base class
            why = f"the student failed on {provider}: {type(error).__name__}"
            return self._pass(frame, why, error, recalled=prepared.recalled)
        return Enhanced(enhanced, sharpness=hints.sharpness, recalled=prepared.recalled, memory=took)

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
        if self.recall is not None and treatment.remember is False:
            self.recall.forget()
        self._observe(frame, treatment, hints, frame.width)
        return detail_ratio(plane_view(frame, 0))

    def _observe(self, frame: VideoFrame, treatment: Treatment, hints: Hints, coded_width: int) -> bool:
        """Show a frame to which nothing is added to the memory; return whether something is remembered of it."""
        if self.recall is None or not treatment.remember:
            return False
        try:
            return self.recall.observe(plane_view(frame, 0), with_reduction(hints, frame.width, coded_width))
        except Exception as error:  # OpenCV's errors share no base class with others
            self._log_once(logging.WARNING, "observe", _MEMORY_FAILED, error)
            return False

    def _offer(self, frame: VideoFrame, treatment: Treatment, hints: Hints) -> "tuple[bool, Offer | None]":
        """Return whether something is remembered of a frame, and what the rung needs of it; if it fails, nothing."""
        if self.recall is None or treatment.remember is False:
            return False, None
        luma = plane_view(frame, 0)
        recalls = Recalls.ALIGNED if treatment.recalled is None else treatment.recalled.recalls
        aligned = recalls is Recalls.ALIGNED
        try:
            if treatment.remember is None:
                return False, None if recalls is Recalls.NOTHING else self.recall.rehearse(luma, hints, aligned=aligned)
            if recalls is Recalls.NOTHING:
                return self.recall.observe(luma, hints), None
            offer = self.recall.offer(luma, hints, aligned=aligned)
        except Exception as error:  # OpenCV's errors share no base class with others
            self._log_once(logging.WARNING, "recall", _MEMORY_FAILED, error)
            return False, None
        return offer is not None, offer

    def _get_ready(self, luma: Plane, hints: Hints, treatment: Treatment) -> None:
        """Prepare the student of the memory for frames of this size."""
        if self.recall is None or not treatment.remember:
            return
        try:
            self.recall.get_ready(luma, hints)
        except Exception as error:  # errors of OpenCV and ONNX Runtime share no base class
            self._log_once(logging.WARNING, "recall", _MEMORY_FAILED, error)

    def _add(self, offer: "Offer | None", luma: Plane, out: Plane, hints: Hints, treatment: Treatment) -> float:
        """Add what is remembered to luma, and return the seconds that it took; if it fails, the luma is the result."""
        if self.recall is None or offer is None:
            return 0.0
        try:
            return self.recall.add(offer, luma, out, hints, treatment.strength)
        except Exception as error:  # errors of OpenCV and ONNX Runtime share no base class
            self._log_once(logging.WARNING, "recall", _MEMORY_FAILED, error)
            out[:] = luma
            return 0.0

    def _pass(
        self,
        frame: VideoFrame,
        reason: str,
        error: Exception | None = None,
        *,
        kind: str | None = None,
        recalled: bool = False,
    ) -> Enhanced:
        self._log_once(logging.WARNING, kind or reason, f"frames pass through unenhanced: {reason}", error)
        return Enhanced(frame, reason, recalled=recalled)
