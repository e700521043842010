"""What one worker measured at its start, so that the others, and replacements in mid-call, need not measure."""

from pydantic import BaseModel

from acutance.model.engine.choice import Known
from acutance.server.encoding.encoder_choice import EncoderChoice


class Measured(BaseModel):
    """Measurements of the host.

    Attributes:
        students: how each student was chosen, see `Ladder.known`.
        encoders: the measured encoders.
    """

    students: dict[str, Known]
    encoders: EncoderChoice
