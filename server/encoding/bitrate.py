"""The bit rate of the returned video, from its size and the receiver's bandwidth estimate."""

from dataclasses import dataclass
from typing import Protocol

from acutance.server.options.session_limits import MIN_BITRATE

# Bits per pixel and frame: 0.4 up to 360p, 0.17 at 720p, 0.1 at 1080p. With 0.2 or 0.3, encoding costs calm talking
# heads more SSIM than the student gains (test clips, 2026-11-22; `make bench CLIP=…` measures it again).
_BITS_AT_360P = 0.4
_PIXELS_AT_360P = 640 * 360
_FALL = -0.63
# Frame rate in the configuration of encoders: x264 through FFmpeg gives each frame 1/30 s of the bit rate and ignores
# timestamps.
NOMINAL_RATE = 30
# REMB changes by some per cent per second: small changes are ignored.
HYSTERESIS = 0.1
_HEAVY_LOSS, _LIGHT_LOSS = 0.1, 0.02
_HARDEST_BRAKE = 0.05


def usual_bits(width: int, height: int) -> float:
    """Return the bits per pixel and frame for a size in pixels on an unlimited connection."""
    bits: float = _BITS_AT_360P * max(1.0, width * height / _PIXELS_AT_360P) ** _FALL
    return bits


def start_bitrate(width: int, height: int, maximum: int) -> int:
    """Return the bit rate in bit/s for a size in pixels at 30 frames per second, at most ``maximum``."""
    return max(MIN_BITRATE, min(maximum, round(usual_bits(width, height) * width * height * NOMINAL_RATE)))


class Rate(Protocol):
    """A bit rate that an encoder follows."""

    def target(self, width: int, height: int) -> int:
        """Return the bit rate in bit/s for a size in pixels."""
        ...


@dataclass
class RateControl:
    """The bit rate for one receiver, from the frame size and the receiver's bandwidth estimate (REMB) or loss.

    Attributes:
        maximum: in bit/s, for any size.
        ceiling: the receiver's last estimate in bit/s; None before the first.
    """

    maximum: int
    ceiling: int | None = None
    _brake: float = 1.0

    def on_remb(self, bitrate: int) -> None:
        """Take the receiver's estimated maximum bit rate in bit/s (draft-alvestrand-rmcat-remb-03)."""
        if self.ceiling is None or abs(bitrate - self.ceiling) > HYSTERESIS * self.ceiling:
            self.ceiling = bitrate

    def on_loss(self, fraction: float) -> None:
        """Take the share of packets lost since the last receiver report, 0 to 1 (RFC 3550, section 6.4.1).

        Many peers other than browsers send no REMB; their rate follows loss, as in the loss-based controller of
        draft-ietf-rmcat-gcc-02, section 6: above 10 % loss it falls by half of the loss, below 2 % it rises by 5 %.
        """
        if fraction > _HEAVY_LOSS:
            self._brake = max(_HARDEST_BRAKE, self._brake * (1 - 0.5 * fraction))
        elif fraction < _LIGHT_LOSS:
            self._brake = min(1.0, self._brake * 1.05)

    def unhindered(self, width: int, height: int) -> int:
        """Return the bit rate in bit/s for a size in pixels on an unlimited connection."""
        return start_bitrate(width, height, self.maximum)

    def target(self, width: int, height: int) -> int:
        """Return the bit rate in bit/s for a size in pixels."""
        wanted = self.unhindered(width, height)
        ceiling = round(wanted * self._brake) if self.ceiling is None else self.ceiling
        return max(MIN_BITRATE, min(wanted, ceiling))

    def limit(self, width: int, height: int) -> int:
        """Return the largest bit rate in bit/s that the receiver can take; a forwarded stream may have it.

        `target` is lower if more bits would not improve what our encoder makes of a frame of this size in pixels.
        """
        if self.ceiling is not None:
            return max(MIN_BITRATE, min(self.maximum, self.ceiling))
        return self.maximum if self._brake == 1.0 else self.target(width, height)


def nominal(target: int, frame_rate: float) -> int:
    """Return the bit rate to configure in an encoder that assumes 30 frames per second, to get ``target`` bit/s.

    Only faster streams are corrected: a slower one keeps its bits per frame and stays below the target.
    """
    return round(target * NOMINAL_RATE / max(NOMINAL_RATE, frame_rate))
