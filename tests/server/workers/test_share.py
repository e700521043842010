import pytest

from acutance.server.workers.share import gpu_of, inferences_of, threads_of, visible_gpus, worker_count


@pytest.mark.parametrize(
    ("processors", "gpus", "expected"),
    [(1, 0, 1), (2, 0, 1), (7.5, 0, 1), (8, 0, 2), (16, 1, 4), (4, 2, 2), (0.5, 0, 1)],
)
def test_auto_follows_processors_and_gpus(processors: float, gpus: int, expected: int) -> None:
    assert worker_count("auto", lambda: processors, lambda: ["gpu"] * gpus) == expected


def test_a_number_is_taken_as_it_is() -> None:
    assert worker_count(3, lambda: 1, lambda: []) == 3


@pytest.mark.parametrize(
    ("named", "expected"), [("2,5", ["2", "5"]), ("", []), ("-1", []), ("GPU-8f, 1", ["GPU-8f", "1"])]
)
def test_cuda_visible_devices_is_obeyed(named: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == expected


def test_workers_share_gpus_in_turn() -> None:
    assert [gpu_of(number, ["0", "1"]) for number in range(4)] == ["0", "1", "0", "1"]
    assert gpu_of(0, []) is None


def test_the_workers_together_use_the_processors_once() -> None:
    assert (threads_of(0, 2, 2), threads_of(0, 2, 16), threads_of(0, 4, 16), threads_of(3, 4, 16)) == (1, 8, 4, 3)
    assert (inferences_of(2, 2, on_gpu=False), inferences_of(2, 8, on_gpu=False)) == (1, 1)
    assert inferences_of(8, 4, on_gpu=True) == 8
