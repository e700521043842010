"""What to do with the frames of one session: student, output size, strength."""

from dataclasses import dataclass

from acutance.model.planes import Size
from acutance.server.students.governor import PASS, Governor
from acutance.server.video.enhancer import Treatment
from acutance.server.video.output_size import OutputSize


@dataclass
class Choices:
    """What to do with the frames of a session; may change from one frame to the next.

    Attributes:
        governor: chooses the student.
        output: chooses the size of the returned video.
        strength: factor of the student's correction: 0 adds nothing, 1 is as trained.
        enhance: False passes every frame through.
    """

    governor: Governor
    output: OutputSize
    strength: float = 1.0
    enhance: bool = True

    def treatment(self, incoming: Size) -> Treatment:
        """Return what to do with a frame of this incoming size."""
        rung = self.governor.rung.name
        wanted = self.enhance and rung != PASS
        pass_reason = None if wanted else (self.governor.reason if self.enhance else "enhancement is switched off")
        return Treatment(rung if wanted else None, self.output.for_size(incoming), self.strength, pass_reason)
