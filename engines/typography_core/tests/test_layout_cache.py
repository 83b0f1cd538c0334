"""Tests of kept layouts: the same answers as without, for any thread, within a bound."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from engines.typography_core import fonts, layout_cache, typeset
from engines.typography_core.fonts import FontBook
from engines.typography_core.layout import TextLayout
from engines.typography_core.layout_cache import LayoutCache
from engines.typography_core.tests import forged_fonts as forged
from engines.typography_core.typeset import TextRequest, Typesetter

REQUEST = TextRequest(text="kept", font="Inter", size=40.0)


def _made(text: str = "kept") -> TextLayout:
    return typeset.set_text(msgspec.structs.replace(REQUEST, text=text))


def test_a_template_is_set_once_for_all_its_renders() -> None:
    """Each render has a typesetter of its own."""
    layout_cache.PACKAGED.clear()
    first = Typesetter().set(REQUEST)
    assert Typesetter(FontBook((), fonts.packaged().packaged)).set(REQUEST) is first
    assert Typesetter().set(msgspec.structs.replace(REQUEST, size=41.0)) is not first
    layout_cache.PACKAGED.clear()
    again = Typesetter().set(REQUEST)
    assert (again is not first, again) == (True, first)


def test_other_books_have_layouts_of_their_own() -> None:
    """A family of the same name may be another file, and a remade picture has fewer fonts."""
    kept = Typesetter().set(REQUEST)
    brand = forged.instance_of(forged.plain_file("Inter"), "Inter").font
    assert Typesetter(FontBook((brand,), fonts.packaged().packaged)).set(REQUEST).font != kept.font
    fewer = fonts.packaged().only([kept.font.font.sha256])
    assert Typesetter(fewer).set(msgspec.structs.replace(REQUEST, text="שלום")).missing


def test_what_cannot_be_set_is_not_kept() -> None:
    """An error is raised each time."""
    cache = LayoutCache()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            cache.get(b"x", lambda: 1 // 0)  # type: ignore[arg-type,return-value]  # raises


def test_those_used_least_recently_go_first() -> None:
    """Room for two requests of a byte each."""
    cache, asked = LayoutCache(bytes_max=2), []

    def ask(key: bytes) -> None:
        cache.get(key, lambda: asked.append(key) or _made())  # type: ignore[func-returns-value]

    for key in (b"a", b"b", b"a", b"c", b"a", b"b"):
        ask(key)
    assert asked == [b"a", b"b", b"c", b"b"]


def test_long_texts_are_not_kept() -> None:
    """A book chapter would push a template out, and does not come back."""
    cache, made = LayoutCache(), _made()
    for size, kept in ((layout_cache.REQUEST_BYTES_MAX, True), (layout_cache.REQUEST_BYTES_MAX + 1, False)):
        cache.get(b"x" * size, lambda: made)
        assert (cache.get(b"x" * size, lambda: _made("another")) is made) == kept


def test_many_threads_may_ask() -> None:
    """The counts add up, whoever was first."""
    cache = LayoutCache(bytes_max=10)
    texts = [f"t{index % 7}" for index in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: cache.get(text.encode(), lambda: _made(text)), texts))
    assert [one.lines[0].text for one in found] == texts
    assert cache._bytes == sum(map(len, cache._kept)) <= 10
