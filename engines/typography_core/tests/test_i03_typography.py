"""Text renders: drawn, registered; with a preset when asked, unchanged without."""

from typing import Any

import msgspec
import numpy as np
import pytest

from engines.colours import ColourError
from engines.image_core.presets import UnknownPresetError
from engines.image_core.service import remake
from engines.media_v2.errors import ScopeError
from engines.media_v2.models import TextRenderMeta
from engines.media_v2.presets import Overrides
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope, scope_of
from engines.typography_core import typeset
from engines.typography_core.errors import TextValueError, UnknownFontError
from engines.typography_core.service import TextRequest, TextService
from tests.fixtures import decoded

HEADLINE = TextRequest(text="Été à Žižkov", font="Inter", size=40, weight=650, color="#c03")


def test_a_render_without_a_preset_is_the_text_at_its_size(
    texts: TextService, registry: Registry, scope: Scope
) -> None:
    """The call that existed before presets: a transparent PNG in the asked colour, with room for every accent."""
    artifact = texts.render(scope, HEADLINE).artifact
    assert artifact.kind == "text_render"
    assert isinstance(artifact.meta, TextRenderMeta)
    assert (artifact.meta.preset_id, artifact.meta.format, artifact.meta.missing) == (None, "png", ())
    pixels = np.asarray(decoded(registry.content(artifact)).convert("RGBA"))
    inked = pixels[..., 3] > 0
    assert set(map(tuple, pixels[inked][:, :3].tolist())) == {(204, 0, 51)}
    assert int(pixels[..., 3].sum(dtype=np.int64)) == int(typeset.draw(HEADLINE).pixels[..., 3].sum(dtype=np.int64)), (
        "no ink is cut off"
    )
    assert 40 < pixels.shape[0] < 70
    assert 200 < pixels.shape[1] < 320


def test_a_render_with_a_preset_has_its_meta_and_is_drawn_at_its_size(
    texts: TextService, registry: Registry, scope: Scope
) -> None:
    artifact = texts.render(scope, HEADLINE, "social_1080p").artifact
    assert (artifact.meta.preset_id, artifact.meta.width, artifact.meta.height) == ("social_1080p", 1920, 1080)
    alpha = np.asarray(decoded(registry.content(artifact)).convert("RGBA"))[..., 3]
    soft = ((alpha > 0) & (alpha < 255)).sum() / (alpha == 255).sum()
    assert soft < 0.1, "edges are one pixel wide: drawn at this size, not enlarged"


@pytest.mark.parametrize("focal", [0.0, 0.4, 1.0])
def test_cover_shows_a_cut_of_the_whole_text(
    texts: TextService, registry: Registry, scope: Scope, focal: float
) -> None:
    """Of the text at the size that leaves no gap, the part around the focal point."""
    plain = texts.render(scope, HEADLINE).artifact.meta
    height = 2 * plain.height

    def alpha(**asked: object) -> np.ndarray:
        preset = Overrides(format="png", height=height, **asked)  # type: ignore[arg-type]
        content = registry.content(texts.render(scope, HEADLINE, "social_1080p", preset).artifact)
        return np.asarray(decoded(content).convert("RGBA"))[..., 3].astype(int)

    whole = alpha(width=2 * plain.width)
    shown = alpha(width=100, fit="cover", focal=(focal, 0.5))
    left = round(min(max(focal * whole.shape[1] - 50, 0), whole.shape[1] - 100))
    assert shown.max() == 255
    assert np.abs(shown - whole[:, left : left + 100]).max() <= 2


def test_the_request_is_in_the_meta_and_can_be_drawn_again(
    texts: TextService, registry: Registry, scope: Scope
) -> None:
    """A text render has no source artifact; the ledger alone must be enough to make it again."""
    artifact = texts.render(scope, HEADLINE, "web_small").artifact
    assert isinstance(artifact.meta, TextRenderMeta)
    assert artifact.meta.request["text"] == HEADLINE.text
    for preset_id in (None, "web_small", "print_300dpi"):
        assert remake(registry, texts.render(scope, HEADLINE, preset_id).artifact) is None


