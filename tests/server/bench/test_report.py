import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from acutance.server.bench.report import markdown
from acutance.server.cli import main

HOST = {
    "cpu": "2 x AMD EPYC",
    "gpu": "none",
    "system": "Linux-6.18",
    "python": "3.12.1",
    "aiortc": "1.16.0",
    "av": "19.0.2",
    "onnxruntime": "1.31.1",
    "commit": "0123456789ab",
    "date": "2026-11-23",
}
OTHER = {**HOST, "cpu": "8 x Ryzen", "gpu": "NVIDIA L4, driver 570.86"}


def _stream(host: dict[str, str] = HOST, **figures: Any) -> dict[str, Any]:
    return {
        "benchmark": "stream",
        "options": {
            "clip": "clips/dog.mp4",
            "size": "1280x720",
            "codec": "h264",
            "camera": "sharp",
            "uplink": 1_200_000,
            "seconds": 60,
            "resize": "640x360@20",
        },
        "host": host,
        "server": {"student": "base", "provider": "CPU"},
        "figures": {
            "frame_rate": 29.9,
            "latency_ms": {"p50": 80.4, "p95": 99.6},
            "drift_ms": 1.0,
            "ssim": {"uplink": 0.95, "returned": 0.96, "gain": 0.01},
            "server_cpu_ms_per_frame": 19.2,
            **figures,
        },
    }


def _model(host: dict[str, str] = HOST) -> dict[str, Any]:
    rows = [
        {"student": "nano", "size": "640x360", "provider": "CPU", "threads": 2, "ms": {"p50": 6.12345, "p95": 8.0}},
        {"student": "base", "size": "640x360", "provider": "CPU", "threads": 2, "ms": {"p50": 60.0}, "bound": "memory"},
    ]
    return {"benchmark": "model", "options": {}, "host": host, "figures": {"rows": rows}}


def test_streams_of_several_hosts_are_in_one_table() -> None:
    lines = markdown([_stream(), _stream(OTHER, psnr_y={"uplink": 36.0, "returned": 36.5, "gain": 0.5})]).splitlines()
    assert lines[0].startswith("| host | clip | size |")
    assert lines[2].startswith("| 1 | dog | 1280x720 | h264 | sharp | 1200 | 60 | 1 of 1 | 29.90 | 80 | 100 | +1.0 |")
    assert lines[3].startswith("| 2 | dog |")
    assert "| +0.0100 | - | - | 19.2 |" in lines[2]
    assert "| +0.0100 | +0.50 | - | 19.2 |" in lines[3]
    assert lines[-2].startswith("Host 1: 2 x AMD EPYC, Linux-6.18;")
    assert lines[-1].startswith("Host 2: 8 x Ryzen, NVIDIA L4, driver 570.86, Linux-6.18;")


def test_frames_returned_after_a_resize_have_their_own_table() -> None:
    resized = {
        "frame_rate": 29.5,
        "returned_sizes": {"1280x720": 1150},
        "ssim": {"bicubic": 0.84, "returned": 0.85, "gain": 0.01},
        "psnr_y": {"bicubic": 30.0, "returned": 30.4, "gain": 0.4},
    }
    lines = markdown([_stream(after_resize=resized)]).splitlines()
    row = "| dog | 1280x720 | 640x360 | 1280x720 | 29.50 | 0.8400 | 0.8500 | +0.0100 | 30.00 | 30.40 | +0.40 |"
    assert row in lines


def test_models_have_a_column_for_each_figure() -> None:
    lines = markdown([_model()]).splitlines()
    assert lines[0] == "| student | size | provider | threads | ms p50 | ms p95 | bound |"
    assert lines[2] == "| nano | 640x360 | CPU | 2 | 6.123 | 8 | - |"
    assert lines[3] == "| base | 640x360 | CPU | 2 | 60 | - | memory |"
    assert lines[-1].startswith("2 x AMD EPYC, Linux-6.18; python 3.12.1,")


def test_both_kinds_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, picture = tmp_path / "log.jsonl", tmp_path / "plot.png"
    log.write_text("\n".join(json.dumps(run) for run in (_stream(), _stream(OTHER), _model(OTHER))))
    assert main(["bench", "report", str(log), "--plot", str(picture)]) == 0
    assert Image.open(picture).size == (1800, 660), "three panels"
    log.write_text(json.dumps(_model()))
    assert main(["bench", "report", str(log), "--plot", str(picture)]) == 0
    assert Image.open(picture).size == (600, 660)
    assert main(["bench", "report", str(log), "--plot", str(tmp_path / "nowhere" / "plot.png")]) == 2
    assert "cannot write the plot to" in capsys.readouterr().err


def test_a_file_that_is_no_log_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text('{"options": {}}\n')
    assert main(["bench", "report", str(file)]) == 2
    assert "other.jsonl is not a log of" in capsys.readouterr().err
