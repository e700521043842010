"""Options that contradict each other are refused before anything is built from them."""

import pytest
from pydantic import ValidationError

from acutance.server.options.server import ServeOptions

SECRET = "correct-horse-battery"


@pytest.mark.parametrize("host", ["http://sfu.example", "sfu.example/whip", "me@sfu.example", "sfu.example:x", ":80"])
def test_a_malformed_forward_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="is not a host"):
        ServeOptions(forward_host=(host,), forward_operator=("ops",))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"forward_host": "sfu.example", "open": True}, "--forward-host with --open"),
        ({"forward_host": "sfu.example", "token": SECRET}, "needs --forward-operator"),
        ({"forward_host": "sfu.example", "jwt_issuer": "https://a", "jwt_audience": "a"}, "needs --forward-operator"),
        ({"forward_operator": "ops"}, "needs --forward-host"),
        ({"forward_token": SECRET}, "--forward-token needs --forward-whip"),
        ({"token": SECRET, "open": True}, "--open cannot be combined with tokens"),
        ({"jwt_issuer": "https://a"}, "--jwt-issuer and --jwt-audience are needed together"),
        ({"jwt_keys": "https://a"}, "--jwt-keys needs --jwt-issuer"),
        ({"tls_cert": "a.pem"}, "--tls-cert and --tls-key are needed together"),
        ({"tls_cert": "a.pem", "tls_key": "b.pem", "self_signed": True}, "give only one of them"),
        ({"self_signed_folder": "a"}, "--self-signed-folder needs --self-signed"),
        ({"trusted_proxy": "somewhere"}, "write an address or a network such as 10.0.0.0/8"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ServeOptions.model_validate(options)


def test_forwarding_by_request_is_possible_for_operators_or_on_an_unprotected_server() -> None:
    assert ServeOptions(forward_host=("sfu.example",)).forward_host == ("sfu.example",)
    options = ServeOptions.model_validate({"forward_host": "a, b", "forward_operator": "ops", "token": SECRET})
    assert options.forward_host == ("a", "b")


def test_no_secret_is_in_the_representation_of_options() -> None:
    secrets = {name: SECRET for name in ("token", "turn_secret", "turn_password", "forward_token")}
    options = ServeOptions.model_validate({**secrets, "forward_whip": f"https://sfu.example/{SECRET}"})
    assert SECRET not in repr(options)
    assert options.token[0].get_secret_value() == SECRET
