import threading
from concurrent.futures import ThreadPoolExecutor

from acutance.model.engine.device import Device, SharedLock


def test_one_thread_makes_all_calls() -> None:
    device = Device()
    with ThreadPoolExecutor(4) as pool:
        threads = set(pool.map(lambda _: device.run(threading.get_ident), range(8)))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_it_is_not_held_exclusively_while_others_hold_it() -> None:
    lock = SharedLock()
    with lock.shared(), lock.shared(), lock.exclusive() as alone:
        assert not alone
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
