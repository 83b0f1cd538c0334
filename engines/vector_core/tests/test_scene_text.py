"""Texts of drawings as scenes: which characters go where, in which look, and what is refused; outlines come from above."""

import msgspec
import numpy as np
import pytest

from engines.vector_core import scene_read, scene_write
from engines.vector_core.curves import Box
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.scene import Group, LinearGradient, Node, Shape, Text
from engines.vector_core.scene_errors import SceneUnsupportedError
from engines.vector_core.shapes import box
from engines.vector_core.svg_text import Outlined, TextRun
from engines.vector_core.svg_values import FONT_SIZE_PX
from engines.vector_core.tests.hostile import svg


class Typewriter:
    """Outlines each character but spaces as a square of 500 units on the baseline, 600 from one to the next."""

    def __init__(self, faults: tuple[str, ...] = ()) -> None:
        self.runs: list[TextRun] = []
        self._faults = faults

    def __call__(self, run: TextRun) -> Outlined:
        self.runs.append(run)
        squares = [f"M{600 * at} 0h500v-500h-500z" for at, letter in enumerate(run.text) if letter != " "]
        extra = run.letter_spacing * 1000 / run.size * len(run.text)
        lines = (("underline", 100.0, 50.0), ("overline", -800.0, 50.0), ("line-through", -300.0, 50.0))
        return Outlined("".join(squares), 600.0 * len(run.text) + extra, 800.0, 200.0, 500.0, lines, self._faults)


def read(text: str, outline: Typewriter | None = None, size: str = 'width="400" height="100"') -> tuple[Node, ...]:
    document = svg(text, size)
    return scene_read.read_svg(document, outline_text=outline or Typewriter()).scene.children


def boxes(nodes: tuple[Node, ...]) -> list[tuple[str, Box]]:
    """Return what each text of nodes says and where it is."""
    found: list[tuple[str, Box]] = []
    for node in nodes:
        if isinstance(node, Group):
            found += boxes(node.children)
        elif isinstance(node, Shape) and isinstance(node.geometry, Text):
            where = box(node.geometry)
            assert where is not None
            found.append((node.geometry.text, Box(*(round(value, 3) for value in where))))
    return found


def lefts(nodes: tuple[Node, ...]) -> list[tuple[str, float]]:
    return [(text, where.left) for text, where in boxes(nodes)]


def test_a_text_becomes_one_shape_with_its_look() -> None:
    """The usual case: one line, one look; what it says stays beside its outline."""
    asked = Typewriter()
    (shape,) = read('<text id="t" x="10" y="20" font-size="10" fill="red" opacity=".5">Hi  you</text>', asked)
    assert isinstance(shape, Shape)
    assert (shape.id, shape.fill, shape.opacity) == ("t", "#ff0000", 0.5)
    assert isinstance(shape.geometry, Text)
    assert shape.geometry.text == "Hi you"
    assert box(shape.geometry) == Box(10, 15, 10 + 5 * 6 + 5, 20)
    assert [run.text for run in asked.runs] == ["Hi you"]


def test_without_fonts_text_is_refused_or_left_out() -> None:
    """vector_core knows no fonts: silently losing a headline would be a drawing that nobody asked for."""
    document = svg('<text y="9">a</text><rect width="9" height="9"/>', 'width="40" height="40"')
    with pytest.raises(SceneUnsupportedError, match="nobody outlines"):
        scene_read.read_svg(document)
    read_leniently = scene_read.read_svg(document, lenient=True)
    assert [one.element for one in read_leniently.left_out] == ["text"]
    assert len(read_leniently.scene.children) == 1


def test_words_of_css_become_numbers() -> None:
    """Whoever has fonts gets weights, widths and lengths, not CSS."""
    asked = Typewriter()
    read(
        '<g font-family="A, serif" font-weight="bold" style="font-size:20px"><text font-style="oblique" letter-spacing="2" '
        'word-spacing="0.5em" font-stretch="condensed">a<tspan font-weight="bolder" font-size="50%" direction="rtl" '
        'font-kerning="none">b</tspan><tspan style="font:italic 300 1.5em/2 \'B C\'">c</tspan></text></g>',
        asked,
    )
    assert asked.runs == [
        TextRun("a", "A, serif", 20, 700, True, 75, 2, 10),
        TextRun("b", "A, serif", 10, 900, True, 75, 2, 5, False, True),
        TextRun("c", "'B C'", 30, 300, True, 100, 2, 15),
    ]


@pytest.mark.parametrize(
    ("words", "size"),
    [("medium", FONT_SIZE_PX), ("large", FONT_SIZE_PX * 1.2), ("200%", 80.0), ("larger", 48.0), ("nonsense", 40.0)],
)
def test_sizes_are_those_of_css(words: str, size: float) -> None:
    """Words are of the document's own size, percentages and steps of the parent's."""
    asked = Typewriter()
    read(f'<g font-size="40"><text font-size="{words}">a</text></g>', asked)
    assert asked.runs[0].size == pytest.approx(size)


