"""`impasto convert --fonts` with fonts as the web hands them out."""

from pathlib import Path

import pytest

from engines.typography_core.tests.forged_fonts import packed
from engines.vector_core import svg_fonts
from tests.journeys.conftest import Cli

TEXT = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="16" font-family="House">He</text></svg>'


@pytest.mark.parametrize("flavor", ["woff", "woff2"])
def test_texts_are_drawn_in_packed_fonts(cli: Cli, tmp_path: Path, flavor: str) -> None:
    """The same picture as with the file that was packed; one that is damaged is refused."""
    (tmp_path / "a.svg").write_text(TEXT)
    plain = svg_fonts.rename(svg_fonts.packaged().files[0], "House")
    for folder, name, content in (("plain", "h.ttf", plain), ("packed", f"h.{flavor}", packed(plain, flavor))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(content)
        answer = cli("convert", tmp_path / "a.svg", tmp_path / f"{folder}.png", "--fonts", tmp_path / folder)
        assert answer.code == 0, answer.err
    assert (tmp_path / "packed.png").read_bytes() == (tmp_path / "plain.png").read_bytes()
    (tmp_path / "packed" / f"h.{flavor}").write_bytes(packed(plain, flavor)[:5000])
    answer = cli("convert", tmp_path / "a.svg", tmp_path / "c.png", "--fonts", tmp_path / "packed")
    assert (answer.code, (tmp_path / "c.png").exists()) == (1, False)
    assert "font-refused" in answer.err
