from acutance.server.markdown import table


def test_a_table_has_a_rule_below_its_head_and_its_bars_escaped() -> None:
    assert table(("a", "b"), [(1, "x | y"), ("", 2.5)]) == "| a | b |\n|---|---|\n| 1 | x \\| y |\n|  | 2.5 |"


def test_a_table_without_rows_is_its_head() -> None:
    assert table(("a",), []) == "| a |\n|---|"
