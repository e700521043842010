"""The bit rate of a rendition that several receivers share."""

from collections.abc import Sequence

from acutance.server.encoding.bitrate import RateControl

# One viewer on a poor connection must not spoil the video of others: with several receivers, the minimum is half of the
# rate for the size. Half costs 0.002 to 0.004 of SSIM on calls (0.4 against 0.2 bits per pixel, see bitrate.py). A
# receiver with less bandwidth loses packets.
_LEAST_SHARE = 0.5


def sender_limit(forwarding: Sequence["SharedRate"], others: Sequence["SharedRate"], width: int, height: int) -> int:
    """Return the largest bit rate in bit/s that a sender should use for a size in pixels.

    Args:
        forwarding: rates of the renditions, at least one, that its coded frames are forwarded to; the lowest counts.
        others: rates of the other renditions of the stream: their receivers would get a worse video, too.
        width: in pixels.
        height: in pixels.
    """
    together = SharedRate()
    for rate in (*forwarding, *others):
        for control in rate.controls:
            together.join(control)
    return max(together.minimum(width, height), min(rate.limit(width, height) for rate in forwarding))


class SharedRate:
    """The lowest rate of all receivers; with several receivers, at least half of the rate for the size.

    `target` is called in the encoder's thread: the tuple is replaced, never changed.

    Attributes:
        controls: of the receivers.
    """

    def __init__(self) -> None:
        self.controls: tuple[RateControl, ...] = ()

    def join(self, control: RateControl) -> None:
        """Add a receiver's rate."""
        self.controls += (control,)

    def leave(self, control: RateControl) -> None:
        """Remove a receiver's rate."""
        self.controls = tuple(other for other in self.controls if other is not control)

    def target(self, width: int, height: int) -> int:
        """Return the bit rate in bit/s for a size in pixels."""
        return max(self.minimum(width, height), min(each.target(width, height) for each in self._known()))

    def limit(self, width: int, height: int) -> int:
        """Return the largest bit rate in bit/s that a forwarded stream may have, see `RateControl.limit`."""
        return max(self.minimum(width, height), min(each.limit(width, height) for each in self._known()))

    def minimum(self, width: int, height: int) -> int:
        """Return the bit rate in bit/s below which one of several receivers brings nobody; 0 for a single one."""
        controls = self._known()
        if len(controls) == 1:
            return 0
        return round(_LEAST_SHARE * min(control.unhindered(width, height) for control in controls))

    def _known(self) -> tuple[RateControl, ...]:
        return self.controls or (RateControl(0),)
