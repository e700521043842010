"""A server that requires a token: the page asks for it once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.real_server import Server, running_server

TOKEN = "open-sesame-7d1f0c55e2"


@pytest.fixture(scope="module")
def guarded(chromium_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("guarded") / "server.log", "--token", TOKEN) as running:
        yield running


def test_a_token_is_asked_for_once_and_sent_with_every_request(open_page, guarded):
    page = open_page(guarded)
    dialog = page.page.get_by_role("dialog", name="This server requires a token")
    page.page.locator("#start").click()
    expect(dialog).to_contain_text("The operator of the server can give you one.")
    page.page.get_by_label("Token", exact=True).fill("open-barley-7d1f0c55e2")
    page.page.keyboard.press("Enter")
    expect(dialog).to_contain_text("rejected that token")
    page.page.get_by_label("Token", exact=True).fill(TOKEN)
    page.page.get_by_role("button", name="Connect").click()
    page.wait_until_live()
    page.page.locator("#stop").click()
    page.page.reload()
    page.start()
    expect(dialog).to_be_hidden()
    with page.page.expect_response(lambda response: response.request.method == "DELETE") as goodbye:
        page.page.locator("#stop").click()
    assert goodbye.value.status == 200


def test_the_page_explains_how_to_continue_without_a_token(open_page, guarded):
    page = open_page(guarded)
    page.page.locator("#start").click()
    page.page.get_by_role("button", name="Cancel").click()
    page.expect_error("requires a token", "Press Start")