def test_asking_twice_draws_once(texts: TextService, registry: Registry, scope: Scope) -> None:
    first, second = (texts.render(scope, HEADLINE, "web_small") for _ in range(2))
    assert (first.cache, second.cache) == ("miss", "hit")
    other = texts.render(
        scope, TextRequest(text="Été à Žižkov", font="Inter", size=40, weight=651, color="#c03"), "web_small"
    )
    assert other.cache == "miss"
    assert registry.catalog().completed == 2


def test_characters_without_a_glyph_are_reported(texts: TextService, scope: Scope) -> None:
    """Not drawn silently as boxes."""
    artifact = texts.render(scope, TextRequest(text="a龍b", font="Inter", size=20)).artifact
    assert isinstance(artifact.meta, TextRenderMeta)
    assert artifact.meta.missing == ("龍",)


def test_empty_text_is_an_empty_picture(texts: TextService, registry: Registry, scope: Scope) -> None:
    artifact = texts.render(scope, TextRequest(text="", font="Inter", size=20)).artifact
    assert not np.asarray(decoded(registry.content(artifact))).any()


def test_refused_requests(texts: TextService, registry: Registry, scope: Scope) -> None:
    """Unknown preset, unknown font, bad colour, missing tenant: typed, and no event."""
    with pytest.raises(UnknownPresetError, match="web_small"):
        texts.render(scope, HEADLINE, "poster")
    with pytest.raises(UnknownFontError, match="Inter"):
        texts.render(scope, TextRequest(text="a", font="Papyrus", size=20))
    with pytest.raises(ColourError):
        texts.render(scope, TextRequest(text="a", font="Inter", size=20, color="blurple"))
    with pytest.raises(ScopeError):
        texts.render(scope_of(None, "test"), HEADLINE)
    assert registry.head().size == 0


def test_every_setting_is_stored_and_drawn_again(texts: TextService, registry: Registry, scope: Scope) -> None:
    """A right-to-left text, fitted, tracked, cut: the ledger alone must be enough to make it again."""
    request = TextRequest(
        text="שלום hello עולם " * 4, font="Inter", size=40, width=300, height=90, align="start", direction="rtl", language="he",
        features={"kern": 0}, axes={"opsz": 20}, tracking=20, max_lines=2, ellipsis="..", fit="shrink", wrap="balance", indent=10,
    )  # fmt: skip
    artifact = texts.render(scope, request, "web_small").artifact
    assert isinstance(artifact.meta, TextRenderMeta)
    assert artifact.meta.request["features"] == {"kern": 0}
    assert remake(registry, artifact) is None
    assert texts.render(scope, msgspec.structs.replace(request, tracking=21), "web_small").cache == "miss"


def test_a_rich_text_is_registered_and_drawn_again(texts: TextService, registry: Registry, scope: Scope) -> None:
    """With all its fonts among its inputs, by the characters that it shows, and bit for bit."""
    markup = '<span font="Noto Serif" size="60">Été</span> <b>à</b> Žižkov<sup>2</sup>'
    request = TextRequest(font="Inter", size=40, markup=markup)
    artifact = texts.render(scope, request).artifact
    assert isinstance(artifact.meta, TextRenderMeta)
    assert set(artifact.meta.fonts) == {"Inter", "Noto Serif"}
    assert artifact.meta.request["markup"] == markup
    assert remake(registry, artifact) is None
    assert texts.render(scope, request).artifact.artifact_id == artifact.artifact_id


@pytest.mark.parametrize("change", [{"features": {"kern": 10**30}}, {"max_lines": 10**30}])
def test_numbers_that_no_file_holds_are_refused(
    texts: TextService, registry: Registry, scope: Scope, change: dict[str, Any]
) -> None:
    """JSON may hold any number; the caller is told, and it is no fault of ours."""
    with pytest.raises(TextValueError):
        texts.render(scope, typeset.checked({"text": "a", "font": "Inter", "size": 9} | change))
    assert registry.head().size == 0
