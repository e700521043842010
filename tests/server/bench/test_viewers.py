import json
from pathlib import Path

import pytest

from acutance.server.bench.viewers import Step, ViewersOptions, per_viewer, viewers

pytestmark = pytest.mark.media


def test_the_cost_of_a_viewer_is_the_slope_over_the_steps() -> None:
    steps = [Step(count, 0.5 + 0.02 * count, 1, 30.0, 30.0, 1.0) for count in (1, 5, 20)]
    assert per_viewer(steps) == pytest.approx(0.02)
    assert per_viewer(steps[:1]) is None


def test_a_short_run_shares_one_encoder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log.jsonl"
    viewers(ViewersOptions(steps=[1, 3], seconds=2, size="320x180", log=log))
    steps = json.loads(log.read_text())["figures"]["steps"]
    assert [step["viewers"] for step in steps] == [1, 3]
    assert [step["encoders"] for step in steps] == [1, 1]
    assert all(
        step["slowest_viewer_per_s"] > 15 and step["cpus"] > 0 and step["enhanced_per_s"] > 15 for step in steps
    ), steps
    assert "each further viewer takes" in capsys.readouterr().out
