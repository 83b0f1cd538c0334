"""Tests of font files that mean harm: each is refused with a type, or used within bounds; none hangs or crashes its reader."""

import contextlib
import functools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.isolation.pool import Pool
from engines.typography_core import fonts, shaping
from engines.typography_core.errors import FontRefusedError, TypographyError
from engines.typography_core.tests import forged_fonts as forged
from engines.typography_core.tests import hostile_fonts, hostile_tasks

SECONDS = 30.0
"""Until a worker is taken to hang. What is tried here takes up to 3 s on a slow machine."""

MEMORY_BYTES = 1536 * 1024**2


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """A worker with a third of the memory that one usually has. Its own errors are no TypographyError: they fail the test."""
    with Pool(hostile_tasks.TASKS, workers=1, memory_bytes=MEMORY_BYTES) as made:
        yield made


@functools.cache
def _real(family: str) -> bytes:
    font = fonts.find(family).font
    return fonts.load(font.package, font.path)


def _survives(pool: Pool, content: bytes, text: str = "AV\u0301fi \u05d0\u05b8\u05d1 123", size: float = 24.0) -> None:
    """Raise what is no refusal: a worker that died, was killed, ran out of memory, or failed without a type."""
    for task, value in ((hostile_tasks.font_trial.TASK, None), ("use_font", [text, size])):
        with contextlib.suppress(TypographyError):
            pool.call(task, value, [content], seconds=SECONDS)


@pytest.mark.parametrize("name", hostile_fonts.HOSTILE)
@pytest.mark.parametrize(("text", "size"), [("AB" * 50, 20.0), ("A" * 20_000, 200.0)], ids=["short", "long"])
def test_hostile_fonts_are_refused_or_bounded(pool: Pool, name: str, text: str, size: float) -> None:
    """Growth, recursion, overlap and range: what readers of other houses have hung on."""
    _survives(pool, hostile_fonts.HOSTILE[name](), text, size)


@pytest.mark.parametrize("times", [4, 10])
def test_text_that_a_font_makes_grow_is_refused(times: int) -> None:
    """Whether HarfBuzz gave up or made all of it: 32 glyphs a character are more than any script asks for."""
    font = forged.instance_of(hostile_fonts.growing(times))
    with pytest.raises(TypographyError, match=r"more of 100 characters|25,600 glyphs"):
        shaping.shape_run("A" * 100, 0, 100, font, 20.0, script="Latn")


def test_a_letter_may_become_many_glyphs() -> None:
    """Ligatures that are undone, and ornaments that are built, are no attack."""
    font = forged.instance_of(hostile_fonts.growing(2))
    assert len(shaping.shape_run("A" * 100, 0, 100, font, 20.0, script="Latn").glyphs) == 1600
    font = forged.instance_of(hostile_fonts.growing(3))
    assert len(shaping.shape_run("A", 0, 1, font, 20.0, script="Latn").glyphs) == 64


@pytest.mark.parametrize("family", ["Heebo", "Inter"])
def test_fonts_cut_at_every_table_are_refused(family: str) -> None:
    """Where a download broke off is where a reader's check is missing."""
    pytest.importorskip("fontpkg_heebo")
    from engines.typography_core import font_files

    whole = _real(family)
    for size in hostile_fonts.ends_of_tables(whole):
        with pytest.raises(FontRefusedError):
            font_files.open_file(whole[:size])


def _damaged(data: st.DataObject, content: bytes) -> bytes:
    damaged = bytearray(content)
    count = data.draw(st.integers(1, 12))
    start = data.draw(st.integers(0, len(damaged) - 1))
    for _ in range(count):
        # Near each other, so that one table is hit in several places; now and then anywhere.
        near = data.draw(st.integers(0, 400))
        place = (start + near) % len(damaged) if near < 380 else data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    return bytes(damaged)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_real_fonts_with_flipped_bytes_do_no_harm(pool: Pool, data: st.DataObject) -> None:
    """Kerning, marks, variations: Heebo has the tables that made fonts have not."""
    pytest.importorskip("fontpkg_heebo")
    _survives(pool, _damaged(data, _real("Heebo")))


@given(st.data(), st.sampled_from(["woff", "woff2"]))
@settings(max_examples=30, deadline=None)
def test_packed_fonts_with_flipped_bytes_do_no_harm(pool: Pool, data: st.DataObject, flavor: str) -> None:
    """What unpacks them is Python and trusts the file."""
    _survives(pool, _damaged(data, _packed(flavor)))


@functools.cache
def _packed(flavor: str) -> bytes:
    return forged.packed(forged.plain_file(), flavor)


@functools.cache
def _made(name: str) -> bytes:
    return hostile_fonts.HOSTILE[name]()


@given(st.data(), st.sampled_from(["paint graph with a loop", "lookups in lookups", "axes to the ends of numbers"]))
@settings(max_examples=40, deadline=None)
def test_hostile_fonts_with_flipped_bytes_do_no_harm(pool: Pool, data: st.DataObject, name: str) -> None:
    """One step beside an attack that is known lies the next one."""
    _survives(pool, _damaged(data, _made(name)), "AB" * 20)


@given(st.binary(max_size=300), st.sampled_from([b"\0\1\0\0", b"OTTO", b"ttcf", b"wOFF", b"wOF2"]))
@settings(max_examples=60, deadline=None)
def test_noise_behind_a_signature_is_refused(noise: bytes, signature: bytes) -> None:
    """The cheapest attack of all."""
    from engines.typography_core import font_files

    with pytest.raises(TypographyError):
        font_files.open_file(signature + noise)