@pytest.mark.parametrize(
    ("space", "text", "wanted"),
    [
        ("", "  a \n  b\t ", ["a b"]),
        (' xml:space="preserve"', " a\nb ", [" a b "]),
        ("", "a<tspan> </tspan> b", ["a b"]),
        ("", " <tspan> a</tspan> b", ["a b"]),
        ("", 'a<tspan xml:space="preserve">  b</tspan>', ["a  b"]),
    ],
)
def test_white_space_folds_across_elements(space: str, text: str, wanted: list[str]) -> None:
    """Line breaks of pretty-printed files must not become gaps (SVG 1.1 §10.15)."""
    asked = Typewriter()
    read(f"<text{space}>{text}</text>", asked)
    assert [run.text for run in asked.runs] == wanted


@pytest.mark.parametrize(("anchor", "left"), [("start", 100), ("middle", 100 - 9), ("end", 100 - 18)])
def test_a_chunk_is_anchored_as_one(anchor: str, left: float) -> None:
    """Three letters of 6 in two looks, at 100: the anchor is that of the whole, not of each piece."""
    nodes = read(f'<text x="100" font-size="10" text-anchor="{anchor}">a<tspan fill="red">bc</tspan></text>')
    assert lefts(nodes) == [("a", left), ("bc", left + 6)]


def test_each_absolute_position_begins_a_chunk_of_its_own() -> None:
    """Lines of a label are tspans with x and dy; each is centred by itself."""
    nodes = read(
        '<text x="100" y="20" font-size="10" text-anchor="middle"><tspan x="100">aaa</tspan><tspan x="50" dy="12">b</tspan></text>'
    )
    assert boxes(nodes) == [("aaa", Box(91, 15, 108, 20)), ("b", Box(47, 27, 52, 32))]


def test_characters_take_the_position_that_the_innermost_element_says() -> None:
    """x lists count characters after folding; a tspan's own list wins over its parent's (SVG 2 §11.5)."""
    nodes = read('<text x="0 20 40 60" y="10" font-size="10">a <tspan x="200">b</tspan>c</text>')
    assert lefts(nodes) == [("a", 0), ("b", 200), ("c", 60)]


def test_steps_and_turns_apply_to_single_characters() -> None:
    """dx and dy move the pen for good; the last angle of a list goes on to the end."""
    nodes = read('<text x="10" y="50" dx="0 3" dy="0 0 5" rotate="0 90" font-size="10">abc</text>')
    found = dict(boxes(nodes))
    assert found["a"] == Box(10, 45, 15, 50)
    assert found["b"] == Box(19, 50, 24, 55)
    assert found["c"] == Box(25, 55, 30, 60)


def test_marks_stay_with_their_letters() -> None:
    """An accent is no character to place: it belongs to the one before it."""
    asked = Typewriter()
    read('<text x="0 10 20">e\u0301ab</text>', asked)
    assert [run.text for run in asked.runs] == ["e\u0301", "a", "b"]


def test_looks_belong_to_the_tspan_and_boxes_to_the_whole_text() -> None:
    """A gradient over the box of a text must not begin anew in each tspan (SVG 2 §8.10)."""
    body = (
        '<linearGradient id="g"><stop stop-color="red"/><stop offset="1"/></linearGradient>'
        '<text x="10" y="50" font-size="10" fill="url(#g)">aa<tspan fill="blue">b</tspan>c</text>'
    )
    (group,) = read(body)
    assert isinstance(group, Group)
    first, middle, last = group.children
    assert isinstance(first, Shape)
    assert isinstance(middle, Shape)
    assert isinstance(last, Shape)
    assert middle.fill == "#0000ff"
    assert isinstance(first.fill, LinearGradient)
    assert first.fill == last.fill
    assert (first.fill.units, tuple(first.fill.transform)) == ("userSpaceOnUse", (24, 0, 0, 10, 10, 42))


def test_clips_and_masks_of_a_text_are_measured_by_the_whole_text() -> None:
    """The outlines' own boxes are smaller than the cells of the letters."""
    body = (
        '<clipPath id="c" clipPathUnits="objectBoundingBox"><rect width=".5" height="1"/></clipPath>'
        '<text y="50" font-size="10" clip-path="url(#c)">aaaa</text>'
    )
    (shape,) = read(body)
    assert shape.clip is not None
    assert shape.clip.units == "userSpaceOnUse"
    assert tuple(shape.clip.transform) == (24, 0, 0, 10, 0, 42)


def test_lines_are_drawn_in_the_look_of_who_asked_for_them() -> None:
    """A red group that underlines keeps its line red under a blue word; strikes lie on top."""
    (group,) = read(
        '<text x="10" y="50" font-size="10" fill="red" text-decoration="underline"><tspan fill="blue" '
        'text-decoration="line-through">ab</tspan></text>'
    )
    assert isinstance(group, Group)
    under, letters, through = (msgspec.to_builtins(child) for child in group.children)
    assert [part["geometry"]["type"] for part in (under, letters, through)] == ["polygon", "text", "polygon"]
    assert [part.get("fill") for part in (under, letters, through)] == ["#ff0000", "#0000ff", "#0000ff"]
    assert np.allclose(under["geometry"]["points"], [(10, 51), (22, 51), (22, 51.5), (10, 51.5)])


