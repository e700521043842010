import gc
import json
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle
from pathlib import Path

import av
import numpy as np
import pytest
from aiortc.mediastreams import VIDEO_TIME_BASE
from av.video.codeccontext import VideoCodecContext
from skimage.metrics import structural_similarity

from acutance.model.engine.gpu.device import DEVICE
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder import Encoder
from acutance.server.encoding.encoder_choice import ENCODERS
from acutance.server.encoding.h264 import H264Encoder, NvencEncoder
from acutance.server.encoding.vp8 import VP8Encoder
from acutance.server.frames.planes import plane_view
from tests.frames import frame_of, lumas

DECODERS = {"H264": "h264", "VP8": "vp8"}


class Clock:
    """A clock that advances by 1/30 s for each frame."""

    def __init__(self) -> None:
        self.frames = 0

    def __call__(self) -> float:
        return self.frames / 30


@pytest.fixture(params=["H264", "VP8"])
def codec(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _frames(number: int, width: int = 320, height: int = 240, rate: int = 30) -> Iterator[av.VideoFrame]:
    for index, luma in zip(count(), lumas(width, height, number), strict=False):
        yield frame_of(luma, index, rate)


def _keyframes(encoder: Encoder, clock: Clock, frames: Iterator[av.VideoFrame], ask_at: set[int]) -> list[int]:
    keys = []
    for index, frame in enumerate(frames):
        if index in ask_at:
            encoder.request_keyframe()
        if encoder.encode(frame).is_keyframe:
            keys.append(index)
        clock.frames += 1
    return keys


def test_one_frame_in_one_packet_out_with_the_frames_time(codec: str) -> None:
    encoder = ENCODERS[codec](RateControl(8_000_000))
    packets = [encoder.encode(frame) for frame in _frames(10)]
    assert [packet.pts for packet in packets] == [n * 3000 for n in range(10)]
    assert all(packet.time_base == VIDEO_TIME_BASE for packet in packets)
    assert [packet.is_keyframe for packet in packets] == [True] + [False] * 9


def test_the_stream_decodes_to_what_was_encoded(codec: str) -> None:
    encoder = ENCODERS[codec](RateControl(8_000_000))
    decoder = av.CodecContext.create(DECODERS[codec], "r")
    decoded = [plane_view(f, 0).copy() for frame in _frames(10) for f in decoder.decode(encoder.encode(frame))]
    assert len(decoded) == 10
    for result, luma in zip(decoded, lumas(320, 240, 10), strict=True):
        assert structural_similarity(result, luma, data_range=255) > 0.9


def test_a_keyframe_is_encoded_only_on_request(codec: str) -> None:
    clock = Clock()
    encoder = ENCODERS[codec](RateControl(8_000_000), clock)
    assert _keyframes(encoder, clock, _frames(60), ask_at={40}) == [0, 40]


def test_keyframes_keep_half_a_second_apart_however_often_asked(codec: str) -> None:
    clock = Clock()
    encoder = ENCODERS[codec](RateControl(8_000_000), clock)
    assert _keyframes(encoder, clock, _frames(60), ask_at=set(range(5, 40))) == [0, 15, 30, 45]


def test_frames_of_a_decoder_that_were_keyframes_force_none(codec: str) -> None:
    encoder = ENCODERS[codec](RateControl(8_000_000))
    keys = []
    for frame in _frames(6):
        frame.pict_type = av.video.frame.PictureType.I
        keys.append(encoder.encode(frame).is_keyframe)
    assert keys == [True] + [False] * 5


def test_a_change_of_size_costs_one_keyframe_and_no_frame(codec: str) -> None:
    encoder = ENCODERS[codec](RateControl(8_000_000))
    decoder = av.CodecContext.create(DECODERS[codec], "r")
    sizes, keys = [], []
    for frame in [*_frames(4), *_frames(4, 160, 120), *_frames(4)]:
        packet = encoder.encode(frame)
        keys.append(packet.is_keyframe)
        sizes += [(f.width, f.height) for f in decoder.decode(packet)]
    assert sizes == [(320, 240)] * 4 + [(160, 120)] * 4 + [(320, 240)] * 4
    assert keys == ([True] + [False] * 3) * 3


def test_an_odd_size_loses_its_last_row_and_column_only(codec: str) -> None:
    encoder = ENCODERS[codec](RateControl(8_000_000))
    decoder = av.CodecContext.create(DECODERS[codec], "r")
    luma = next(lumas(161, 121, 1))
    (decoded,) = decoder.decode(encoder.encode(frame_of(luma)))
    result = plane_view(decoded, 0)
    assert result.shape == (120, 160)
    assert np.abs(result.astype(int) - luma[:120, :160]).mean() < 4


def test_pts_that_stand_still_or_jump_back_are_encoded_and_kept(codec: str) -> None:
    encoder = ENCODERS[codec](RateControl(8_000_000))
    given = [0, 3000, 3000, 1000, 9000]
    packets = []
    for frame, pts in zip(_frames(5), given, strict=True):
        frame.pts = pts
        packets.append(encoder.encode(frame))
    assert [packet.pts for packet in packets] == given


@pytest.mark.parametrize("rate", [30, 60])
def test_the_bit_rate_is_the_target_at_any_frame_rate(codec: str, rate: int) -> None:
    encoder = ENCODERS[codec](RateControl(400_000), Clock())
    sizes = [encoder.encode(frame).size for frame in _frames(5 * rate, 640, 360, rate)]
    settled = sizes[2 * rate :]
    assert sum(settled) * 8 / (len(settled) / rate) == pytest.approx(400_000, rel=0.2)


def test_x264_follows_remb_at_once_without_a_keyframe() -> None:
    control = RateControl(1_000_000)
    encoder = H264Encoder(control)
    sizes = [encoder.encode(frame).size for frame in _frames(90)]
    control.on_remb(160_000)
    sizes += [encoder.encode(frame).size for frame in _frames(90)]
    before, after = sum(sizes[30:90]) * 8 / 2, sum(sizes[120:]) * 8 / 2
    assert after == pytest.approx(160_000, rel=0.2)
    assert before > 1.5 * after
    assert encoder.keyframes == 1


def test_vp8_is_reopened_only_for_a_large_change_of_bit_rate() -> None:
    clock, control = Clock(), RateControl(1_000_000)
    encoder = VP8Encoder(control, clock)
    frames = _frames(200)

    def run(seconds: float) -> int:
        for _ in range(round(seconds * 30)):
            encoder.encode(next(frames))
            clock.frames += 1
        return encoder.keyframes

    assert run(1) == 1
    rate = encoder.bitrate
    control.on_remb(round(rate * 0.85))
    assert run(2) == 1
    control.on_remb(round(rate * 0.5))
    assert run(0.1) == 2
    control.on_remb(round(rate * 0.25))
    assert run(1) == 2, "two seconds lie between two openings"
    assert run(1.5) == 3


def test_the_sps_has_constrained_baseline_and_the_level_of_the_size() -> None:
    levels = {}
    for width, height in ((640, 360), (1280, 720), (1920, 1080)):
        packet = bytes(H264Encoder(RateControl(8_000_000)).encode(next(_frames(1, width, height))))
        sps = packet.index(b"\x00\x00\x01\x67") + 4
        profile, constraints, levels[height] = packet[sps : sps + 3]
        assert profile == 66
        assert constraints & 0x40, "constraint_set1: constrained Baseline (H.264, A.2.1)"
    # H.264, table A-1: 3.1 is 3,600 macroblocks (1280x720) at 30 a second, 4.0 is 1080p.
    assert levels[360] <= 31
    assert levels[720] == 31
    assert levels[1080] in (40, 41, 42)


def test_full_range_stays_full_range_in_h264() -> None:
    encoder = H264Encoder(RateControl(8_000_000))
    decoder = av.CodecContext.create("h264", "r")
    luma = np.tile(np.array([0, 255], np.uint8).repeat(32), (64, 2))
    (decoded,) = decoder.decode(encoder.encode(frame_of(luma, name="yuvj420p")))
    assert decoded.format.name == "yuvj420p"
    assert plane_view(decoded, 0).max() > 245


def test_after_a_reset_the_next_frame_is_a_keyframe(codec: str) -> None:
    encoder = ENCODERS[codec](RateControl(8_000_000))
    frames = _frames(3)
    encoder.encode(next(frames))
    encoder.reset()
    assert encoder.encode(next(frames)).is_keyframe


def test_x264_replaces_nvenc_after_a_failure() -> None:
    encoder = NvencEncoder(RateControl(1_000_000))
    frames = [frame_of(luma, number) for number, luma in enumerate(lumas(320, 192, 3))]
    # Opening fails here: these tests run on hosts without a GPU, too.
    encoder.codec_name = "h264_nvenc_that_is_lost"
    with pytest.raises(ValueError, match="h264_nvenc_that_is_lost"):
        encoder.encode(frames[0])
    encoder.reset()
    packets = [encoder.encode(frame) for frame in frames[1:]]
    assert [packet.is_keyframe for packet in packets] == [True, False]
    assert encoder.name == "x264 superfast"


class StagedNvenc(NvencEncoder):
    """NVENC's rules with x264 as the codec: hosts without a GPU run these tests, too."""

    @property
    def _on_gpu(self) -> bool:
        return True

    def _options(self, width: int, height: int) -> dict[str, str]:
        return {"preset": "superfast", "tune": "zerolatency"}

    def _open(self, width: int, height: int, rate: int) -> VideoCodecContext:
        self.codec_name = "libx264"
        return super()._open(width, height, rate)


@pytest.mark.parametrize(("rate", "jitter"), [(60, 0.002), (45, 0.008)])
def test_nvenc_is_not_retuned_because_frames_arrive_unevenly(rate: int, jitter: float) -> None:
    """Each retuning forces an IDR: 60 frames/s with 2 ms of jitter made ten in ten seconds."""
    clock = Clock()
    encoder, changes = StagedNvenc(RateControl(1_000_000), clock), np.random.default_rng(0)
    rates = []
    for index, frame in enumerate(_frames(400, 64, 48)):
        frame.pts = round(90_000 * (index / rate + changes.normal(0, jitter))) + 9000
        encoder.encode(frame)
        rates.append(encoder.bitrate)
        clock.frames = 30 * index // rate
    assert len(set(rates)) <= 2, "the estimate of the frame rate has to settle once"


class Replayed:
    """The receiver's bit rate for a frame of 1280x720, whatever size the test encodes, with the time of the replay."""

    def __init__(self) -> None:
        self.control, self.now = RateControl(100_000_000), 0.0

    def target(self, width: int, height: int) -> int:
        return self.control.target(1280, 720)


def test_nvenc_is_retuned_at_most_every_two_seconds_on_a_recorded_call() -> None:
    """REMB of Chromium and the jitter of its frames; the former thresholds changed the bit rate eight times."""
    trace = json.loads((Path(__file__).parent / "chromium_remb.json").read_text("utf-8"))
    replayed, rembs = Replayed(), deque(trace["remb"])
    encoder = StagedNvenc(replayed, lambda: replayed.now)
    changed, before = [], 0
    for luma, (arrival, timestamp) in zip(cycle(lumas(64, 48, 8)), trace["frames"], strict=False):
        while rembs and rembs[0][0] <= arrival:
            replayed.control.on_remb(rembs.popleft()[1])
        replayed.now = arrival / 1000
        frame = frame_of(luma)
        frame.pts = 90 * timestamp
        encoder.encode(frame)
        if encoder.bitrate != before:
            changed.append(replayed.now)
            before = encoder.bitrate
    assert len(changed) >= 3, "otherwise the trace tests nothing"
    assert min(np.diff(changed)) >= 2.0
    assert encoder.keyframes == 1, "x264 stands in; NVENC makes one IDR for each change"


class Climbing:
    """A bit rate that climbs as REMB does, by 8 % per second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def target(self, width: int, height: int) -> int:
        return round(300_000 * 1.08 ** self._clock())


def test_nvenc_follows_a_climbing_remb_in_few_steps() -> None:
    clock = Clock()
    control = Climbing(clock)
    encoder = StagedNvenc(control, clock)
    changed, before = [], 0
    for frame in _frames(600, 64, 48):
        encoder.encode(frame)
        if encoder.bitrate != before:
            changed.append(clock())
            before = encoder.bitrate
        clock.frames += 1
    assert min(np.diff(changed)) >= 2.0
    assert encoder.bitrate > control.target(64, 48) / 1.3


def test_nvenc_takes_full_range_with_a_flag_and_reopens_when_the_range_changes() -> None:
    encoder = StagedNvenc(RateControl(8_000_000))
    luma = np.tile(np.array([0, 255], np.uint8).repeat(32), (64, 2))
    names = []
    for index, name in enumerate(["yuvj420p", "yuvj420p", "yuv420p"]):
        packet = encoder.encode(frame_of(luma, index, name=name))
        if packet.is_keyframe:
            decoder = av.CodecContext.create("h264", "r")
        (decoded,) = decoder.decode(packet)
        names.append(decoded.format.name)
        assert plane_view(decoded, 0).max() > 245
        assert encoder._codec is not None
        assert encoder._codec.pix_fmt == "yuv420p", "h264_nvenc refuses yuvj420p"
    assert names == ["yuvj420p", "yuvj420p", "yuv420p"]
    assert encoder.keyframes == 2


def test_a_call_that_ends_closes_nvenc_later_for_a_graph_may_be_captured_now() -> None:
    encoder = StagedNvenc(RateControl(1_000_000))
    encoder.encode(next(_frames(1, 64, 48)))
    codec = encoder._codec
    before = sys.getrefcount(codec)
    del encoder
    gc.collect()
    assert sys.getrefcount(codec) == before, "the device keeps it"
    DEVICE.run(lambda: None)
    assert sys.getrefcount(codec) == before - 1


def test_nvenc_does_not_run_while_a_graph_is_captured() -> None:
    """The capture would fail: cudaStreamCaptureModeGlobal forbids its calls in every thread."""
    encoder = StagedNvenc(RateControl(1_000_000))
    first, second = _frames(2, 64, 48)
    encoder.encode(first)
    with ThreadPoolExecutor(1) as pool:
        with DEVICE.lock.exclusive() as alone:
            assert alone
            encoding = pool.submit(encoder.encode, second)
            with pytest.raises(TimeoutError):
                encoding.result(0.1)
        assert encoding.result(60).size > 0


@pytest.mark.bench
@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080)], ids="{0[0]}x{0[1]}".format)
def test_time_of_a_frame(benchmark, codec: str, size: tuple[int, int]) -> None:
    encoder = ENCODERS[codec](RateControl(8_000_000))
    frames = _frames(90, *size)
    benchmark.pedantic(encoder.encode, setup=lambda: ((next(frames),), {}), rounds=80)
