import pytest

from acutance.server.security.origins import OriginError, Origins


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("localhost:8080", True),
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("demo.localhost", True),
        ("example.org", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org:8080", False),
        ("app.example.com", True),  # an allowed page's own host: a proxy on the same host
        ("", False),
        (None, False),
    ],
)
def test_a_server_on_loopback_refuses_other_host_names(host: str | None, served: bool) -> None:
    assert Origins.of(["https://app.example.com"], loopback_only=True).serves_host(host) is served
    assert Origins.of([]).serves_host(host)


def test_only_pages_of_the_own_and_allowed_origins_may_change_state() -> None:
    origins = Origins.of(["https://app.example.com"])
    assert origins.admits(None, "localhost:8080"), "not a browser"
    assert origins.admits("http://localhost:8080", "localhost:8080"), "its own page"
    assert origins.admits("https://app.example.com", "localhost:8080")
    for origin in ("https://example.org", "null", "http://localhost:9090", "http://app.example.com"):
        assert not origins.admits(origin, "localhost:8080"), origin


@pytest.mark.parametrize("origin", ["http://[", "null", ""])
@pytest.mark.parametrize("host", ["localhost", "", None])
def test_a_malformed_origin_is_not_admitted(origin: str, host: str | None) -> None:
    assert not Origins().admits(origin, host)


@pytest.mark.parametrize(
    "origin", ["example.org", "https://example.org/page", "ftp://example.org", "*", "https://a@b", "http://["]
)
def test_a_malformed_origin_in_the_options_is_an_error(origin: str) -> None:
    with pytest.raises(OriginError, match="is not an origin"):
        Origins.of([origin])
