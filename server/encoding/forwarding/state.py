"""Whether a rendition encodes frames or forwards those of the sender: a pure state machine, one step a frame."""

from dataclasses import dataclass
from enum import StrEnum

# A sender that ignored the request, or did not get it, may answer another one.
REPEAT_S = 10.0


class Mode(StrEnum):
    """What a rendition sends."""

    ENCODING = "encoding"
    WAITING = "waiting for a keyframe"
    """Encodes until the sender's next keyframe, which was requested."""
    FORWARDING = "forwarding"
    LEAVING = "leaving"
    """Forwards until frames are decoded again, which requires a keyframe of the sender."""


@dataclass(frozen=True)
class Step:
    """What to do with one coded frame.

    Attributes:
        forwards: whether the coded frame is sent; else its decoded and encoded version will be.
        asks: whether to request a keyframe from the sender.
        resumes: whether encoding begins with this frame, with a keyframe.
    """

    forwards: bool
    asks: bool = False
    resumes: bool = False


class Forwarding:
    """Switches one rendition. To forwarding at a keyframe of the sender, to encoding at any frame that is decoded.

    Attributes:
        mode: after the last step.
    """

    def __init__(self) -> None:
        self.mode = Mode.ENCODING
        self._asked_at = 0.0

    @property
    def active(self) -> bool:
        """Whether coded frames are forwarded."""
        return self.mode in (Mode.FORWARDING, Mode.LEAVING)

    def needs_pixels(self, wanted: bool, is_keyframe: bool) -> bool:
        """Return whether the next frame must be decoded for this rendition; arguments as for `step`."""
        return not wanted or not (self.active or is_keyframe)

    def step(self, wanted: bool, is_keyframe: bool, decoded: bool, now: float) -> Step:
        """Take the next frame in decoding order.

        Args:
            wanted: whether forwarding is better than encoding for this frame.
            is_keyframe: whether receivers can begin with the coded frame.
            decoded: whether the frame is decoded too.
            now: in seconds on any clock.
        """
        if self.active:
            if not wanted and decoded:
                self.mode = Mode.ENCODING
                return Step(forwards=False, resumes=True)
            self.mode = Mode.FORWARDING if wanted else Mode.LEAVING
            return Step(forwards=True)
        if not wanted:
            self.mode = Mode.ENCODING
            return Step(forwards=False)
        if is_keyframe:
            self.mode = Mode.FORWARDING
            return Step(forwards=True)
        asks = self.mode is Mode.ENCODING or now - self._asked_at >= REPEAT_S
        self.mode = Mode.WAITING
        if asks:
            self._asked_at = now
        return Step(forwards=False, asks=asks)

    def end(self) -> bool:
        """Encode from the next frame on, whatever happens; return whether frames were forwarded."""
        was_active, self.mode = self.active, Mode.ENCODING
        return was_active
