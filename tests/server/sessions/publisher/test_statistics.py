"""Statistics of a session, with counted frames instead of real ones."""

from types import SimpleNamespace
from typing import Any

import pytest

from acutance.model import sender_size
from acutance.server.encoding.rendition import RenditionSnapshot, Variant
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.publisher.statistics import SessionStatistics
from acutance.server.students.governor import Governor
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.counters import Telemetry
from acutance.server.telemetry.memory import MemorySnapshot
from acutance.server.video.choices import Choices
from acutance.server.video.output_size import OutputSize

ENHANCED = RenditionSnapshot(Variant.ENHANCED, "VP8", "libvpx VP8", 700_000, 3, 1)
ORIGINAL = RenditionSnapshot(Variant.ORIGINAL, "H264", "x264 superfast", 900_000, 1, 2)


class Measured:
    def __init__(
        self,
        ladder: Ladder,
        *renditions: RenditionSnapshot,
        recalled: MemorySnapshot | None = None,
        learning: object = None,
    ) -> None:
        self.now = 100.0
        self.telemetry = Telemetry(lambda: self.now)
        choices = Choices(Governor(ladder.rungs), OutputSize())
        recall = None if recalled is None else SimpleNamespace(snapshot=recalled)
        interval = SimpleNamespace(seconds=1 / 30)
        pipeline = SimpleNamespace(
            choices=choices, size_in=(320, 180), size_out=(640, 360), recall=recall, interval=interval
        )
        media: Any = SimpleNamespace(
            telemetry=self.telemetry,
            pipeline=pipeline,
            fan_out=SimpleNamespace(snapshots=lambda: renditions),
            learning=learning,
        )
        context: Any = SimpleNamespace(
            ladder=ladder,
            limits=Limits(),
            loop_lag=SimpleNamespace(p99_ms=lambda: 1.5),
            load=SimpleNamespace(busy=0.25),
        )
        self.statistics = SessionStatistics("a1b2c3", context, media, lambda: self.now)

    def second(self, received: int, enhanced: int, returned: int) -> None:
        counters = self.telemetry.counters
        counters.received += received
        counters.enhanced += enhanced
        counters.returned += returned
        self.now += 1.0
        self.statistics.refresh()


def test_the_load_of_a_session_is_that_of_its_last_second(ladder: Ladder) -> None:
    measured = Measured(ladder, ENHANCED)
    measured.second(60, 60, 60)
    measured.second(30, 20, 25)
    load = measured.statistics.load(7.0)
    assert (load.age, load.received, load.returned, load.can_yield) == (7.0, 30, 25, True)
    assert load.student == pytest.approx(ladder.rungs[0].cpu_per_pixel * 640 * 360 * 20)


@pytest.mark.parametrize("renditions", [(), (ORIGINAL,)])
def test_a_stream_without_receivers_of_enhanced_video_does_not_count_as_late(
    ladder: Ladder, renditions: tuple[RenditionSnapshot, ...]
) -> None:
    measured = Measured(ladder, *renditions)
    measured.second(30, 0, 0)
    assert measured.statistics.load(7.0).returned == 30


def test_the_message_tells_of_the_first_enhanced_rendition(ladder: Ladder) -> None:
    measured = Measured(ladder, ORIGINAL, ENHANCED)
    measured.second(30, 20, 25)
    message = measured.statistics.message("VP8")
    assert (message["encoder"], message["bitrate"], message["keyframes"]) == ("libvpx VP8", 700_000, 3)
    assert (message["session"], message["codec"], message["type"]) == ("a1b2c3", "VP8", "stats")
    assert message["rate"]["returned"] == 25
    assert (message["size_in"], message["size_out"]) == ((320, 180), (640, 360))
    assert message["advised_reduction"] == 1
    assert (message["loop_lag_ms"], message["busy"], message["rtp_offset"]) == (1.5, 0.25, None)


def test_the_message_of_a_stream_without_receivers_names_no_encoder(ladder: Ladder) -> None:
    message = Measured(ladder).statistics.message("H264")
    assert (message["encoder"], message["bitrate"], message["keyframes"]) == (None, 0, 0)


def test_the_message_tells_what_is_remembered(ladder: Ladder) -> None:
    def memory(recalled: MemorySnapshot | None) -> object:
        return Measured(ladder, ENHANCED, recalled=recalled).statistics.message("VP8")["memory"]

    assert memory(None) is None
    assert memory(MemorySnapshot()) == {"share": 0.0, "age": None, "ms": 0.0}
    assert memory(MemorySnapshot(0.6412, 75, 0.0123)) == {"share": 0.641, "age": 2.5, "ms": 12.3}


def test_the_message_tells_when_the_student_was_fitted_to_the_call(ladder: Ladder) -> None:
    def learned(learning: object) -> object:
        return Measured(ladder, ENHANCED, learning=learning).statistics.message("VP8")["learned"]

    assert learned(None) is None
    assert learned(SimpleNamespace(seconds=None)) is None
    assert learned(SimpleNamespace(seconds=75.04)) == 75.0


@pytest.mark.parametrize(("enhance", "advice"), [(True, 2.0), (False, 1.0)])
def test_a_sender_with_few_bits_is_advised_a_size_if_a_student_enlarges_its_frames(
    ladder: Ladder, monkeypatch: pytest.MonkeyPatch, enhance: bool, advice: float
) -> None:
    monkeypatch.setattr(sender_size, "_table", lambda: {"VP8": {"steady": {"blind": [(0.01, 2.0)]}}})
    measured = Measured(ladder, ENHANCED)
    measured.statistics._context.limits = Limits(advise_size=True)
    measured.statistics._media.pipeline.choices.enhance = enhance
    measured.statistics._traffic.received = 60_000  # 0.009 bits per pixel of 640x360 at 30 frames/s
    for _ in range(5):
        measured.second(30, 30, 30)
        message = measured.statistics.message("VP8")
    assert message["advised_reduction"] == advice
