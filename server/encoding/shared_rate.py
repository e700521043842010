"""The bit rate of a rendition that several receivers share."""

from acutance.server.encoding.bitrate import RateControl

# One viewer on a poor connection must not spoil the video of others: with several receivers, the minimum is half of the
# rate for the size. Half costs 0.002 to 0.004 of SSIM on calls (0.4 against 0.2 bits per pixel, see bitrate.py). A
# receiver with less bandwidth loses packets.
_LEAST_SHARE = 0.5


class SharedRate:
    """The lowest rate of all receivers; with several receivers, at least half of the rate for the size.

    `target` is called in the encoder's thread: the tuple is replaced, never changed.
    """

    def __init__(self) -> None:
        self._controls: tuple[RateControl, ...] = ()

    def join(self, control: RateControl) -> None:
        """Add a receiver's rate."""
        self._controls += (control,)

    def leave(self, control: RateControl) -> None:
        """Remove a receiver's rate."""
        self._controls = tuple(other for other in self._controls if other is not control)

    def target(self, width: int, height: int) -> int:
        """Return the bit rate in bit/s for a size in pixels."""
        return max(self._minimum(width, height), min(each.target(width, height) for each in self._known()))

    def limit(self, width: int, height: int) -> int:
        """Return the largest bit rate in bit/s that a forwarded stream may have, see `RateControl.limit`."""
        return max(self._minimum(width, height), min(each.limit(width, height) for each in self._known()))

    def _minimum(self, width: int, height: int) -> int:
        controls = self._known()
        if len(controls) == 1:
            return 0
        return round(_LEAST_SHARE * min(control.unhindered(width, height) for control in controls))

    def _known(self) -> tuple[RateControl, ...]:
        return self._controls or (RateControl(0),)
