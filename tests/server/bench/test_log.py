import json
from pathlib import Path

import pytest

from acutance.server.bench import log
from acutance.server.bench.log import LogError
from acutance.server.cli import main

RUN = {"benchmark": "viewers", "options": {"size": "640x360"}}


def test_a_run_is_appended_as_a_line(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    log.append(file, RUN)
    log.append(file, {**RUN, "options": {}})
    assert [json.loads(line) for line in file.read_text().splitlines()] == log.read(file)
    assert log.read(file)[0] == RUN


def test_a_log_that_cannot_be_written_or_read_is_named(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "log.jsonl"
    for use in (log.check_writable, log.read, lambda file: log.append(file, RUN)):
        with pytest.raises(LogError, match=r"nowhere/log\.jsonl"):
            use(nowhere)


@pytest.mark.parametrize("text", ["[1]\n", '{"options": {}}\n', "{\n", "\xff"])
def test_a_file_that_is_no_log_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.jsonl"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(LogError, match=r"other\.jsonl"):
        log.read(file)


def test_runs_without_a_table_are_refused_by_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "log.jsonl"
    names = ("cpu", "system", "python", "aiortc", "av", "onnxruntime", "commit", "date")
    log.append(file, {**RUN, "host": dict.fromkeys(names, "x")})
    assert main(["bench", "report", str(file)]) == 2
    assert "has runs of `bench viewers`, for which there is no table" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["stream", "model", "viewers"])
def test_a_log_that_cannot_be_written_is_an_error_before_the_run(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["bench", command, "--log", str(tmp_path / "nowhere" / "log.jsonl")]) == 2
    assert "acutance: cannot write to" in capsys.readouterr().err
