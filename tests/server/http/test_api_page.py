from pathlib import Path

from acutance.server.http import api_page as http_api_page

PAGE = Path(__file__).parents[3] / "docs" / "07-http-api.md"


def test_the_page_is_generated_from_the_openapi_file() -> None:
    assert PAGE.read_text("utf-8") == http_api_page.page(), (
        "python -m acutance.server.http.api_page > docs/07-http-api.md"
    )
