import pytest

from acutance.training.evaluation.markdown import markdown_table


def test_a_table_has_a_rule_and_escapes_its_cells() -> None:
    assert markdown_table(["method", "dB"], [["a|b", "1.0"], ["c", ""]]) == (
        "| method | dB |\n| --- | ---: |\n| a\\|b | 1.0 |\n| c |  |\n"
    )


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a row has 1 cells, the table 2 columns"):
        markdown_table(["method", "dB"], [["a"]])
