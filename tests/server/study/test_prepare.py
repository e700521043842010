"""Prepared clips show what the study says, in a form that browsers play and that loses nothing to see."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from acutance.server import cli
from acutance.server.frames.planes import plane_view
from acutance.server.frames.synthetic import moving_frames
from acutance.server.study.manifest import GAP, Stimulus, load
from acutance.server.study.study_file import Study, read
from acutance.server.study.votes import Votes
from tests.server.study.simulated import ACR, CCR, study_file

WIDTH, HEIGHT, FRAMES = 192, 128, 12
SMALL = """
lead_in = 0.2
[display]
width = 160
height = 96
"""


def write_clip(path: Path, rate: int = 30) -> None:
    """Write a clip whose U plane counts the frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"qp": "8", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, frame in zip(range(FRAMES), moving_frames(WIDTH, HEIGHT), strict=False):
            plane_view(frame, 1)[:] = 40 + 8 * number
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def written(folder: Path, text: str) -> Path:
    path = study_file(folder, text.replace("[checks]", SMALL + "[checks]"), sources=1)
    timed = path.read_text().replace('.mp4"', '.mp4"\nstart = 0.2\nseconds = 0.2')
    # x264 counts in kbit/s.
    path.write_text(timed.replace("bits = 0.005", "bits = 0.1").replace("bits = 0.02", "bits = 1"))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("ccr")
    path = written(folder, CCR)
    for name in ("clip-00", "practice"):
        write_clip(folder / f"{name}.mp4")
    assert cli.main(["study", "prepare", str(path)]) == 0
    return read(path)


def halves(study: Study, stimulus: Stimulus) -> tuple[list[np.ndarray], list[np.ndarray], list[list[int]]]:  # type: ignore[type-arg]
    """Return luma of the upper and the lower clip by frame, and the mean U of both."""
    upper, lower, counts = [], [], []
    with av.open(str(study.located(study.folder) / stimulus.file)) as container:
        assert container.streams.video[0].codec_context.profile == "High"
        for frame in container.decode(video=0):
            assert (frame.width, frame.height, frame.format.name) == (160, 2 * 96 + GAP, "yuv420p")
            luma, u = plane_view(frame, 0).astype(float), plane_view(frame, 1)
            upper.append(luma[:96])
            lower.append(luma[96 + GAP :])
            counts.append([round(float(u[:48].mean())), round(float(u[48 + GAP // 2 :].mean()))])
    return upper, lower, counts


def detail(luma: np.ndarray) -> float:  # type: ignore[type-arg]
    return float(np.abs(np.diff(luma)).mean())


def test_both_clips_of_a_pair_are_the_same_shown_frames(made: Study) -> None:
    stimuli = load(made)
    (same,) = stimuli.of("same")
    upper, lower, counts = halves(made, same)
    assert (len(upper), same.frames, same.rate) == (6, 6, 30)
    np.testing.assert_allclose(upper, lower, atol=6)
    # 0.2 s of 30 frames/s come before.
    assert [pair[0] for pair in counts] == pytest.approx([40 + 8 * number for number in range(6, 12)], abs=2)
    (test,) = stimuli.of("test")
    for number, pair in zip(range(6, 12), halves(made, test)[2], strict=True):
        assert pair == pytest.approx([40 + 8 * number] * 2, abs=4), "both clips are coded and decoded, and none is late"


def test_the_baseline_is_above_and_the_clips_are_stored_without_visible_loss(made: Study) -> None:
    stimuli = load(made)
    (gold,) = stimuli.of("gold")
    upper, lower, _ = halves(made, gold)
    assert detail(upper[-1]) < 0.6 * detail(lower[-1]), "the broken connection is the baseline of a gold question"
    assert min(stimulus.psnr for stimulus in stimuli.stimuli.values()) > 50


def test_the_student_makes_a_difference(made: Study) -> None:
    (test,) = load(made).of("test")
    upper, lower, _ = halves(made, test)
    assert np.abs(upper[-1] - lower[-1]).mean() > 0.5


def test_clips_with_votes_are_not_replaced(made: Study, capsys: pytest.CaptureFixture[str]) -> None:
    Votes.open(made.located(made.folder), made.digest).close()
    text = made.path.read_text()
    made.path.write_text(text.replace("bits = 1\n", "bits = 1.5\n"))
    try:
        assert cli.main(["study", "prepare", str(made.path)]) == 2
    finally:
        made.path.write_text(text)
    assert "give the study another `folder`" in capsys.readouterr().err
    assert load(made)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("seconds = 0.2", "seconds = 1", "source clip-00: "),
        ("width = 160", "width = 240", "clips are never enlarged"),
        ('"clip-00.mp4"', '"none.mp4"', "source clip-00: cannot read a video from"),
        (
            "bits = 0.1",
            "bits = 0.001",
            "treatment bad: h264 cannot code these frames with 0.001 bits per pixel: give it more",
        ),
        ('student = "nano"', 'student = "nanno"', "there is no student 'nanno'"),
    ],
)
def test_what_cannot_be_prepared_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, message: str
) -> None:
    path = written(tmp_path, CCR)
    for name in ("clip-00", "practice"):
        write_clip(tmp_path / f"{name}.mp4")
    path.write_text(path.read_text().replace(before, after, 1))
    assert cli.main(["study", "prepare", str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_study_that_was_not_prepared_is_not_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, ACR)
    assert cli.main(["study", "serve", str(path)]) == 2
    assert "run `acutance study prepare" in capsys.readouterr().err


def test_other_hosts_are_served_only_on_request(made: Study, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["study", "serve", str(made.path), "--host", "0.0.0.0"]) == 2
    assert "give --open" in capsys.readouterr().err
