"""Step 10: NVENC, where the GPU has one (A100, H100 and H200 have none)."""

from itertools import cycle
from typing import Any

from acutance.model.planes import Size
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder import Encoder
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.encoding.h264 import NvencEncoder
from acutance.server.frames.planes import FULL_RANGE, plane_view
from acutance.server.frames.synthetic import moving_frames
from acutance.server.gpu_check.steps import StepError, StepSkippedError

_SIZE: Size = (640, 360)
_CHANGES, _FRAMES_EACH = 20, 30
_BASELINE, _CONSTRAINED = 66, 0x40


def encodes() -> dict[str, Any]:
    """Check that NVENC returns one packet a frame, in constrained Baseline, with few IDRs, and in both ranges."""
    choice = EncoderChoice.measure(1)
    if not choice.nvenc:
        raise StepSkippedError(choice.note or "NVENC does not open")
    return check(NvencEncoder)


def check(kind: type[NvencEncoder], size: Size = _SIZE) -> dict[str, Any]:
    """Check an encoder.

    Args:
        kind: `NvencEncoder`, or a stand-in.
        size: width and height of its frames.

    Raises:
        StepError: it does not encode as calls need it.
    """
    now = [0.0]
    control = RateControl(4_000_000)
    encoder = kind(control, lambda: now[0])
    profile = _profile(bytes(_encode(encoder, size, full_range=False)))
    changes, before = 0, encoder.bitrate
    frames = moving_frames(*size)
    rates = cycle((2_000_000, 600_000, 1_200_000, 400_000))
    for _ in range(_CHANGES):
        control.on_remb(next(rates))
        for _ in range(_FRAMES_EACH):
            encoder.encode(next(frames))
            changes, before = changes + (encoder.bitrate != before), encoder.bitrate
            now[0] += 1 / 30
    seconds = _CHANGES * _FRAMES_EACH / 30
    if encoder.keyframes > 1 + seconds / 2:
        raise StepError(f"{encoder.keyframes} IDRs in {seconds:.0f} s with {changes} changes of the bit rate")
    for full_range in (True, False):
        _profile(bytes(_encode(encoder, size, full_range=full_range)))
    return {"profile": profile, "changes": changes, "idrs": encoder.keyframes, "seconds": seconds}


def _encode(encoder: Encoder, size: Size, *, full_range: bool) -> Any:
    frame = next(moving_frames(*size))
    if full_range:
        full = type(frame)(*size, FULL_RANGE)
        for index in range(3):
            plane_view(full, index)[:] = plane_view(frame, index)
        full.pts, full.time_base = frame.pts, frame.time_base
        frame = full
    return encoder.encode(frame)


def _profile(packet: bytes) -> str:
    at = packet.find(b"\x00\x00\x01\x67")
    if at < 0:
        raise StepError("a keyframe has no sequence parameter set")
    profile, constraints = packet[at + 4], packet[at + 5]
    if profile != _BASELINE or not constraints & _CONSTRAINED:
        raise StepError(f"H.264 profile {profile} with constraints {constraints:#04x}, not constrained Baseline")
    return f"{profile:02x}{constraints:02x}"
