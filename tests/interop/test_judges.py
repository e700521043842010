"""`acutance-train compare` beside the programs `cvvdp` (which calls ffmpeg and ffprobe) and FFmpeg with libvmaf.

Five clips of the folder in ACUTANCE_CLIPS, by default the validation clips beside the checkout; else drawn ones.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from acutance.training.cli.evaluation.compare import compare
from acutance.training.data.clips import find_clips
from acutance.training.judge.video import Video, read_video
from tests.interop.conftest import ROOT
from tests.training.judge.videos import moving, write_lossless

CLIPS = 5
FRAMES = 8
_CODED = {"preset": "superfast", "tune": "zerolatency", "crf": "33"}
_CVVDP = Path(sys.executable).with_name("cvvdp")


def _source(index: int) -> Video:
    clips = find_clips(Path(os.environ.get("ACUTANCE_CLIPS", ROOT.parent / "shared" / "data" / "clips" / "val")))
    if len(clips) < CLIPS:
        return moving(FRAMES, (320, 192), seed=index)
    video = read_video(clips[index], FRAMES)
    return video.halved() if min(video.size) > 480 else video


@cache
def _ffmpeg() -> str | None:
    """FFmpeg's program with libvmaf: that of the package, or the installed one."""
    try:
        import imageio_ffmpeg

        programs = [imageio_ffmpeg.get_ffmpeg_exe()]
    except ImportError:
        programs = []
    for program in (*programs, shutil.which("ffmpeg")):
        if program and "libvmaf" in subprocess.run([program, "-filters"], capture_output=True, text=True).stdout:
            return program
    return None


@pytest.fixture(params=range(CLIPS))
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A clip without loss, and coded and stored without further loss."""
    video = _source(request.param)
    reference = write_lossless(tmp_path / "reference.mkv", video)
    coded = write_lossless(tmp_path / "coded.mkv", video, "libx264", _CODED)
    return reference, write_lossless(tmp_path / "test.mkv", read_video(coded))


def ours(reference: Path, test: Path, measure: str) -> float:
    app = typer.Typer()
    app.command()(compare)
    options = ["--json", "--measure", measure, "--jod-frames", "0", "--display", "standard_fhd"]
    done = CliRunner().invoke(app, [str(reference), str(test), *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return float(json.loads(done.stdout)["figures"][measure])


@pytest.mark.skipif(
    not (_CVVDP.is_file() and shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="the program cvvdp needs ffmpeg and ffprobe",
)
@pytest.mark.timeout(600)
def test_jod_is_that_of_the_program_cvvdp(pair: tuple[Path, Path]) -> None:
    reference, test = pair
    command = [_CVVDP, "--test", test, "--ref", reference, "--display", "standard_fhd", "--device", "cpu", "--quiet"]
    printed = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    found = ours(reference, test, "jod")
    print(f"JOD: {found:.4f}, cvvdp {printed.strip()}")
    assert found < 9.99
    assert found == pytest.approx(float(printed.split()[-1]), abs=0.01)


@pytest.mark.skipif(_ffmpeg() is None, reason="no ffmpeg with libvmaf: pip install '.[interop]'")
@pytest.mark.timeout(600)
def test_vmaf_neg_is_that_of_the_program_ffmpeg(pair: tuple[Path, Path], tmp_path: Path) -> None:
    reference, test = pair
    options = f"libvmaf=model=version=vmaf_v0.6.1neg:log_fmt=json:log_path={tmp_path / 'vmaf.json'}"
    command = [_ffmpeg(), "-i", test, "-i", reference, "-lavfi", options, "-f", "null", "-"]
    printed = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stderr
    (score,) = re.findall(r"VMAF score: ([\d.]+)", printed)
    found = ours(reference, test, "vmaf_neg")
    print(f"VMAF-NEG: {found:.4f}, ffmpeg {score}")
    assert found == pytest.approx(float(score), abs=0.01)
