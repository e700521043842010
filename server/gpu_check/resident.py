"""Step 13, on request: NVDEC, student and NVENC without leaving the device. Calls do not use it yet."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import av
import numpy as np
import onnxruntime as ort
from av.codec.hwaccel import HWAccel
from av.video.codeccontext import VideoCodecContext

from acutance.model.engine import catalog
from acutance.model.engine.buffers import InputLayout
from acutance.model.engine.engine import Engine
from acutance.model.engine.gpu.resident import DevicePlane, ResidentStudent
from acutance.model.hints import UNCODED
from acutance.model.planes import Plane, Size
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder import VideoPacket
from acutance.server.encoding.h264 import H264Encoder
from acutance.server.frames.planes import plane_view
from acutance.server.frames.synthetic import moving_frames
from acutance.server.gpu_check.steps import StepError, StepSkippedError
from acutance.server.gpu_check.target import Extent, Target

_SIZE: Size = (640, 360)
_FRAMES = 30
_RATE = 4_000_000
_CLOSE_DB = 34.0
"""PSNR by which the coded result may differ from what the CPU sharpens: the loss of the encoder."""


@dataclass(frozen=True)
class Codecs:
    """What decodes to frames on the device, and encodes them.

    Attributes:
        decoder: returns a decoder whose frames are NV12 on the device.
        encoder: returns an encoder for such frames, for a size in pixels.
    """

    decoder: Callable[[], VideoCodecContext]
    encoder: Callable[[Size], VideoCodecContext]


def nvidia() -> Codecs:
    """Return NVDEC and NVENC in the primary context, which ONNX Runtime uses too."""

    def decoder() -> VideoCodecContext:
        device = HWAccel("cuda", allow_software_fallback=False, options={"primary_ctx": "1"}, is_hw_owned=True)
        return av.CodecContext.create("h264", "r", hwaccel=device)

    def encoder(size: Size) -> VideoCodecContext:
        codec = av.CodecContext.create("h264_nvenc", "w")
        codec.width, codec.height = size
        codec.pix_fmt = "cuda"
        codec.time_base, codec.framerate, codec.bit_rate = Fraction(1, 30), Fraction(30), _RATE
        codec.options = {"preset": "p4", "tune": "ull", "zerolatency": "1", "delay": "0"}
        return codec

    return Codecs(decoder, encoder)


def stays(target: Target, extent: Extent, codecs: Codecs) -> dict[str, Any]:
    """Decode, sharpen and encode on the device, and compare the result with the CPU's.

    Raises:
        StepError: the result differs by more than the encoder's loss, or frames are missing.
        StepSkippedError: CUDA's runtime library was not found, or the student has colour.
    """
    runtime = target.runtime()
    if runtime is None:
        raise StepSkippedError("CUDA's runtime library was not found")
    name = extent.students[0]
    session = target.session(catalog.find(name).file, "CUDA")
    if InputLayout.of(session).colour:
        raise StepSkippedError(f"{name} has colour, and decoders on the device give U and V interleaved")
    student = ResidentStudent(session, _SIZE, runtime, target.place)
    sent = list(_coded())
    returned = list(_through(sent, codecs, student, target.place))
    student.close()
    expected = list(_expected(sent, target.reference(name)))
    shown = list(_decoded(returned))
    if len(shown) != len(expected):
        raise StepError(f"{len(shown)} of {len(expected)} frames came back")
    worst = min(_psnr(one, other) for one, other in zip(shown, expected, strict=True))
    if worst < _CLOSE_DB:
        raise StepError(
            f"a frame that stayed on the device is {worst:.1f} dB from the CPU's; {_CLOSE_DB:.0f} are expected"
        )
    return {"frames": len(shown), "worst_psnr_db": round(worst, 1)}


def _through(
    packets: Iterable[VideoPacket], codecs: Codecs, student: ResidentStudent, place: str
) -> Iterator[VideoPacket]:
    decoder, encoder = codecs.decoder(), codecs.encoder(_SIZE)
    width, height = _SIZE
    for number, frame in enumerate(_frames(decoder, packets)):
        luma = _on_device((height, width), place)
        chroma = _on_device((height // 2, width // 2, 2), place)
        student.sharpen(_plane(frame, 0), DevicePlane(luma.data_ptr(), width, _SIZE), UNCODED)
        student.copy([(DevicePlane(chroma.data_ptr(), width, (width, height // 2)), _plane(frame, 1))])
        sharpened = av.VideoFrame.from_dlpack([luma, chroma], format="nv12", width=width, height=height)
        sharpened.pts, sharpened.time_base = number, Fraction(1, 30)
        yield from encoder.encode(sharpened)
    yield from encoder.encode(None)


def _on_device(shape: tuple[int, ...], place: str) -> ort.OrtValue:
    return ort.OrtValue.ortvalue_from_numpy(np.zeros(shape, np.uint8), place, 0)


def _plane(frame: av.VideoFrame, index: int) -> DevicePlane:
    plane = frame.planes[index]
    width, height = _SIZE
    return DevicePlane(plane.buffer_ptr, plane.line_size, (width, height >> index))


def _coded() -> Iterator[VideoPacket]:
    encoder = H264Encoder(RateControl(_RATE))
    for frame in islice(moving_frames(*_SIZE), _FRAMES):
        yield encoder.encode(frame)


def _expected(packets: Iterable[VideoPacket], reference: Engine) -> Iterator[Plane]:
    return (reference.sharpen(luma) for luma in _decoded(packets))


def _decoded(packets: Iterable[VideoPacket]) -> Iterator[Plane]:
    decoder = av.CodecContext.create("h264", "r")
    for frame in _frames(decoder, packets):
        yield plane_view(frame, 0).copy()


def _frames(decoder: VideoCodecContext, packets: Iterable[VideoPacket]) -> Iterator[av.VideoFrame]:
    for packet in packets:
        # A copy: decoders of other libraries may keep what they are given.
        yield from decoder.decode(av.Packet(bytes(packet)))
    yield from decoder.decode(None)


def _psnr(one: Plane, other: Plane) -> float:
    error = float(np.mean((one.astype(np.float32) - other) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))
