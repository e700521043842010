"""Which bit rate the returned picture gets: by its size, under the ceiling that the receiver names."""

from dataclasses import dataclass
from typing import Protocol

from acutance.server.options.session_limits import MIN_BITRATE

# 0.4 bits a pixel and frame up to 360p, 0.17 at 720p, 0.1 at 1080p. With 0.2 or 0.3 re-encoding took more SSIM from
# calm talking heads than the student gives them (test clips, 2026-11-22; `make bench CLIP=…` measures it again).
_BITS_AT_360P = 0.4
_PIXELS_AT_360P = 640 * 360
_FALL = -0.63
# What the encoders' rate control is told: x264 through FFmpeg gives each frame 1/30 s of the rate,
# whatever its time stamp says.
NOMINAL_RATE = 30
# Retuning x264 costs nothing, but REMB moves by some per cent a second: no need to follow each step.
HYSTERESIS = 0.1
_HEAVY_LOSS, _LIGHT_LOSS = 0.1, 0.02
_HARDEST_BRAKE = 0.05


def start_bitrate(width: int, height: int, maximum: int) -> int:
    """Return bits a second for a picture of this size in pixels at 30 frames a second, at most ``maximum``."""
    pixels = width * height
    bits_per_pixel: float = _BITS_AT_360P * max(1.0, pixels / _PIXELS_AT_360P) ** _FALL
    return max(MIN_BITRATE, min(maximum, round(bits_per_pixel * pixels * NOMINAL_RATE)))


class Rate(Protocol):
    """What an encoder follows."""

    def target(self, width: int, height: int) -> int:
        """Return bits a second for a picture of this size in pixels."""
        ...


@dataclass
class RateControl:
    """The rate for the encoder, from the size, the receiver's estimate (REMB) and the frame rate.

    Attributes:
        maximum: bits a second that no picture exceeds.
        ceiling: the receiver's last estimate in bits a second; None before the first.
    """

    maximum: int
    ceiling: int | None = None
    _brake: float = 1.0

    def on_remb(self, bitrate: int) -> None:
        """Take the receiver's estimated maximum bitrate, bits a second (draft-alvestrand-rmcat-remb-03)."""
        if self.ceiling is None or abs(bitrate - self.ceiling) > HYSTERESIS * self.ceiling:
            self.ceiling = bitrate

    def on_loss(self, fraction: float) -> None:
        """Take the share of packets lost since the last receiver report, 0 to 1 (RFC 3550, section 6.4.1).

        Many peers that are no browsers send no REMB; for them loss is the brake, as in the loss-based controller of
        draft-ietf-rmcat-gcc-02, section 6: above 10 % down by half of it, below 2 % up by 5 %.
        """
        if fraction > _HEAVY_LOSS:
            self._brake = max(_HARDEST_BRAKE, self._brake * (1 - 0.5 * fraction))
        elif fraction < _LIGHT_LOSS:
            self._brake = min(1.0, self._brake * 1.05)

    def unhindered(self, width: int, height: int) -> int:
        """Return bits a second for a picture of this size on a line that takes everything."""
        return start_bitrate(width, height, self.maximum)

    def target(self, width: int, height: int) -> int:
        """Return bits a second for a picture of this size."""
        wanted = self.unhindered(width, height)
        ceiling = round(wanted * self._brake) if self.ceiling is None else self.ceiling
        return max(MIN_BITRATE, min(wanted, ceiling))


def nominal(target: int, frame_rate: float) -> int:
    """Return what to tell a rate control that counts 30 frames a second, so that ``target`` comes out.

    Only a faster stream needs it: a slower one keeps its bits a frame and falls below the target.
    """
    return round(target * NOMINAL_RATE / max(NOMINAL_RATE, frame_rate))
