import subprocess
from pathlib import Path

from acutance.training.checkpoints.provenance import commit


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    run = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_the_commit_is_marked_when_any_file_of_the_checkout_differs(tmp_path: Path) -> None:
    inner = tmp_path / "training" / "checkpoints"
    inner.mkdir(parents=True)
    (tmp_path / "model.py").write_text("one")
    (inner / "provenance.py").write_text("one")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit(inner) == head
    (tmp_path / "model.py").write_text("two")
    assert commit(inner) == f"{head}+changes"


def test_outside_of_a_checkout_the_commit_is_unknown(tmp_path: Path) -> None:
    assert commit(tmp_path) == "unknown"
