"""Raster, vector and text become one picture in two formats, and the store tells what each was made from."""

import sys
from pathlib import Path

import skimage

from engines.workspace import Workspace

HERE = Path(__file__).parent
PHOTO = Path(skimage.__file__).parent / "data" / "coffee.png"
"""CC0, by Rachel Michetti; it comes inside scikit-image's wheel."""

PRICE = {"text": "3,20 €", "font": "Inter", "size": 66, "weight": 800, "color": "#fff3e2"}


def poster(photo: str, badge: str, price: str) -> dict[str, object]:
    """The composition, its sources named by artifact."""
    ink, paper, clear = "#2b1810", "#f6ecdd", "rgba(246, 236, 221, 0)"
    text = {"type": "text", "font": "Inter", "x": 84}
    return {
        "version": 1,
        "width": 1280,
        "height": 720,
        "background": paper,
        "layers": [
            {"type": "raster", "src": photo, "x": 440, "width": 1080, "height": 720, "fit": "cover"},
            {"type": "gradient", "kind": "linear", "angle": 90, "x": 430, "width": 560, "blend": "normal",
             "stops": [[0, paper], [0.06, paper], [1, clear]]},
            {"type": "gradient", "kind": "linear", "angle": 180, "blend": "soft-light", "opacity": 0.7,
             "stops": [[0, "#ffd9a8"], [0.5, "#808080"], [1, "#40210f"]]},
            {"type": "solid", "color": "#d9591f", "x": 88, "y": 150, "width": 52, "height": 7},
            text | {"text": "TORRÉFIÉ ICI, À L’AUBE", "size": 24, "weight": 680, "color": "#b8481a", "y": 180},
            text | {"text": "Le café\ndu matin", "size": 128, "weight": 800, "color": ink, "x": 78, "y": 214, "line_height": 1.0},
            text | {"text": "Grains d’Éthiopie, eau à 93 degrés, vingt-sept secondes. Et personne ne vous parle avant la première gorgée.",
                    "size": 27, "weight": 440, "color": "rgba(43, 24, 16, 0.82)", "y": 500, "width": 520, "line_height": 1.42},
            {"type": "vector", "src": badge, "x": 1030, "y": 456, "width": 216},
            {"type": "raster", "src": price, "x": 1062, "y": 541, "width": 152, "height": 62, "fit": "contain"},
        ],
    }  # fmt: skip


def main(folder: Path) -> None:
    """Make the poster in `folder`: a store, two pictures, the lineage of one of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with Workspace.open(folder / "store", tenant="atelier", env="demo", create=True) as work:
        photo = work.add_asset(PHOTO).artifact
        badge = work.add_asset(HERE / "badge.svg").artifact
        price = work.render_text(PRICE).artifact
        sources = (f"artifact:{one.artifact_id}" for one in (photo, badge, price))
        composition = work.compose(poster(*sources), "le café du matin").artifact
        for preset_id in ("web_small", "social_1080p"):
            render = work.render(composition.artifact_id, preset_id)
            picture = render.artifact
            (folder / picture.uri.rsplit("/", 1)[-1]).write_bytes(work.content(picture))
            sys.stdout.write(f"{render.cache} {picture.artifact_id} {picture.uri}\n")
        lineage = work.lineage(picture.artifact_id)
        (folder / "lineage.svg").write_text(lineage.svg(), encoding="utf-8")
        (folder / "lineage.mmd").write_text(lineage.mermaid(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
