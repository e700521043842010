import threading
from concurrent.futures import ThreadPoolExecutor

from acutance.model.engine.gpu.device import Device, SharedLock


def test_one_thread_makes_all_calls() -> None:
    device = Device()
    with ThreadPoolExecutor(4) as pool:
        threads = set(pool.map(lambda _: device.run(threading.get_ident), range(8)))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_it_is_not_held_exclusively_while_others_hold_it() -> None:
    lock = SharedLock()
    with lock.shared(), lock.shared(), lock.exclusive(patience=0.01) as alone:
        assert not alone
    with lock.shared(long=True), lock.exclusive(patience=60) as alone:
        assert not alone, "nobody waits for a session that opens"
    with lock.exclusive() as alone:
        assert alone


def test_shared_holders_wait_for_the_exclusive_holder() -> None:
    lock = SharedLock()
    came_in = threading.Event()

    def come_in() -> None:
        with lock.shared():
            came_in.set()

    with lock.exclusive() as alone, lock.exclusive() as too:
        assert alone
        assert not too
        visitor = threading.Thread(target=come_in)
        visitor.start()
        assert not came_in.wait(0.05)
    assert came_in.wait(20)
    visitor.join()


def test_who_waits_for_exclusive_use_goes_before_new_shared_holders() -> None:
    """Under load there is always a copy under way: without preference no graph is ever captured."""
    lock = SharedLock()
    leave, order = threading.Event(), []

    def capture() -> None:
        with lock.exclusive(patience=60) as alone:
            order.append("capture" if alone else "refused")

    def copy() -> None:
        with lock.shared():
            order.append("copy")

    with ThreadPoolExecutor(3) as pool:
        with lock.shared():
            waiting = [pool.submit(capture)]
            while not lock._wanted:
                leave.wait(0.001)
            waiting.append(pool.submit(copy))
            assert order == []
        for one in waiting:
            one.result(60)
    assert order == ["capture", "copy"]


def test_the_time_of_the_devices_thread_is_counted() -> None:
    device = Device()
    device.run(lambda: threading.Event().wait(0.01))
    assert device.busy_seconds >= 0.01


def test_what_is_discarded_is_released_before_the_next_launch_in_the_devices_thread() -> None:
    class Used:
        def __del__(self) -> None:
            released.append(threading.current_thread().name)

    released: list[str] = []
    device = Device()
    device.discard(Used())
    assert released == []
    assert device.run(lambda: list(released)) == ["device_0"]
