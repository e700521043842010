import re
from pathlib import Path

from acutance.server.options import page as options_page
from acutance.server.options.server import ServeOptions

PAGE = Path(__file__).parents[3] / "docs" / "06-options.md"


def test_the_page_is_generated_from_the_options() -> None:
    assert PAGE.read_text("utf-8") == options_page.page(), "python -m acutance.server.options.page > docs/06-options.md"


def test_every_option_is_on_the_page() -> None:
    listed = re.findall(r"^\| `--([a-z-]+)`", options_page.page(), re.MULTILINE)
    assert listed == [name.replace("_", "-") for name in ServeOptions.model_fields], "in the order of --help"
