"""Tests of character sets: what counts as covered."""

from hypothesis import given
from hypothesis import strategies as st

from engines.typography_core.charsets import Charset


@given(st.sets(st.integers(0, 0x10FFFF)))
def test_a_charset_holds_what_it_was_made_of(points: set[int]) -> None:
    """Coverage decides which font draws a character: one too many is a box on a poster."""
    found = Charset.of(sorted(points))
    assert len(found) == len(points)
    near = points | {point + step for point in points for step in (-1, 1) if 0 <= point + step <= 0x10FFFF}
    assert {point for point in near if chr(point) in found} == points


def test_ranges_keep_it_small() -> None:
    """20,992 ideographs are one range."""
    assert Charset.of(range(0x4E00, 0xA000)).bounds == (0x4E00, 0xA000)


def test_an_accent_counts_composed_or_decomposed() -> None:
    """HarfBuzz composes what the font has only composed, and the other way round."""
    composed, decomposed = Charset.of([ord("É")]), Charset.of([ord("E"), 0x301])
    for charset in (composed, decomposed):
        assert charset.covers("É")
        assert charset.covers("E\u0301")
    assert not Charset.of([ord("E")]).covers("E\u0301")


def test_what_only_steers_its_neighbours_need_not_be_there() -> None:
    """Else an emoji with a selector or a joiner would leave its font."""
    assert Charset.of([0x2764]).covers("\u2764\ufe0f\u200d\u2066\n\u034f")


def test_signs_of_arabic_numbers_are_no_controls() -> None:
    """U+06DD is of category Cf, and drawn around a number."""
    assert not Charset.of([0x661]).covers("\u06dd\u0661")


def test_spaces_fall_back_to_the_space_and_the_hard_hyphen_to_the_hyphen() -> None:
    """HarfBuzz makes them; another font for a thin space would change the line's height."""
    assert Charset.of([0x20, 0x2010]).covers("\u2009\u202f\u00a0\u2011")
    assert not Charset.of([0x2010]).covers("\u2009")
