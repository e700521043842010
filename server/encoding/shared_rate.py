"""Which bit rate a picture gets that several receivers share."""

from acutance.server.encoding.bitrate import RateControl

# One viewer on a poor line is not to spoil the picture of the others: with several, half of what the size asks for is
# the least. Half costs .002 to .004 of SSIM on calls (0.4 against 0.2 bits a pixel, see bitrate.py); who cannot
# take that much loses packets, and asks for a smaller picture in vain: a rendition has one size.
_LEAST_SHARE = 0.5


class SharedRate:
    """The lowest rate that any receiver asks for; with several of them not below half of what the size asks for.

    `target` is called in the encoder's thread: the tuple is replaced, never changed.
    """

    def __init__(self) -> None:
        self._controls: tuple[RateControl, ...] = ()

    def join(self, control: RateControl) -> None:
        """Take one more receiver's into account."""
        self._controls += (control,)

    def leave(self, control: RateControl) -> None:
        """Forget one receiver's."""
        self._controls = tuple(other for other in self._controls if other is not control)

    def target(self, width: int, height: int) -> int:
        """Return bits a second for a picture of this size in pixels."""
        controls = self._controls or (RateControl(0),)
        lowest = min(control.target(width, height) for control in controls)
        if len(controls) == 1:
            return lowest
        least = _LEAST_SHARE * min(control.unhindered(width, height) for control in controls)
        return max(lowest, round(least))
