"""The steps of the check on a staged device, and that each notices what it is for."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnxruntime as ort
import pytest
from av.video.codeccontext import VideoCodecContext

from acutance.model.engine import catalog, providers
from acutance.model.engine.engine import Engine
from acutance.model.engine.failover import FailoverEngine
from acutance.model.engine.gpu.cudart import Cudart
from acutance.model.engine.gpu.device import Device
from acutance.server.gpu_check import calls, load, lost_device, nvenc, opening, pictures, resident, times
from acutance.server.gpu_check.resident import Codecs
from acutance.server.gpu_check.steps import Deadline, StepError, StepSkippedError
from acutance.server.gpu_check.target import RUNGS, Extent, Target
from tests.model.engine.gpu.staged import LOST, STAGED, Session, staged
from tests.model.engine.gpu.staged_runtime import Runtime
from tests.server.encoding.test_encoder import StagedNvenc

EXTENT = Extent(
    students=("nano",), sizes=((16, 16), (33, 17), (48, 32)), large=((64, 48),), threads=4, load_s=1.0, repeats=3
)


@pytest.fixture(scope="module")
def cpu() -> Engine:
    return Engine.open("nano", provider="cpu", threads=1)


class Stage:
    """A target whose sessions a test can spoil."""

    def __init__(self, cpu: Engine) -> None:
        self.cpu = cpu
        self.kind: type[Session] = Session
        self.traits = STAGED
        self.sessions: list[Session] = []

    @property
    def target(self) -> Target:
        return Target(self.open, self.session, lambda student: self.cpu, lambda: None, "cpu")

    def open(self, student: str | Path, name: str, graphs: bool) -> Engine:
        self.sessions.append(self.kind(self.cpu))
        return staged(self.cpu, self.sessions[-1], self.traits)

    def session(self, model: Path, name: str) -> ort.InferenceSession:
        return ort.InferenceSession(model, providers=["CPUExecutionProvider"])


@pytest.fixture
def stage(cpu: Engine) -> Stage:
    return Stage(cpu)


STEPS: dict[str, Callable[[Target, Extent, Deadline], dict[str, Any]]] = {
    "graphs": opening.graphs,
    "against_cpu": pictures.against_cpu,
    "replays": pictures.replays,
    "first_runs": times.first_runs,
    "parts": times.parts,
    "together": load.together,
    "capturing": load.capturing,
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_passes_on_a_device_that_works(stage: Stage, name: str) -> None:
    assert STEPS[name](stage.target, EXTENT, Deadline(60))


def test_sessions_are_opened_in_both_precisions(stage: Stage) -> None:
    assert opening.sessions(stage.target, EXTENT)["opened"] == ["nano.fp16.onnx on CUDA", "nano.onnx on CUDA fp32"]

    def refuses(model: Path, name: str) -> ort.InferenceSession:
        raise RuntimeError("nodes were not assigned to CUDA\nmore")

    with pytest.raises(StepError, match="nano on CUDA: nodes were not assigned to CUDA"):
        opening.sessions(replace(stage.target, session=refuses), EXTENT)


@pytest.mark.parametrize(
    ("gpu", "available", "message"),
    [
        ("none", True, "nvidia-smi finds no GPU"),
        ("NVIDIA L4, driver 535.104.05", True, "driver 535 is too old: CUDA 13 needs 580"),
        ("NVIDIA L4, driver 580.65.06", False, "a build without CUDA"),
    ],
)
def test_the_driver_and_the_build_are_checked(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, gpu: str, available: bool, message: str
) -> None:
    monkeypatch.setattr("acutance.server.telemetry.host_info.describe", lambda: {"gpu": gpu})
    monkeypatch.setattr(providers, "preload_libraries", lambda: None)
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider"] * available)
    with pytest.raises(StepError, match=message):
        opening.driver(stage.target)


def test_a_device_without_graphs_is_noticed(stage: Stage) -> None:
    stage.traits = replace(STAGED, graphs=0)
    for step in (opening.graphs, load.together, load.capturing):
        with pytest.raises(StepError, match=r"CUDA graph"):
            step(stage.target, EXTENT, Deadline(60))


class Wrong(Session):
    """Its pictures are two grey levels brighter."""

    def run_with_iobinding(self, binding: ort.IOBinding, options: ort.RunOptions) -> None:
        super().run_with_iobinding(binding, options)
        (output,) = binding.get_outputs()
        bright = np.minimum(output.numpy(), 253) + 2
        output.update_inplace(bright.astype(np.uint8))


def test_wrong_pictures_are_noticed(stage: Stage) -> None:
    stage.kind = Wrong
    with pytest.raises(StepError, match="nano on CUDA differs from the CPU by 2 grey levels at 16x16"):
        pictures.against_cpu(stage.target, EXTENT, Deadline(60))


class Mixed(Session):
    """A replay gives the picture of the batch that was captured last."""

    kept: np.ndarray | None = None

    def run_with_iobinding(self, binding: ort.IOBinding, options: ort.RunOptions) -> None:
        known = set(self.captured)
        super().run_with_iobinding(binding, options)
        (output,) = binding.get_outputs()
        graph = int(options.get_run_config_entry("gpu_graph_id"))
        if graph in known and self.kept is not None and self.kept.shape == tuple(output.shape()):
            output.update_inplace(self.kept)
        self.kept = output.numpy().copy()


def test_a_replay_with_an_earlier_picture_is_noticed(stage: Stage) -> None:
    stage.kind = Mixed
    with pytest.raises(StepError, match=r"changes after another batch|is not sharpened as it is alone"):
        pictures.replays(stage.target, EXTENT, Deadline(60))


def test_a_first_frame_that_takes_too_long_is_noticed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "FIRST_MS", 0.0)
    with pytest.raises(StepError, match="the first frame of 16x16 takes"):
        times.first_runs(stage.target, EXTENT, Deadline(60))


def test_a_loop_that_is_held_up_has_lag() -> None:
    assert times.worst_lag(lambda: sum(range(3_000_000)) and None) >= 0.0


def test_nvenc_is_checked_with_its_rules() -> None:
    figures = nvenc.check(StagedNvenc, (64, 48))
    assert figures["profile"].startswith("42")
    assert figures["idrs"] <= 3, "x264 stands in: the change of range alone makes keyframes"


def test_too_many_idrs_are_noticed() -> None:
    class Eager(StagedNvenc):
        def encode(self, frame: Any) -> Any:
            self.force_keyframe()
            return super().encode(frame)

    with pytest.raises(StepError, match="IDRs in 20 s"):
        nvenc.check(Eager, (64, 48))


def test_a_host_without_nvenc_skips_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.server.encoding.encoder_choice._try_nvenc", lambda: "NVENC does not open (…)")
    with pytest.raises(StepSkippedError, match="NVENC does not open"):
        nvenc.encodes()


def test_pictures_go_on_when_the_device_is_lost(cpu: Engine) -> None:
    session, device = Session(cpu), Device()
    engine = FailoverEngine(staged(cpu, session), lambda: cpu, lambda: cpu, device=device)
    figures = lost_device.carry_on(engine, cpu, lambda: setattr(session, "failing", LOST), device)
    assert (figures["before"], figures["after"]) == ("CUDA", "CPU")
    assert "719" in figures["reason"]
    whole = FailoverEngine(staged(cpu, Session(cpu)), lambda: cpu, lambda: cpu, device=Device())
    with pytest.raises(StepError, match="the loss was not noticed"):
        lost_device.carry_on(whole, cpu, lambda: None, Device())


def test_without_a_gpu_the_process_of_the_last_step_says_so() -> None:
    if providers.device_present():
        pytest.skip("there is a GPU")
    with pytest.raises(StepError, match="a process that lost the GPU ends with 1"):
        lost_device.survives()


def test_calls_count_only_if_the_gpu_enhanced_them() -> None:
    report: dict[str, Any] = {
        "server": {"provider": "CUDA", "provider_note": None},
        "figures": {"frame_rate": 30.0, "latency_ms": {"p50": 20}, "server_statistics": {"enhanced_share": 1.0}},
    }
    kept = calls.summary(report)
    assert (kept["frame_rate"], kept["latency_ms"], kept["enhanced_share"]) == (30.0, {"p50": 20}, 1.0)
    report["server"] = {"provider": "CPU", "provider_note": "CUDA: no GPU"}
    with pytest.raises(StepError, match="on CPU: CUDA: no GPU"):
        calls.summary(report)


def test_both_rungs_exist() -> None:
    assert all(providers.TRAITS[rung].staged for rung in RUNGS)
    assert catalog.find("nano").file.with_suffix(".fp16.onnx").is_file()


class Nv12:
    """A decoder on the CPU whose frames are in the format of NVDEC's, with padded rows."""

    def __init__(self) -> None:
        self._decoder = av.CodecContext.create("h264", "r")

    def decode(self, packet: av.Packet | None) -> list[av.VideoFrame]:
        return [frame.reformat(format="nv12") for frame in self._decoder.decode(packet)]


