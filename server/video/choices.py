"""What to do with the frames of one session: student, output size, strength."""

from dataclasses import dataclass, field

from acutance.model.planes import Size
from acutance.server.students.governor import Governor
from acutance.server.students.rungs import PASS, REMEMBER
from acutance.server.video.enhancer import Treatment
from acutance.server.video.memory_budget import AlignmentBudget, ForwardedFrames, Offers
from acutance.server.video.output_size import OutputSize


@dataclass
class Choices:
    """What to do with the frames of a session; may change from one frame to the next.

    Attributes:
        governor: chooses the student.
        output: chooses the size of the returned video.
        strength: factor of the student's correction: 0 adds nothing, 1 is as trained.
        enhance: False passes every frame through.
        forward: whether coded frames to which no student adds anything may be forwarded instead of encoded again.
        forward_good: whether frames that a student would improve less than a second encoding costs count as such.
        remember: whether detail is taken from earlier frames of the call, if the server has a memory.
        alignment: whether there is time to align what is remembered.
        forwarded: which forwarded frames are remembered.
        offers: whether the memory has something to add.
    """

    governor: Governor
    output: OutputSize
    strength: float = 1.0
    enhance: bool = True
    forward: bool = True
    forward_good: bool = False
    remember: bool = True
    alignment: AlignmentBudget = field(default_factory=AlignmentBudget)
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
    def pass_reason(self) -> str | None:
        """Why no student is used, in words; None if one is."""
        if not self.enhance:
            return "enhancement is switched off"
        if self.strength == 0:
            return "the strength is 0"
        rung = self.governor.rung.name
        if rung == REMEMBER and not self.recalls:
            return f"nothing sharper is remembered; {self.governor.reason or 'no student is selected'}"
        return (self.governor.reason or "no student is selected") if rung == PASS else None

    def treatment(self, incoming: Size) -> Treatment:
        """Return what to do with a frame of this incoming size."""
        reason = self.pass_reason
        student = self.governor.rung.name if reason is None else None
        size, aligned = self.output.for_size(incoming), self.alignment.allowed
        beside = None if student in (None, self.governor.beside_memory) else self.governor.beside_memory
        return Treatment(student, size, self.strength, reason, self.remember, aligned, beside)