@pytest.mark.parametrize(
    ("said", "down"),
    [
        ('dominant-baseline="middle"', 2.5),
        ('dominant-baseline="central"', 3),
        ('dominant-baseline="hanging"', 6.4),
        ('baseline-shift="4"', -4),
        ('baseline-shift="50%"', -5),
    ],
)
def test_text_hangs_from_the_baseline_asked_for(said: str, down: float) -> None:
    """Charts centre their labels so; of a font with an ascent of 8, a descent of 2 and x as high as 5."""
    nodes = read(f'<text y="50" font-size="10"><tspan {said}>a</tspan></text>')
    assert boxes(nodes)[0][1].bottom == pytest.approx(50 + down)


@pytest.mark.parametrize(
    "body",
    [
        '<text textLength="50">a</text>',
        '<text writing-mode="tb">a</text>',
        '<text font-variant="small-caps">a</text>',
        '<g font-variant="small-caps"><text font-variant="inherit">a</text></g>',
        "<text style=\"font-variation-settings:'wght' 700\">a</text>",
        '<text unicode-bidi="bidi-override">a</text>',
        '<text><tspan baseline-shift="super">a</tspan></text>',
        '<text dominant-baseline="sideways">a</text>',
        '<text>\u05d0<tspan fill="red">\u05d1</tspan></text>',
        '<path id="p" d="M0 0h90"/><text>a<textPath href="#p">b</textPath></text>',
        "<text>a<tref/></text>",
    ],
)
def test_what_cannot_be_set_is_refused_by_name_and_left_out_leniently(body: str) -> None:
    """A label in the wrong place or shape must be told, not guessed."""
    document = svg(body, 'width="40" height="40"')
    with pytest.raises(SceneUnsupportedError):
        scene_read.read_svg(document, outline_text=Typewriter())
    assert scene_read.read_svg(document, outline_text=Typewriter(), lenient=True).left_out


def test_faults_of_whoever_outlines_are_told_with_the_place() -> None:
    """A font that is not there, or a letter that no font has, is the document's matter."""
    document = svg('<text y="9">a</text>', 'width="40" height="40"')
    with pytest.raises(SceneUnsupportedError, match="the font Arial") as caught:
        scene_read.read_svg(document, outline_text=Typewriter(("the font Arial",)))
    assert caught.value.fields["element"] == "text"
    read_leniently = scene_read.read_svg(document, outline_text=Typewriter(("the font Arial",)), lenient=True)
    assert [one.feature for one in read_leniently.left_out] == ["the font Arial"]
    assert len(read_leniently.scene.children) == 1, "what could be done is there all the same"


def test_hidden_letters_take_room_and_show_nothing() -> None:
    """visibility hides, display removes: the rest of the line stays where it was, or closes up."""
    hidden = read('<text font-size="10">a<tspan visibility="hidden">b</tspan>c</text>')
    assert lefts(hidden) == [("a", 0), ("c", 12)]
    gone = read('<text font-size="10">a<tspan display="none">b</tspan>c</text>')
    assert lefts(gone) == [("ac", 0)]


def test_very_small_and_very_large_texts_keep_their_shape() -> None:
    """Coordinates keep a hundred thousandth of the font's size, whatever a unit is."""
    for size in (0.01, 1.0, 3000.0):
        (shape,) = read(f'<text font-size="{size}">a</text>', size='width="40" height="40" viewBox="0 0 9000 9000"')
        assert isinstance(shape, Shape)
        where = box(shape.geometry)
        assert where is not None
        assert where.width == pytest.approx(size / 2, rel=1e-4)


def test_texts_survive_the_way_to_svg_and_back() -> None:
    """Outlines are paths there, and what they say is their label."""
    scene = scene_read.read_svg(
        svg('<text y="30" font-size="20">a<tspan fill="red">b</tspan></text>', 'width="60" height="40"'),
        outline_text=Typewriter(),
    ).scene
    document = scene_write.write_svg(scene)
    assert b"<text" not in document
    assert document.count(b'aria-label="') == 2
    assert scene_write.write_svg(scene_read.read_svg(document).scene) == document


def test_very_long_texts_are_refused_before_they_are_set() -> None:
    """A book in a label is no drawing: the guard counts characters, and nobody is asked to outline them."""
    asked = Typewriter()
    with pytest.raises(SvgRefusedError, match="rule text"):
        read(f"<text>{'a' * 1_000}</text>" * 201, asked)
    assert asked.runs == []


def test_a_long_run_is_one_run() -> None:
    """Characters are put together once, not one by one."""
    asked = Typewriter()
    read(f"<text font-size='1'>{'ab ' * 500}</text>", asked)
    assert [len(run.text) for run in asked.runs] == [1_499]
