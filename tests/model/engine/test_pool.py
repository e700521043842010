from acutance.model.engine.buffers import BatchShape
from acutance.model.engine.pool import BufferPool


class Buffers:
    def __init__(self, shape: BatchShape) -> None:
        self.shape, self.size, self.closed = shape, shape[0] * shape[1] * shape[2], False

    def close(self) -> None:
        self.closed = True


def test_buffers_are_used_again_for_their_shape_only() -> None:
    pool = BufferPool(Buffers, 1000)  # type: ignore[arg-type]
    first = pool.take((1, 10, 10))
    pool.give_back((1, 10, 10), first)
    assert pool.take((2, 10, 10)) is not first
    assert pool.take((1, 10, 10)) is first
    assert pool.take((1, 10, 10)) is not first, "it is in use"


def test_the_limit_counts_bytes_and_drops_the_oldest() -> None:
    pool = BufferPool(Buffers, 1000)  # type: ignore[arg-type]
    kept = {shape: pool.take(shape) for shape in ((1, 10, 30), (1, 10, 40), (1, 10, 20), (1, 10, 25))}
    for shape, buffers in kept.items():
        pool.give_back(shape, buffers)
    assert [buffers.closed for buffers in kept.values()] == [True, False, False, False]  # type: ignore[attr-defined]
    assert pool.size == 850
    huge = pool.take((1, 100, 100))
    pool.give_back((1, 100, 100), huge)
    assert pool.size == 0
    assert huge.closed  # type: ignore[attr-defined]


def test_what_is_cleared_is_closed() -> None:
    pool = BufferPool(Buffers, 1000)  # type: ignore[arg-type]
    buffers = pool.take((1, 10, 10))
    pool.give_back((1, 10, 10), buffers)
    pool.clear()
    assert buffers.closed  # type: ignore[attr-defined]
    assert pool.size == 0
