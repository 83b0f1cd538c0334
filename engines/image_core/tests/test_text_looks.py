"""Tests of strokes, gradients, lines and paths in compositions: read, refused with their place, drawn, and recorded."""

import msgspec
import numpy as np
import pytest

from engines.image_core import composition, layers
from engines.image_core.composition import CompositionError, TextLayer
from engines.media_v2.models import TextRenderMeta
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.typography_core.look import Stroke
from engines.typography_core.service import TextRequest, TextService
from tests.fixtures import decoded

PLAIN = {"type": "text", "text": "a", "font": "Inter", "size": 20, "color": "#000"}
LOOKS = {
    "stroke": {"color": "#f00", "width": 2.5, "position": "center", "join": "miter", "miter_limit": 2.0, "order": "under"},
    "gradient": {"stops": [[0.0, "#f00"], [1.0, "#00f"]], "kind": "radial", "angle": 90.0},
    "decoration": [{"line": "underline", "color": "#0f0", "thickness": 2.0, "offset": 1.0, "style": "double", "skip_ink": False}],
    "path": {"d": "M0 50 H 100", "offset": -5.5, "offset_percent": 10.0, "align": "end", "side": "right"},
}  # fmt: skip


def document(**keys: object) -> dict[str, object]:
    return {"version": 1, "width": 10, "height": 10, "layers": [PLAIN | keys]}


@pytest.mark.parametrize("key", LOOKS)
def test_every_key_is_read_kept_and_handed_on(key: str) -> None:
    """All that is written comes back when the composition is stored, and reaches typography."""
    read = composition.from_builtins(document(**{key: LOOKS[key]}))
    assert composition.parse(composition.encode(read)) == read
    layer = read.layers[0]
    assert isinstance(layer, TextLayer)
    handed = msgspec.json.decode(msgspec.json.encode(getattr(layers.text_request(layer), key)))
    assert handed == LOOKS[key]


def test_defaults_are_left_out_of_stored_compositions() -> None:
    """Equal documents stay equal bytes, old ones included."""
    stored = composition.encode(composition.from_builtins(document()))
    assert not any(key.encode() in stored for key in ("stroke", "gradient", "decoration", "path"))
    same = composition.encode(
        composition.from_builtins(document(stroke={"color": "#f00", "width": 2, "join": "round"}))
    )
    assert b"join" not in same


@pytest.mark.parametrize(
    ("keys", "place", "word"),
    [
        ({"stroke": {"color": "#f00", "width": 0}}, "stroke.width", "> 0"),
        ({"stroke": {"color": "rot", "width": 1}}, "stroke.color", "not a colour"),
        ({"stroke": {"color": "#f00", "width": 1, "dash": 3}}, "stroke", "dash"),
        ({"gradient": {"stops": [[0, "#f00"]]}}, "gradient.stops", ">= 2"),
        ({"gradient": {"stops": [[0, "#f00"], [1, "?"]]}}, "gradient.stops[1][1]", "not a colour"),
        ({"decoration": [{"line": "blink"}]}, "decoration[0].line", "blink"),
        ({"decoration": [{"line": "underline", "color": "?"}]}, "decoration[0].color", "not a colour"),
        ({"path": {"d": "M0 0"}}, "path", "leads somewhere"),
        ({"path": {"d": "M0 0 L"}}, "path", "SVG path data"),
        ({"path": {"d": "M0 0 H9", "offset": "10%"}}, "path.offset", "float"),
        ({"path": {"d": "M0 0 H9"}, "width": 100}, "path", "width"),
        ({"path": {"d": "M0 0 H9"}, "decoration": [{"line": "underline"}]}, "path", "decoration"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(keys: dict[str, object], place: str, word: str) -> None:
    with pytest.raises(CompositionError) as caught:
        composition.from_builtins(document(**keys))
    assert str(caught.value.fields["path"]).startswith(f"$.layers[0].{place}")
    assert word in str(caught.value)


def test_a_picture_of_a_text_holds_its_stroke_and_names_who_merged_it(
    texts: TextService, registry: Registry, scope: Scope
) -> None:
    """Nothing of a wide stroke is cut off; the version of the code that decides about it is recorded, and only then."""
    asked = TextRequest(text="Ag", font="Inter", size=40.0)
    stroke = Stroke(color="#c00", width=8.0)
    plain, stroked = (
        texts.render(scope, one).artifact for one in (asked, msgspec.structs.replace(asked, stroke=stroke))
    )
    assert isinstance(plain.meta, TextRenderMeta)
    assert isinstance(stroked.meta, TextRenderMeta)
    assert stroked.meta.width >= plain.meta.width + 14
    pixels = np.asarray(decoded(registry.content(stroked)).convert("RGBA"))
    rim = np.concatenate([pixels[0, :, 3], pixels[-1, :, 3], pixels[:, 0, 3], pixels[:, -1, 3]])
    assert rim.max() < 255, "ink ends within the picture"
    assert "skia-pathops" in stroked.meta.producers
    assert "skia-pathops" not in plain.meta.producers
    assert stroked.meta.request["text"] == "Ag"


def test_a_text_on_a_path_is_rendered_and_told_when_letters_are_left_out(
    texts: TextService, registry: Registry, scope: Scope
) -> None:
    asked = {"text": "Hello", "font": "Inter", "size": 30, "path": {"d": "M0 60 A 60 60 0 0 1 120 60"}}
    made = texts.render(scope, asked).artifact  # type: ignore[arg-type]
    pixels = np.asarray(decoded(registry.content(made)).convert("RGBA"))
    assert (pixels[..., 3] > 0).sum() > 300
    assert texts.measure(scope, asked | {"text": "Hello " * 9}).truncated  # type: ignore[arg-type]
