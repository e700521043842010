from pathlib import Path

from acutance.server.options import page as options_page

PAGE = Path(__file__).parents[3] / "docs" / "06-options.md"


def test_the_page_is_what_the_options_say() -> None:
    assert PAGE.read_text("utf-8") == options_page.page(), "python -m acutance.server.options.page > docs/06-options.md"
