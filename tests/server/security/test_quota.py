import pytest

from acutance.server.security.quota import Held, Holder, Quota
from acutance.server.security.tokens import Caller

ANNA = Holder(Caller("anna"), "192.0.2.1")
BERTA = Holder(Caller("berta", 1), "192.0.2.1")
NOBODY = Holder()


@pytest.mark.parametrize(
    ("quota", "holder", "held", "said"),
    [
        (Quota(), ANNA, [Held(ANNA, True)] * 99, None),
        (Quota(per_address=2), ANNA, [Held(ANNA, True)], None),
        (Quota(per_address=2), ANNA, [Held(ANNA, True), Held(BERTA, True)], "this address has 2"),
        (Quota(per_address=1), NOBODY, [Held(NOBODY, True)], None),
        (Quota(per_token=2), ANNA, [Held(ANNA, True), Held(BERTA, True)], None),
        (Quota(per_token=2), ANNA, [Held(ANNA, True)] * 2, "the token anna has 2"),
        (Quota(per_token=5), BERTA, [Held(BERTA, True)], "the token berta has 1"),
        (Quota(handshakes=2), ANNA, [Held(NOBODY, False), Held(NOBODY, True)], None),
        (Quota(handshakes=2), ANNA, [Held(NOBODY, False)] * 2, "2 peers are about to connect"),
    ],
)
def test_who_has_as_many_as_they_may_gets_no_more(
    quota: Quota, holder: Holder, held: list[Held], said: str | None
) -> None:
    why = quota.obstacle(holder, held)
    assert (why is None) if said is None else (why is not None and said in why)
