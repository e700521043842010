from pathlib import Path

from server import http_api_page

PAGE = Path(__file__).parents[2] / "docs" / "07-http-api.md"


def test_the_page_is_what_the_openapi_file_says() -> None:
    assert PAGE.read_text("utf-8") == http_api_page.page(), "python -m server.http_api_page > docs/07-http-api.md"
