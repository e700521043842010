import stat
from pathlib import Path

import pytest

from acutance.server.learning.kept_weights import KeptWeights, KeptWeightsError

WEIGHTS = b"weights of a student" * 10
KEY = "a key of the operator"


@pytest.mark.parametrize("key", [None, KEY])
def test_weights_are_kept_for_the_next_call_of_the_stream(tmp_path: Path, key: str | None) -> None:
    kept = KeptWeights(tmp_path / "kept", ["live", "other"], key)
    assert kept.load("live", "small") is None
    kept.save("live", "small", b"older")
    kept.save("live", "small", WEIGHTS)
    again = KeptWeights(tmp_path / "kept", ["live", "other"], key)
    again.save("live", "small-enlarged", b"others")
    assert again.load("live", "small") == WEIGHTS
    assert again.load("live", "small-enlarged") == b"others"
    assert again.load("other", "small") is None
    assert again.delete("live")
    assert not again.delete("live")
    assert again.load("live", "small") is None
    assert not list((tmp_path / "kept").iterdir())


def test_only_named_streams_are_remembered(tmp_path: Path) -> None:
    kept = KeptWeights(tmp_path, ["live"])
    kept.save("another", "small", WEIGHTS)
    kept.save("../outside", "small", WEIGHTS)
    assert not list(tmp_path.iterdir())


def test_files_are_for_the_owner_and_hold_no_plain_weights_if_there_is_a_key(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    KeptWeights(folder, ["live"], KEY).save("live", "small", WEIGHTS)
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert b"weights of a student" not in file.read_bytes()
    assert "live" not in file.name


@pytest.mark.parametrize("key", [None, "a key of another server"])
def test_another_key_reads_nothing(tmp_path: Path, key: str | None) -> None:
    KeptWeights(tmp_path, ["live"], KEY).save("live", "small", WEIGHTS)
    with pytest.raises(KeptWeightsError, match="remember-key"):
        KeptWeights(tmp_path, ["live"], key).load("live", "small")


def test_a_damaged_file_or_that_of_another_stream_does_not_open(tmp_path: Path) -> None:
    kept = KeptWeights(tmp_path, ["live", "other"], KEY)
    kept.save("live", "small", WEIGHTS)
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    kept.save("other", "small", WEIGHTS)
    (other,) = (each for each in tmp_path.iterdir() if each != file)
    other.write_bytes(content)
    with pytest.raises(KeptWeightsError, match="does not open"):
        kept.load("other", "small")
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(KeptWeightsError, match="does not open"):
        kept.load("live", "small")
    file.write_bytes(content[:40])
    with pytest.raises(KeptWeightsError, match="does not open"):
        kept.load("live", "small")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(KeptWeightsError, match="kept"):
        KeptWeights(tmp_path / "kept", ["live"]).save("live", "small", WEIGHTS)
