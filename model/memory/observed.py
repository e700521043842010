"""A decoded frame as the memory sees it."""

from dataclasses import dataclass
from functools import cached_property

from acutance.model.hints import Hints
from acutance.model.memory import quality
from acutance.model.memory.reduced import Reduced
from acutance.model.planes import Plane


@dataclass(frozen=True)
class Observed:
    """A decoded frame, with what is computed of it at most once.

    Attributes:
        luma: uint8 `[H, W]`, enlarged to the size of the call if the sender reduced it; both sides at least 16.
        hints: Hints of the frame; step, bits and reduction are used.
    """

    luma: Plane
    hints: Hints

    @cached_property
    def reduced(self) -> Reduced:
        """The frame on the quarter grid."""
        return Reduced.of_luma(self.luma)

    @property
    def coarseness(self) -> float:
        """See `acutance.model.memory.quality.coarseness`."""
        return quality.coarseness(self.hints)

    @property
    def tolerance(self) -> float:
        """See `acutance.model.memory.quality.tolerance`."""
        return quality.tolerance(self.hints)
