import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import UNCODED, Hints
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder import Encoder
from acutance.server.encoding.forwarding.coded import CodedFrame
from acutance.server.encoding.h264 import H264Encoder
from acutance.server.encoding.queued_frame import QueuedFrame
from acutance.server.encoding.rendition import Subscription, Variant
from acutance.server.rtc.packet_track import PacketTrack
from acutance.server.students.governor import Governor
from acutance.server.students.inference import Inference
from acutance.server.students.rungs import PASS, Recalls, Rung, Sample
from acutance.server.students.shadow_try import ShadowTry
from acutance.server.telemetry.counters import LoopLag, Telemetry
from acutance.server.telemetry.load import Load
from acutance.server.video.choices import Choices
from acutance.server.video.enhancer import Enhanced, Prepared, Treatment
from acutance.server.video.frame_limits import FrameLimits
from acutance.server.video.output_size import OutputSize
from acutance.server.video.pipeline import Pipeline
from tests.frames import frame_of


class Camera(MediaStreamTrack):
    """A track that the test feeds."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self.frames: asyncio.Queue[av.VideoFrame | Exception] = asyncio.Queue()

    def shoot(self, number: int, size: tuple[int, int] = (64, 48)) -> None:
        self.frames.put_nowait(frame_of(np.full(size[::-1], number, np.uint8), number))

    async def recv(self) -> av.VideoFrame:
        frame = await self.frames.get()
        if isinstance(frame, Exception):
            raise frame
        return frame


class Gate:
    """An enhancer that passes each frame on when the test allows it."""

    recall = None
    learned: ClassVar[dict[str, Sharpener]] = {}

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Semaphore(0)
        self.reason: str | None = None
        self.recalls = False
        self.prepared: list[int] = []
        self.on_prepare: Callable[[], object] = lambda: None
        self.errors: dict[str, Exception] = {}
        self.delay = 0.0
        self.treatments: list[Treatment] = []
        self.hangs: str | None = None
        self.hung = threading.Event()

    def prepare(self, frame: av.VideoFrame, treatment: Treatment, hints: Hints = UNCODED) -> Prepared | Enhanced:
        self.prepared.append(frame.pts // 3000)
        self.on_prepare()
        if "prepare" in self.errors:
            raise self.errors["prepare"]
        if treatment.runs is not None:
            return Prepared(frame, treatment, hints, frame.width, self.recalls)
        self.treatments.append(treatment)
        self.entered.release()
        return Enhanced(frame, treatment.pass_reason or "no student is selected", recalled=self.recalls)

    def finish(self, prepared: Prepared) -> Enhanced:
        frame, treatment = prepared.frame, prepared.treatment
        self.treatments.append(treatment)
        self.entered.release()
        if "finish" in self.errors:
            raise self.errors["finish"]
        if treatment.student is not None and treatment.student == self.hangs:
            self.hung.wait(10)
            return Enhanced(frame)
        time.sleep(self.delay)
        assert self.open.acquire(timeout=10)
        return Enhanced(frame, self.reason, recalled=prepared.recalled)

    async def wait_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.acquire, timeout=10)


class Run:
    def __init__(self, encoder: Encoder) -> None:
        self.now = 0.0
        self.camera, self.gate, self.telemetry = Camera(), Gate(), Telemetry(lambda: self.now)
        self.inference = Inference(1, patience=30)
        self.governor = Governor([Rung("base", 1e-6), Rung("small", 1e-7), Rung(PASS)])
        self.choices = Choices(self.governor, OutputSize())
        self.pipeline = Pipeline(
            self.gate,  # type: ignore[arg-type]
            self.inference,
            self.telemetry,
            self.choices,
            Load(),
            FrameLimits(10**6, 1e6, lambda reason: None),
            lambda codec, rate: encoder,
            lambda: self.now,
        )
        self.returned = PacketTrack()
        self.own = Subscription(self.returned, RateControl(1_000_000))
        self.pipeline.fan_out.join(Variant.ENHANCED, "H264", self.own)
        self.failures: list[str] = []
        self.pipeline.start(self.camera, self.failures.append)

    async def close(self) -> None:
        self.returned.stop()
        await self.pipeline.close()
        await self.inference.close()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for a condition that a worker thread fulfils."""
        async with asyncio.timeout(10):
            while not true():  # noqa: ASYNC110 - there is no event for a counter
                await asyncio.sleep(0.001)

    async def settle(self) -> None:
        """Run every task of the loop until it waits."""
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    run = Run(H264Encoder(RateControl(1_000_000)))
    yield run
    for _ in range(10):
        run.gate.open.release()
    await run.close()


