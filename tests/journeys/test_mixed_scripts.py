"""Does a page of mixed scripts still look as it did when it was looked at? One small picture, kept, with a stated tolerance."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.workspace import Workspace
from tests.fixtures import decoded

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).parent / "mixed-scripts.png"
MEAN_MAX, PIXEL_MAX = 0.1, 16
"""Of 255: a newer HarfBuzz may round an edge otherwise; another glyph or place is a hundred times as much."""

PAGE = {
    "text": "قهوة بـ 3,20 € في المتجر\nसुबह की कॉफ़ी ☕ और क्षत्रिय\nקפה (café) 3,20 ₪\nกาแฟยามเช้าที่ร้านใหม่\n朝のコーヒー、パリで。😍👨‍👩‍👧‍👦🇫🇷",
    "font": "Inter",
    "size": 26,
    "width": 360,
    "align": "start",
    "line_height": 1.5,
    "color": "#1d1a16",
}
PACKAGES = ("fontpkg_noto_sans_arabic", "fontpkg_noto_sans_devanagari", "fontpkg_heebo", "fontpkg_noto_sans_thai")


def test_a_page_of_mixed_scripts_looks_as_it_did(tmp_path: Path) -> None:
    """Arabic, Hindi, Hebrew, Thai, Japanese and emoji: joined, ordered, stacked, broken and coloured as when it was looked at."""
    for package in PACKAGES:
        pytest.importorskip(package)
    with Workspace.open(tmp_path / "store", tenant="acme", env="test", create=True) as work:
        for file in sorted((ROOT / "docs/fonts").glob("Noto*")):
            work.add_font(file)
        render = work.render_text(PAGE).artifact
        drawn = decoded(work.content(render)).convert("RGBA")
    assert render.meta.missing == ()
    with Image.open(KEPT) as kept:
        off = np.abs(np.asarray(drawn).astype(int) - np.asarray(kept.convert("RGBA")))
    assert off.mean() <= MEAN_MAX
    assert off.max() <= PIXEL_MAX
