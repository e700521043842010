"""Whether the receivers can take the bit rate of a forwarded stream."""

from dataclasses import dataclass

# A sender needs a second or two to follow an estimate; its rate then varies around it.
_EXCESS, _TOO_LONG_S = 1.3, 3.0
_FITS_AGAIN_S = 5.0


@dataclass
class RateFit:
    """Compares the rate of the stream with the limit of its receivers, which is also passed to the sender.

    Not every sender obeys: a stream that stays above the limit must be encoded at the lower rate.

    Attributes:
        fits: whether the stream may be forwarded.
    """

    fits: bool = True
    _since: float | None = None

    def note(self, bitrate: int, limit: int, now: float) -> bool:
        """Take both rates in bit/s at a time in seconds; return whether the stream may be forwarded."""
        contrary = bitrate > _EXCESS * limit if self.fits else bitrate <= limit
        if not contrary:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since >= (_TOO_LONG_S if self.fits else _FITS_AGAIN_S):
            self.fits, self._since = not self.fits, None
        return self.fits