async def _next_number(run: Run) -> int:
    packet = await asyncio.wait_for(run.returned.recv(), 10)
    assert packet.pts is not None
    return packet.pts // 3000


async def test_frames_are_returned_in_order(run: Run) -> None:
    for number in range(5):
        run.camera.shoot(number)
        run.gate.open.release()
        assert await _next_number(run) == number
    await run.settle()
    counters = run.telemetry.counters
    assert (counters.received, counters.enhanced, counters.returned, counters.dropped) == (5, 5, 5, 0)


async def test_while_the_student_works_only_the_newest_frame_waits(run: Run) -> None:
    run.camera.shoot(0)
    await run.gate.wait_entered()
    for number in range(1, 10):
        run.camera.shoot(number)
    await run.settle()
    run.gate.open.release(2)
    assert [await _next_number(run), await _next_number(run)] == [0, 9]
    assert run.telemetry.counters.received == 10
    assert run.telemetry.counters.dropped == 8


async def test_a_frame_is_prepared_while_the_student_works_on_the_one_before(run: Run) -> None:
    run.camera.shoot(0)
    await run.gate.wait_entered()
    run.camera.shoot(1)
    await run.until(lambda: run.gate.prepared == [0, 1])
    assert not run.gate.entered.acquire(blocking=False)
    run.gate.open.release(2)
    assert [await _next_number(run), await _next_number(run)] == [0, 1]
    assert run.telemetry.counters.dropped == 0


async def test_a_frame_that_passes_through_overtakes_none(run: Run) -> None:
    counters = run.telemetry.counters
    run.camera.shoot(0)
    await run.gate.wait_entered()
    run.choices.enhance = False
    run.camera.shoot(1)
    await run.until(lambda: run.gate.prepared == [0, 1])
    await run.settle()
    assert (counters.enhanced, counters.passed) == (0, 0)
    run.gate.open.release()
    await run.until(lambda: (counters.enhanced, counters.passed) == (1, 1))


