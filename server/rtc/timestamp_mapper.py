"""Converts 32-bit RTP timestamps, which wrap, to presentation timestamps of a whole session."""

# B-frames are sent after frames with a larger timestamp. A larger step back than this, a second of video or two of
# audio, means that the sender has restarted its clock.
_MAX_REORDERING = 90_000
_DEFAULT_STEP = 3000  # one frame of 30 per second
_CYCLE = 1 << 32


class TimestampMapper:
    """Maps RTP timestamps to ``pts``: the first is 0; wraps and restarts of the sender cause no jump.

    It has the interface of aiortc's own mapper, which treats every smaller timestamp as a wrap and then adds 2^32.
    """

    def __init__(self) -> None:
        self._timestamp: int | None = None  # the last one
        self._pts = self._highest = 0
        self._step = _DEFAULT_STEP
        self._restarted = False

    @property
    def origin(self) -> int | None:
        """RTP timestamp of ``pts`` 0, modulo 2^32; it changes when the sender restarts. None before the first frame."""
        return None if self._timestamp is None else (self._timestamp - self._pts) % _CYCLE

    def restart(self) -> None:
        """Make the next timestamp the first one of a new stream: its ``pts`` follows the highest one so far."""
        self._restarted = self._timestamp is not None

    def map(self, timestamp: int) -> int:
        """Return the ``pts`` of the next frame in decoding order, in units of the RTP clock."""
        if self._timestamp is not None:
            step = _signed(timestamp - self._timestamp)
            if self._restarted or step < -_MAX_REORDERING:
                self._pts = self._highest + self._step
            else:
                self._pts += step
                self._step = step if 0 < step <= _MAX_REORDERING else self._step
        self._timestamp, self._restarted = timestamp, False
        self._highest = max(self._highest, self._pts)
        return self._pts

    def pts_of(self, timestamp: int) -> int | None:
        """Return the ``pts`` of any RTP timestamp within 2^31 of the last frame's; None before the first frame."""
        return None if self._timestamp is None else self._pts + _signed(timestamp - self._timestamp)


def _signed(difference: int) -> int:
    return (difference + _CYCLE // 2) % _CYCLE - _CYCLE // 2
