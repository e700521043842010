import json
from pathlib import Path

import pytest

from acutance.model.engine.catalog import find
from acutance.server.bench import roofline
from acutance.server.bench.errors import BenchError
from acutance.server.bench.model import ModelOptions, model, timing
from acutance.server.bench.report import markdown


def test_a_row_for_each_student_size_and_thread_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "model.jsonl"
    options = ModelOptions(
        student=["nano", "small"], size=["64x48", "96x64"], provider=["cpu"], threads=[1], seconds=0.01, log=log
    )
    model(options)
    report = json.loads(log.read_text())
    rows = report["figures"]["rows"]
    assert [(row["student"], row["size"]) for row in rows] == [
        (name, size) for name in ("nano", "small") for size in ("64x48", "96x64")
    ]
    for row in rows:
        assert 0 < row["ms"]["p50"] <= row["ms"]["p95"] <= row["ms"]["p99"]
        assert row["arithmetic floor ms"] > 0
        assert row["bound by"] in ("arithmetic", "memory")
    assert "nano" in capsys.readouterr().out
    assert "| nano |" in markdown([report])


def test_several_calls_at_once_are_timed_together(tmp_path: Path) -> None:
    log = tmp_path / "model.jsonl"
    model(
        ModelOptions(
            student=["nano"], size=["64x48"], provider=["cpu"], threads=[1], calls=[1, 3], seconds=0.05, log=log
        )
    )
    one, three = json.loads(log.read_text())["figures"]["rows"]
    assert (one["calls at once"], three["calls at once"]) == (1, 3)
    assert three["runs"] >= 3
    assert "bound by" in one
    assert "bound by" not in three, "the limits are those of one call"


def test_calls_at_once_add_up_to_their_frames_in_a_second() -> None:
    figures = timing([[0.010, 0.030], [0.020], [0.040, 0.040, 0.040]])
    assert figures["runs"] == 6
    assert figures["frames/s"] == 50 + 50 + 25
    assert figures["ms"]["p50"] == 35


def test_the_error_names_why_no_provider_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.model.engine.providers._DEVICE_FILES", ())
    with pytest.raises(BenchError, match="NVIDIA"):
        model(ModelOptions(student=["nano"], size=["64x48"], provider=["tensorrt"], threads=[1], seconds=0.01))


def test_limits_are_measured_and_floors_follow_from_them() -> None:
    limit = roofline.measure(1)
    assert limit.flops > 1e8
    assert limit.bandwidth > 1e8
    arithmetic, memory = roofline.Roofline(1, flops=2e9, bandwidth=1e9).floor(macs=5e8, traffic=1e8)
    assert (arithmetic, memory) == (0.5, 0.1)


def test_engines_on_the_cpu_stand_side_by_side_each_with_its_limit(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    log = tmp_path / "model.jsonl"
    model(
        ModelOptions(student=["nano"], size=["64x48"], provider=["openvino", "cpu"], threads=[1], seconds=0.01, log=log)
    )
    openvino, cpu = json.loads(log.read_text())["figures"]["rows"]
    assert (openvino["provider"], cpu["provider"]) == ("OpenVINO", "CPU")
    assert cpu["speed-up over CPU"] == 1
    assert openvino["speed-up over CPU"] == pytest.approx(cpu["ms"]["p50"] / openvino["ms"]["p50"], abs=0.01)
    assert openvino["arithmetic floor ms"] == cpu["arithmetic floor ms"]


def test_products_in_bf16_are_measured() -> None:
    openvino = pytest.importorskip("acutance.model.engine.openvino_runtime")
    if "BF16" not in openvino.openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bf16 instructions")
    limit = roofline.with_bf16(roofline.Roofline(1, flops=1.0, bandwidth=2.0))
    assert limit.flops > 1e8
    assert limit.bandwidth == 2


def test_features_in_bf16_need_half_the_memory_traffic() -> None:
    student = find("nano")
    full, half = student.bytes_per_pixel(4), student.bytes_per_pixel(2)
    assert full is not None
    assert half is not None
    planes = 3  # luma and hints in, luma out: bytes
    assert half - planes == pytest.approx((full - planes) / 2)