async def test_the_slower_step_or_most_of_both_has_to_fit_into_the_interval(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[Sample] = []
    monkeypatch.setattr(run.governor, "note", lambda sample: bool(noted.append(sample)))  # type: ignore[func-returns-value]

    def taking(seconds: float) -> None:
        run.now += seconds

    for number, (preparing, finishing) in enumerate([(0.02, 0.004), (0.005, 0.03), (0.03, 0.03)]):
        run.gate.on_prepare = lambda seconds=preparing: taking(seconds)  # type: ignore[misc]
        run.camera.shoot(number)
        await run.gate.wait_entered()
        taking(finishing)
        run.gate.open.release()
        assert await _next_number(run) == number
    assert [sample.enhance for sample in noted] == pytest.approx([0.02, 0.03, 0.048])
    assert run.telemetry.stages()["enhance"]["p50"] == pytest.approx(35)


async def test_a_slow_sender_drops_raw_frames_and_no_encoded_one(run: Run) -> None:
    recorded: list[str] = []
    run.telemetry.observe = lambda stage, seconds: recorded.append(stage)
    for number in range(8):
        run.camera.shoot(number)
        await run.gate.wait_entered()
        run.gate.open.release()
        await run.until(lambda number=number: run.telemetry.counters.enhanced > number)
        await run.until(lambda: "encode" in recorded)  # the first packet is in the slot
        await run.settle()  # the encoder takes the second frame before there is a third one
    numbers = [await _next_number(run), await _next_number(run), await _next_number(run)]
    assert numbers == [0, 1, 7], "one packet in the slot, one encoded and waiting, then the newest frame"
    assert run.telemetry.counters.dropped == 5


async def test_stage_times_are_those_of_the_clock(run: Run) -> None:
    run.camera.shoot(0)
    await run.gate.wait_entered()
    run.now = 0.012
    run.gate.open.release()
    await _next_number(run)
    await run.settle()
    stages = run.telemetry.stages()
    assert stages["wait"] == {"p50": 0.0, "p95": 0.0}
    assert stages["enhance"] == stages["total"] == {"p50": 12.0, "p95": 12.0}


async def test_frames_that_pass_through_are_counted_apart_with_the_reason(run: Run) -> None:
    run.gate.reason = "the student failed"
    run.camera.shoot(0)
    run.gate.open.release()
    await _next_number(run)
    assert (run.telemetry.counters.enhanced, run.telemetry.counters.passed) == (0, 1)
    assert run.telemetry.passed_reason == "the student failed"


@pytest.mark.parametrize("step", ["prepare", "finish"])
async def test_an_enhancer_that_raises_lets_the_frames_pass_until_it_works_again(run: Run, step: str) -> None:
    run.gate.errors[step] = ZeroDivisionError()
    for number in range(3):
        run.camera.shoot(number)
        assert await _next_number(run) == number
    assert run.telemetry.passed_reason == "enhancing failed: ZeroDivisionError"
    assert run.telemetry.counters.passed == 3
    run.gate.errors.clear()
    run.camera.shoot(3)
    run.gate.open.release()
    assert await _next_number(run) == 3
    assert run.telemetry.passed_reason is None
    assert not run.failures


async def test_a_track_that_fails_is_reported_and_not_only_silent(run: Run) -> None:
    run.camera.frames.put_nowait(OSError("the decoder is gone"))
    await run.settle()
    assert run.failures == ["receiving frames failed (OSError)"]


async def test_a_stage_that_fails_is_reported_and_not_only_silent(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(sample: object) -> bool:
        raise KeyError(sample)

    monkeypatch.setattr(run.governor, "note", failing)
    run.camera.shoot(0)
    run.gate.open.release()
    await run.until(lambda: bool(run.failures))
    assert run.failures == ["enhancing frames failed (KeyError)"]


class Tripping(H264Encoder):
    """Fails on its second frame."""

    calls = 0

    def encode(self, frame: av.VideoFrame) -> "av.Packet[av.VideoStream]":
        self.calls += 1
        if self.calls == 2:
            raise av.error.ExternalError(1, "out of luck")
        return super().encode(frame)


async def test_an_encoder_failure_costs_one_frame_and_the_next_is_a_keyframe() -> None:
    run = Run(Tripping(RateControl(1_000_000)))
    packets = []
    for number in (0, 1, 2):
        run.camera.shoot(number)
        run.gate.open.release()
        if number != 1:
            packets.append(await asyncio.wait_for(run.returned.recv(), 10))
        else:
            await run.until(lambda: run.telemetry.counters.dropped == 1)
    assert [packet.is_keyframe for packet in packets] == [True, True]
    await run.close()


async def test_each_frame_is_treated_as_chosen_at_its_time(run: Run) -> None:
    for number, size in enumerate([(64, 48), (32, 24), (32, 24)]):
        run.camera.shoot(number, size)
        run.gate.open.release()
        await _next_number(run)
        run.choices.strength = 0.5
    assert run.gate.treatments == [
        Treatment("base", (64, 48)),
        Treatment("base", (64, 48), 0.5),
        Treatment("base", (64, 48), 0.5),
    ]


async def test_a_student_that_takes_too_long_is_replaced_and_no_frame_bypasses_the_enhancer(run: Run) -> None:
    for number in range(37):
        run.camera.shoot(number)
        await run.gate.wait_entered()
        run.now += 0.04
        run.gate.open.release()
        await _next_number(run)
    assert run.gate.treatments[-1].student == "small"
    run.choices.enhance = False
    run.camera.shoot(37)
    run.gate.open.release()
    await _next_number(run)
    off = Treatment(None, (64, 48), pass_reason="enhancement is switched off")
    assert run.gate.treatments[-1] == off


async def test_close_ends_every_stage_and_the_returned_track(run: Run) -> None:
    waiting = asyncio.create_task(run.returned.recv())
    await run.settle()
    await run.close()
    with pytest.raises(MediaStreamError):
        await waiting
    with pytest.raises(MediaStreamError):
        await run.returned.recv()
    assert asyncio.all_tasks() == {asyncio.current_task()}


class Slow(H264Encoder):
    """An encoder that is as slow as with a large frame."""

    def encode(self, frame: av.VideoFrame) -> "av.Packet[av.VideoStream]":
        time.sleep(0.2)
        return super().encode(frame)


async def test_students_and_encoders_do_not_block_the_event_loop() -> None:
    run = Run(Slow(RateControl(1_000_000)))
    lag = LoopLag()
    watching = asyncio.create_task(lag.watch())
    run.gate.open.release(4)
    run.gate.delay = 0.2
    for number in range(4):
        run.camera.shoot(number)
        await asyncio.wait_for(run.returned.recv(), 10)
    # Each stage would have delayed it by 200 ms; the rest is for a busy host.
    assert lag.p99_ms() < 150
    watching.cancel()
    await run.close()


async def test_a_student_is_tried_on_frames_that_are_already_on_their_way(run: Run) -> None:
    run.governor._try = tried = ShadowTry("base", 0.0)
    run.governor.begin(0.0, 64 * 48, 1 / 30)
    run.governor._warming = 0
    run.governor._index = 1
    for _ in range(4):
        run.gate.open.release()
    run.camera.shoot(1)
    assert await _next_number(run) == 1
    await run.until(lambda: len(run.gate.treatments) == 3)
    # A run that stands alone is preceded by one that fills the caches.
    assert [treatment.student for treatment in run.gate.treatments] == ["small", "base", "base"]
    await run.until(lambda: bool(tried._spaced))
    assert run.telemetry.counters.enhanced == 1
    assert run.telemetry.counters.returned == 1


async def test_no_frame_waits_for_a_student_that_is_tried(run: Run) -> None:
    run.governor._try = ShadowTry("base", 0.0)
    run.governor.begin(0.0, 64 * 48, 1 / 30)
    run.governor._warming = 0
    run.governor._index = 2
    run.gate.hangs = "base"
    for number in range(4):
        run.gate.open.release()
        run.camera.shoot(number)
        assert await _next_number(run) == number
    students = [treatment.student for treatment in run.gate.treatments]
    assert students.count("base") == 1
    assert students.count(None) == 4
    run.gate.hung.set()


async def test_nothing_is_tried_while_enhancement_is_switched_off(run: Run) -> None:
    run.choices.enhance = False
    noted: list[object] = []
    run.governor.note = noted.append  # type: ignore[method-assign, assignment]
    run.gate.open.release()
    run.camera.shoot(1)
    assert await _next_number(run) == 1
    assert noted == []


async def test_frames_of_which_something_is_remembered_have_a_governor_of_their_own(run: Run) -> None:
    run.choices.recalling = Governor([Rung("memory", recalls=Recalls.ALIGNED), Rung(PASS)])
    noted: dict[str, list[object]] = {"nothing": [], "something": []}
    run.governor.note = lambda sample: bool(noted["nothing"].append(sample))  # type: ignore[method-assign, func-returns-value]
    run.choices.recalling.note = lambda sample: bool(noted["something"].append(sample))  # type: ignore[method-assign, func-returns-value]
    for number, offered in enumerate((False, True, True)):
        run.gate.recalls = offered
        run.gate.open.release()
        run.camera.shoot(number)
        assert await _next_number(run) == number
    assert {name: len(samples) for name, samples in noted.items()} == {"nothing": 1, "something": 2}
    assert run.gate.treatments[-1].recalled is run.choices.recalling.rung


async def test_while_frames_are_forwarded_the_memory_is_prepared_once_for_their_size(run: Run) -> None:
    rung = Rung("memory", recalls=Recalls.ALIGNED)
    run.choices.recalling = Governor([rung, Rung(PASS)])
    for number in range(3):
        for _ in range(2):  # the second run is the one that finds everything in place
            run.gate.open.release()
        run.pipeline._get_ready(QueuedFrame(number, frame_of(np.zeros((48, 64), np.uint8)), UNCODED, 0.0, 0.0))
        await run.until(lambda: len(run.gate.treatments) == 2)
        await asyncio.sleep(0)
    assert [treatment.recalled for treatment in run.gate.treatments] == 2 * [rung]
    assert all(treatment.remember is None for treatment in run.gate.treatments)


@pytest.mark.parametrize("decoded", [False, True])
async def test_forwarded_frames_lead_back_to_a_student_also_while_they_are_decoded(run: Run, decoded: bool) -> None:
    """They are decoded for the memory, which is shown five of them a second."""
    noted: list[object] = []
    run.governor.rungs = [Rung(PASS)]
    run.governor.note = noted.append  # type: ignore[method-assign, assignment]
    frame = CodedFrame("H264", b"", 0, (64, 48), is_keyframe=False, arrived=0.0, decoded=decoded)
    run.pipeline._on_forwarded(frame, "no student is selected")
    if not decoded:
        run.pipeline._on_undecoded(frame)
    assert len(noted) == 1
