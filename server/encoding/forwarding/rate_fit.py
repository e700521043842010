"""Whether the receivers can take the bit rate of a forwarded stream."""

from dataclasses import dataclass

# A sender needs a second or two to follow an estimate; its rate then varies around it.
_EXCESS, _TOO_LONG_S = 1.3, 3.0
_FITS_AGAIN_S = 5.0


@dataclass
class RateFit:
    """Compares the rate of the stream with the limit of its receivers, which is also passed to the sender.

    Not every sender obeys: a stream that stays above the limit must be encoded at the lower rate. A limit that rises
    meanwhile is no limit of the line: receivers estimate little more than what they get (libwebrtc and aiortc: 1.5
    times), so after a still picture the estimate needs many seconds to follow one that moves.

    Attributes:
        fits: whether the stream may be forwarded.
    """

    fits: bool = True
    _since: float | None = None
    _limit: int = 0  # at that time

    def note(self, bitrate: int, limit: int, now: float) -> bool:
        """Take both rates in bit/s at a time in seconds; return whether the stream may be forwarded."""
        contrary = bitrate > _EXCESS * limit if self.fits else bitrate <= limit
        rises = self.fits and self._since is not None and limit > self._limit
        if not contrary:
            self._since = None
        elif self._since is None or rises:
            self._since, self._limit = now, limit
        elif now - self._since >= (_TOO_LONG_S if self.fits else _FITS_AGAIN_S):
            self.fits, self._since = not self.fits, None
        return self.fits
