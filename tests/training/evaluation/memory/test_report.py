import pytest

from acutance.training.evaluation.memory.gains import ALIGNED, BLIND, Gain
from acutance.training.evaluation.memory.integrity import Integrity
from acutance.training.evaluation.memory.report import gain_grids, integrity_grid, markdown

PLATE = f"memory, {ALIGNED}"


def gains() -> list[Gain]:
    return [
        Gain("small", BLIND, "h264-0.02", "a", 30.0, 0.3, 0.5, 7.0, 0.1),
        Gain("small", BLIND, "h264-0.02", "b", 34.0, 0.1, 0.0, 8.0, 0.0),
        Gain("small", PLATE, "h264-0.02", "a", 30.0, 1.3, 0.5, 7.0, 0.7),
        Gain("small", PLATE, "h264-0.02", "b", 34.0, 0.0, 0.2, 8.0, 0.1),
    ]


def test_means_clips_and_losses_against_the_same_student_without_memory() -> None:
    means, clips, worse = gain_grids(gains(), "small")
    assert [*map(list, means.rows)] == [
        ["small", BLIND, "+0.20 dB, +0.05 JOD"],
        ["small", PLATE, "+0.65 dB, +0.40 JOD"],
    ]
    assert ["a", PLATE, "+1.30, +0.70 JOD (30.0 dB, 7.0 JOD, 50%)"] in [*map(list, clips.rows)]
    assert [*map(list, worse.rows)] == [["small", PLATE, "2", "1", "-0.10"]]


def test_integrity_names_what_shows_old_content_and_counts_all() -> None:
    results = [Integrity("slide", "vp8-0.05", 100, 2, 0.7), Integrity("hand", "vp8-0.05", 50, 0, 0.4)]
    grid = integrity_grid("memory", results)
    assert [*map(list, grid.rows)] == [
        ["slide", "vp8-0.05", "100", "2", "0.70"],
        ["all", "2 scenes and settings", "150", "2", "0.70"],
    ]


def test_the_page_names_its_command_host_and_commit() -> None:
    text = markdown("acutance-train memory", [integrity_grid("memory", [Integrity("hand", "vp8-0.05", 50, 0, 0.4)])])
    assert text.startswith("`acutance-train memory`\n")
    assert "| all | 1 scenes and settings | 50 | 0 | 0.40 |" in text
    assert "commit " in text.splitlines()[-1]
    with pytest.raises(ValueError, match="max"):
        integrity_grid("nothing", [])
