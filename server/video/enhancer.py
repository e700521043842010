"""A decoded frame in, the one that goes back out: at its size, sharpened by a student. The only caller of Engine."""

import logging
from dataclasses import dataclass, replace

from av import VideoFrame

from acutance.model.engine.engine import UnsupportedSizeError
from acutance.model.hints import UNCODED, Hints
from acutance.model.sharpness import sharpness
from acutance.server.frames.planes import FORMATS, new_like, plane_view
from acutance.server.students.ladder import Ladder
from acutance.server.video.output_size import Size
from acutance.server.video.upscale import Upscaler

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Treatment:
    """What is to be done with a frame.

    Attributes:
        student: by the name of its rung; None passes the frame through.
        size: of the result, width and height in pixels; None for the size that it came in.
        strength: how much of the student's correction is added.
        why_not: why no student is wanted, in words.
    """

    student: str | None
    size: Size | None = None
    strength: float = 1.0
    why_not: str | None = None


@dataclass(frozen=True)
class Enhanced:
    """A frame on its way back.

    Attributes:
        frame: the enhanced frame, or the one that came, at the wanted size.
        passed_reason: why no student has seen it, in words; None where one has.
    """

    frame: VideoFrame
    passed_reason: str | None = None


class Enhancer:
    """Treats the frames of one session, one at a time. Blocks: call it in an executor.

    A frame that passes through may be treated beside one that a student holds on to. Whatever fails, the picture goes
    on: the frame passes through, and the first failure of a kind is logged.
    """

    def __init__(self, ladder: Ladder):
        self._ladder = ladder
        # One serves one thread: who passes a frame through does not wait for a student that hangs.
        self._upscalers = {passes: Upscaler() for passes in (False, True)}
        self._said: set[str] = set()

    def enhance(self, frame: VideoFrame, treatment: Treatment, hints: Hints = UNCODED) -> Enhanced:
        """Return ``frame`` at its size with its Y plane sharpened; pts, time base, range and colours as they came.

        Args:
            frame: as decoded. U and V go on as they came, or enlarged.
            treatment: the student, the size and the strength.
            hints: what is known of the frame beside its pixels; how sharp it is and how far it is enlarged is
                added here.
        """
        if frame.format.name not in FORMATS:
            kind = frame.format.name
            frame = frame.reformat(format=FORMATS[0])
            return self._pass(self._sized(frame, treatment), f"pictures in the format {kind} are not enhanced")
        came = frame
        frame = self._sized(frame, treatment)
        if treatment.student is None:
            return Enhanced(frame, treatment.why_not or "no student is wanted")
        engine = self._ladder.engines[treatment.student]
        try:
            enhanced = new_like(frame)
            luma = plane_view(frame, 0)
            known = replace(hints, sharpness=sharpness(luma), reduction=max(1.0, frame.width / came.width))
            engine.sharpen(luma, out=plane_view(enhanced, 0), hints=known, strength=treatment.strength)
            for index in (1, 2):
                plane_view(enhanced, index)[:] = plane_view(frame, index)
        except UnsupportedSizeError as error:
            return self._pass(frame, str(error))
        except Exception as error:  # ONNX Runtime's errors share no base class
            return self._pass(frame, f"the student failed on {engine.provider}: {type(error).__name__}", error)
        return Enhanced(enhanced)

    def _sized(self, frame: VideoFrame, treatment: Treatment) -> VideoFrame:
        if treatment.size is None:
            return frame
        return self._upscalers[treatment.student is None].bring(frame, *treatment.size)

    def _pass(self, frame: VideoFrame, reason: str, error: Exception | None = None) -> Enhanced:
        if reason not in self._said:
            self._said.add(reason)
            log.warning("frames pass through unenhanced: %s", reason, exc_info=error)
        return Enhanced(frame, reason)
