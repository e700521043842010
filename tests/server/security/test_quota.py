import pytest

from acutance.server.security.quota import ActiveSession, Client, Quota
from acutance.server.security.tokens import Caller

ANNA = Client(Caller("anna"), "192.0.2.1")
BERTA = Client(Caller("berta", 1), "192.0.2.1")
NOBODY = Client()


@pytest.mark.parametrize(
    ("quota", "client", "held", "message"),
    [
        (Quota(), ANNA, [ActiveSession(ANNA, True)] * 99, None),
        (Quota(per_address=2), ANNA, [ActiveSession(ANNA, True)], None),
        (
            Quota(per_address=2),
            ANNA,
            [ActiveSession(ANNA, True), ActiveSession(BERTA, True)],
            "this client address has 2",
        ),
        (Quota(per_address=1), NOBODY, [ActiveSession(NOBODY, True)], None),
        (Quota(per_token=2), ANNA, [ActiveSession(ANNA, True), ActiveSession(BERTA, True)], None),
        (Quota(per_token=2), ANNA, [ActiveSession(ANNA, True)] * 2, "the token anna has 2"),
        (Quota(per_token=5), BERTA, [ActiveSession(BERTA, True)], "the token berta has 1"),
        (Quota(handshakes=2), ANNA, [ActiveSession(NOBODY, False), ActiveSession(NOBODY, True)], None),
        (Quota(handshakes=2), ANNA, [ActiveSession(NOBODY, False)] * 2, "2 peers are connecting"),
    ],
)
def test_a_client_at_its_limit_is_refused(
    quota: Quota, client: Client, held: list[ActiveSession], message: str | None
) -> None:
    why = quota.refusal_reason(client, held)
    assert (why is None) if message is None else (why is not None and message in why)