def x264(size: tuple[int, int]) -> VideoCodecContext:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height = size
    codec.pix_fmt, codec.time_base, codec.framerate, codec.bit_rate = "nv12", Fraction(1, 30), Fraction(30), 4_000_000
    codec.options = {"preset": "superfast", "tune": "zerolatency"}
    return codec


STAGED_CODECS = Codecs(Nv12, x264)  # type: ignore[arg-type]


def half(model: Path, name: str) -> ort.InferenceSession:
    return ort.InferenceSession(providers.file_for(model, name), providers=["CPUExecutionProvider"])


@pytest.fixture
def few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "_FRAMES", 8)


@pytest.mark.usefixtures("few_frames")
def test_a_frame_that_stays_on_the_device_is_sharpened_as_on_the_cpu(stage: Stage) -> None:
    staged_runtime = Runtime()
    runtime = Cudart(staged_runtime)
    target = replace(stage.target, runtime=lambda: runtime, session=half)
    figures = resident.stays(target, EXTENT, STAGED_CODECS)
    assert figures["frames"] == 8
    assert (staged_runtime.locked, staged_runtime.pending) == ({}, {}), "everything is released"
    with pytest.raises(StepSkippedError, match="runtime library"):
        resident.stays(stage.target, EXTENT, STAGED_CODECS)
    with pytest.raises(ValueError, match="half precision"):
        resident.stays(replace(target, session=stage.session), EXTENT, STAGED_CODECS)


@pytest.mark.usefixtures("few_frames")
def test_a_frame_that_was_not_sharpened_on_the_device_is_noticed(stage: Stage) -> None:
    class Dead(Runtime):
        """Its copies between places of the device do nothing."""

        def _cudaMemcpy2DAsync(self, *arguments: int) -> int:  # noqa: N802
            return 0

    runtime = Cudart(Dead())
    with pytest.raises(StepError, match="dB from the CPU's"):
        resident.stays(replace(stage.target, runtime=lambda: runtime, session=half), EXTENT, STAGED_CODECS)
