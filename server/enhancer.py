"""A decoded frame in, an enhanced one out: the only caller of the Engine."""

import logging
from dataclasses import dataclass, replace

from av import VideoFrame

from model.engine import Engine, UnsupportedSizeError
from model.hints import UNCODED, Hints
from model.sharpness import sharpness
from server.picture import FORMATS, new_like, plane_view

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Enhanced:
    """A frame on its way back.

    Attributes:
        frame: the enhanced frame, or the one that came.
        passed_reason: why it is the one that came, in words; None where it was enhanced.
    """

    frame: VideoFrame
    passed_reason: str | None = None


class Enhancer:
    """Sharpens the luma of frames. Blocks for as long as the inference takes: call it in an executor.

    Whatever fails, the picture goes on: the frame passes through, and the first failure of a kind is logged.
    """

    def __init__(self, engine: Engine):
        self.engine = engine
        self._said: set[str] = set()

    def enhance(self, frame: VideoFrame, hints: Hints = UNCODED) -> Enhanced:
        """Return ``frame`` with its Y plane sharpened; U, V, pts, time base, range and colours as they came.

        Args:
            frame: as decoded.
            hints: what is known of it beside its pixels; how sharp it is is measured here.
        """
        if frame.format.name not in FORMATS:
            return self._pass(frame, f"pictures in the format {frame.format.name} are not enhanced")
        try:
            enhanced = new_like(frame)
            luma = plane_view(frame, 0)
            known = replace(hints, sharpness=sharpness(luma))
            self.engine.sharpen(luma, out=plane_view(enhanced, 0), hints=known)
            for index in (1, 2):
                plane_view(enhanced, index)[:] = plane_view(frame, index)
        except UnsupportedSizeError as error:
            return self._pass(frame, str(error))
        except Exception as error:  # ONNX Runtime's errors share no base class
            return self._pass(frame, f"the student failed on {self.engine.provider}: {type(error).__name__}", error)
        return Enhanced(enhanced)

    def _pass(self, frame: VideoFrame, reason: str, error: Exception | None = None) -> Enhanced:
        if reason not in self._said:
            self._said.add(reason)
            log.warning("frames pass through unenhanced: %s", reason, exc_info=error)
        if frame.format.name not in FORMATS:
            frame = frame.reformat(format=FORMATS[0])
        return Enhanced(frame, reason)
