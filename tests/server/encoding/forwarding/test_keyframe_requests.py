from acutance.server.encoding.forwarding.keyframe_requests import KeyframeRequests


class Asking:
    def __init__(self) -> None:
        self.now = 0.0
        self.requests = KeyframeRequests(lambda: self.now)

    def due_at(self, now: float) -> bool:
        self.now = now
        return self.requests.due()


def test_many_requests_are_one_pli_a_second() -> None:
    asking = Asking()
    assert not asking.due_at(0.0)
    sent = []
    for tick in range(40):
        asking.requests.ask()
        if asking.due_at(tick / 10):
            sent.append(tick / 10)
    assert sent == [0.0, 1.0, 2.0, 3.0]


def test_a_request_within_the_second_is_not_lost() -> None:
    asking = Asking()
    asking.requests.ask()
    assert asking.due_at(0.0)
    asking.requests.ask()
    assert not asking.due_at(0.9)
    assert asking.due_at(1.1)


def test_a_keyframe_answers_all_requests() -> None:
    asking = Asking()
    asking.requests.ask()
    asking.due_at(0.0)
    asking.requests.ask()
    asking.requests.arrived()
    assert not asking.due_at(5.0)


def test_a_sender_proves_that_it_answers_within_a_second() -> None:
    asking = Asking()
    asking.requests.arrived()
    assert not asking.requests.answers, "nobody has asked"
    asking.requests.ask()
    asking.due_at(0.0)
    asking.now = 1.5
    asking.requests.arrived()
    assert not asking.requests.answers, "that was a keyframe of its own"
    asking.requests.ask()
    asking.due_at(2.0)
    asking.now = 2.2
    asking.requests.arrived()
    assert asking.requests.answers
