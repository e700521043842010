from pathlib import Path

from training.card import licence_classes


def test_licences_are_counted_from_the_catalogue_above_the_source(tmp_path: Path) -> None:
    (tmp_path / "CATALOG.tsv").write_text(
        "path\tcategory\tclass\ntrain/text/a.png\ttext\tA\ntrain/text/b.png\ttext\tC\ntrain/c.png\tall\tA\n"
    )
    source = tmp_path / "train"
    pictures = [source / "text" / "a.png", source / "text" / "b.png", source / "c.png", source / "mine.png"]
    assert licence_classes(pictures, [source]) == {
        "public domain or CC0": 2,
        "CC-BY-SA or GPL": 1,
        "not catalogued": 1,
    }


def test_without_a_catalogue_nothing_is_claimed(tmp_path: Path) -> None:
    assert licence_classes([tmp_path / "a" / "b" / "x.png"], [tmp_path / "a" / "b"]) == {"not catalogued": 1}
