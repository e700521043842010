from pathlib import Path

import pytest

from acutance.server.security.tokens import Caller, TokenError, Tokens, read_token_file

SECRET = "correct-horse-battery"
OTHER = "another-horse-battery"


def test_only_a_secret_identifies_its_caller() -> None:
    tokens = Tokens([f"anna:{SECRET}", f"berta/3:{OTHER}", "without-a-name-1234"])
    assert tokens.caller(SECRET) == Caller("anna")
    assert tokens.caller(OTHER) == Caller("berta", 3)
    assert tokens.caller("without-a-name-1234") == Caller("token 3")
    for wrong in ("", SECRET[:-1], SECRET + "x", f"anna:{SECRET}", "\udcff"):
        assert tokens.caller(wrong) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["short"], "token 1: a secret has at least 16"),
        ([f"anna:{SECRET}", "berta:geheim"], "token 2: a secret has at least 16"),
        ([f"anna:{SECRET} {SECRET}"], "token 1: a secret has"),
        (["geheim:geheim"], "token 1: a secret has at least 16"),
        ([f"anna:{SECRET}", f"anna:{OTHER}"], "token 2: another one has the name anna"),
    ],
)
def test_an_unusable_token_is_reported_without_its_secret(given: list[str], message: str) -> None:
    with pytest.raises(TokenError, match=message) as raised:
        Tokens(given)
    assert SECRET not in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_a_file_has_one_token_per_line(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# for the office\n\nanna:{SECRET}\n  berta:{OTHER}  \n")
    assert read_token_file(file) == [f"anna:{SECRET}", f"berta:{OTHER}"]
    file.write_text("# nobody yet\n")
    with pytest.raises(TokenError, match="has no token"):
        read_token_file(file)
    with pytest.raises(TokenError, match="cannot be read"):
        read_token_file(tmp_path / "nowhere")
