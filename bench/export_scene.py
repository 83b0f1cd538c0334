"""What is exported in the race: one composition with a photograph, a drawing and a headline, and the four built-in presets.

The numbers are here once, for us and for the peers, who are scripts and have no composition. The photograph is Hubble's deep field (NASA
and ESA, public domain), as scikit-image's wheel brings it.
"""

import importlib.util
from pathlib import Path
from typing import Any, Final, NamedTuple

from engines.image_core.presets import PRESETS, plan_export
from engines.media_v2.exports import ExportPlan

WIDTH, HEIGHT = 1920, 1080
SHADE: Final = (136, 120, 200)
"""sRGB, multiplied over the photograph."""
DRAWING_X, DRAWING_Y, DRAWING_SIDE = 985, 65, 950
BAND: Final = (255, 181, 154, 0.5)
BAND_BOX: Final = (128, 388, 720, 12)
"""Left, top, width and height of a translucent bar, in px of the composition."""
HEADLINE = "Voûte étoilée"
HEADLINE_X, HEADLINE_Y, HEADLINE_PX, HEADLINE_WEIGHT, LINE_HEIGHT = 122, 424, 116, 780, 1.2
_ASCENT, _DESCENT = 1984 / 2048, 494 / 2048
"""Of Inter, in parts of its size."""
BASELINE = HEADLINE_Y + HEADLINE_PX * ((LINE_HEIGHT - _ASCENT - _DESCENT) / 2 + _ASCENT)
OPTICAL_SIZE = 32
"""Inter's largest: what a headline of this size gets."""
PRESET_IDS = tuple(PRESETS)

Files = dict[str, bytes]
"""Encoded pictures by preset."""


DRAWING: Final = b"""<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="1200" viewBox="-600 -600 1200 1200">
<defs>
<radialGradient id="planet" cx="0.34" cy="0.28" r="0.86"><stop offset="0" stop-color="#fff3d6"/><stop offset="0.22" stop-color="#ffc371"/>
<stop offset="0.55" stop-color="#e8566d"/><stop offset="0.85" stop-color="#5a2a82"/><stop offset="1" stop-color="#1b1040"/></radialGradient>
<linearGradient id="ring" x1="0" y1="0" x2="1" y2="0.25"><stop offset="0" stop-color="#ffe9c7" stop-opacity="0.1"/>
<stop offset="0.25" stop-color="#ffd9a0" stop-opacity="0.9"/><stop offset="0.78" stop-color="#c9a6ff" stop-opacity="0.85"/>
<stop offset="1" stop-color="#8fd3ff" stop-opacity="0.1"/></linearGradient>
</defs>
<g fill="none" stroke="#9fe8ff" stroke-opacity="0.5" stroke-width="2">
<path d="M-560 0 A560 420 0 1 1 560 0 A560 420 0 1 1 -560 0 Z" transform="rotate(-24)"/>
<path d="M-520 0 A520 300 0 1 1 520 0 A520 300 0 1 1 -520 0 Z" transform="rotate(38)"/>
<circle cx="0" cy="0" r="300"/>
</g>
<g transform="rotate(-14)">
<circle cx="0" cy="0" r="230" fill="url(#planet)"/>
<g fill="none" stroke-linecap="round">
<path d="M-180 -92 C-120 -140 60 -64 180 -112" stroke="#fff0cc" stroke-opacity="0.30" stroke-width="26"/>
<path d="M-200 -20 C-90 -66 90 26 200 -34" stroke="#7b1e5a" stroke-opacity="0.28" stroke-width="34"/>
<path d="M-190 66 C-60 22 40 112 190 48" stroke="#ffcf9a" stroke-opacity="0.22" stroke-width="20"/>
<path d="M-150 138 C-60 96 80 176 150 120" stroke="#240b45" stroke-opacity="0.35" stroke-width="40"/>
</g>
<g fill="none" stroke="url(#ring)">
<path d="M-420 0 A420 112 0 0 0 420 0" stroke-width="34"/>
<path d="M-368 0 A368 96 0 0 0 368 0" stroke-width="10" stroke-opacity="0.8"/>
<path d="M-476 0 A476 129 0 0 0 476 0" stroke-width="6" stroke-opacity="0.7"/>
</g>
</g>
<circle cx="-470" cy="-286" r="34" fill="#a9c7e8"/>
<circle cx="392" cy="402" r="22" fill="#a9c7e8"/>
</svg>"""
"""What the three engines draw alike: Skia's knows neither `use` without xlink nor an ellipse without centre."""


class Scene(NamedTuple):
    """The inputs, as bytes."""

    photograph: bytes
    drawing: bytes
    font: Path


def scene() -> Scene | None:
    """Return the inputs; None where scikit-image is not installed."""
    data, fonts = _folder("skimage", "data"), _folder("fontpkg_inter", "files")
    if data is None or fonts is None or not (data / "hubble_deep_field.jpg").is_file():
        return None
    return Scene((data / "hubble_deep_field.jpg").read_bytes(), DRAWING, fonts / "Inter[opsz,wght].ttf")


def _folder(package: str, name: str) -> Path | None:
    """A folder of an installed package, which is not imported for it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / name


def document() -> dict[str, Any]:
    """Return the composition that says all this to us."""
    left, top, width, height = BAND_BOX
    layers: list[dict[str, Any]] = [
        {"type": "raster", "src": "sky.jpg", "width": WIDTH, "height": HEIGHT, "fit": "cover"},
        {"type": "solid", "color": "#{:02x}{:02x}{:02x}".format(*SHADE), "blend": "multiply"},
        {"type": "vector", "src": "planet.svg", "x": DRAWING_X, "y": DRAWING_Y, "width": DRAWING_SIDE},
        {"type": "solid", "color": "rgba({}, {}, {}, {})".format(*BAND)}
        | {"x": left, "y": top, "width": width, "height": height},
        {"type": "text", "text": HEADLINE, "font": "Inter", "size": HEADLINE_PX, "weight": HEADLINE_WEIGHT}
        | {"color": "#ffffff", "x": HEADLINE_X, "y": HEADLINE_Y, "line_height": LINE_HEIGHT},
    ]
    return {"version": 1, "name": "race", "width": WIDTH, "height": HEIGHT, "background": "#070716", "layers": layers}


def plans() -> dict[str, ExportPlan]:
    """Return what each preset makes of the composition: sizes, quality, resolution, background."""
    return {preset_id: plan_export(preset, WIDTH, HEIGHT).plan for preset_id, preset in PRESETS.items()}
