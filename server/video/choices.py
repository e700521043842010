"""What to do with the frames of one session: student, output size, strength."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from acutance.model.planes import Size
from acutance.server.students.failures import Failures
from acutance.server.students.governor import Governor
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS, Rung
from acutance.server.video.enhancer import Treatment
from acutance.server.video.memory_budget import ForwardedFrames, Offers
from acutance.server.video.output_size import OutputSize
from acutance.server.video.pass_reason import PassReason


def governors(
    ladder: Ladder, rungs: Sequence[Rung], failures: Failures, *, steady: bool
) -> tuple[Governor, Governor | None]:
    """Return the governor of frames of which nothing is remembered, and that of the others; None without a memory.

    Args:
        ladder: the students of the server.
        rungs: those of the ladder that the session may use.
        failures: what failed in other calls.
        steady: always use the first rung.
    """
    recalling = ladder.recalling(rungs)
    return (
        Governor(rungs, steady, failures),
        Governor(recalling, steady, failures, hopeful=True) if recalling else None,
    )


@dataclass
class Choices:
    """What to do with the frames of a session; may change from one frame to the next.

    Attributes:
        governor: chooses the student for frames of which nothing is remembered.
        recalling: chooses for those of which something is; None without a memory.
        output: chooses the size of the returned video.
        strength: factor of the student's correction: 0 adds nothing, 1 is as trained.
        enhance: False passes every frame through.
        forward: whether coded frames to which no student adds anything may be forwarded instead of encoded again.
        forward_good: whether frames that a student would improve less than a second encoding costs count as such.
        remember: whether detail is taken from earlier frames of the call, if the server has a memory.
        forwarded: which forwarded frames are remembered.
        offers: whether the memory has something to add.
    """

    governor: Governor
    output: OutputSize
    recalling: Governor | None = None
    strength: float = 1.0
    enhance: bool = True
    forward: bool = True
    forward_good: bool = False
    remember: bool = True
    forwarded: ForwardedFrames = field(default_factory=ForwardedFrames)
    offers: Offers = field(default_factory=Offers)

    @property
    def wants_student(self) -> bool:
        """Whether a student is used if the governor finds one that is fast enough."""
        return self.enhance and self.strength > 0

    @property
    def recalls(self) -> bool:
        """Whether the memory has something to add."""
        return self.remember and self.offers.any

    @property
    def in_use(self) -> Governor:
        """The governor of frames like the last ones."""
        return self.governor_for(recalled=self.recalls)

    def governor_for(self, *, recalled: bool) -> Governor:
        """Return the governor of frames of which something is remembered, or nothing."""
        return self.recalling if recalled and self.recalling is not None else self.governor

    def begin(self, at: float, pixels: int, interval: float, busy: float) -> None:
        """Let the governors choose for the first frame, see `Governor.begin`."""
        for governor in (self.governor, self.recalling):
            if governor is not None:
                governor.begin(at, pixels, interval, busy)

    @property
    def pass_reason(self) -> PassReason | None:
        """Why no student is used; None if one is."""
        if not self.enhance:
            return PassReason("off", "enhancement is switched off")
        if self.strength == 0:
            return PassReason("off", "the strength is 0")
        governor = self.in_use
        if governor.rung.name != PASS:
            return None
        reason = governor.reason or "no student is selected"
        may_recall = self.remember and self.recalling is not None and self.recalling.rung.name != PASS
        if may_recall and governor is self.governor:
            return PassReason("nothing", f"nothing sharper is remembered; {reason}")
        return PassReason("off" if governor.reason is None else "busy", reason)

    def treatment(self, incoming: Size) -> Treatment:
        """Return what to do with a frame of this incoming size."""
        reason = self.pass_reason
        student, recalled = None, None
        if reason is None:
            student = self.governor.rung.student
            recalled = self.recalling.rung if self.recalling is not None and self.remember else None
        return Treatment(student, self.output.for_size(incoming), self.strength, reason, self.remember, recalled)
