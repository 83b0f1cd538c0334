"""What does each key of a composition mean? The hand-written half of the tables in docs/guides/composition.md.

The generator fails when a key has no sentence here, or a sentence has no key.
"""

import msgspec

from engines.image_core.composition import (
    GradientLayer,
    GroupLayer,
    RasterLayer,
    SolidLayer,
    TextLayer,
    VectorLayer,
)

BOX_SIZE = "Size of the box, px. See [Boxes and fit](#boxes-and-fit)."
AREA_SIZE = "Size of the filled rectangle, px. None: to the far edge of the canvas."
FIT = "How the picture lies in its box. See [Boxes and fit](#boxes-and-fit)."
COLOUR = "A [colour](#colours)."

DOCUMENT: dict[str, str] = {
    "version": "The version of this format.",
    "width": "Canvas width, px. Width times height is at most 400,000,000.",
    "height": "Canvas height, px.",
    "layers": "Bottom to top. At most 1,000 in all, those inside groups included; may be empty.",
    "background": "A [colour](#colours) under everything. None: transparent.",
    "name": "Appears in file names and listings. Never changes a pixel nor the render_key.",
}

SHARED: dict[str, str] = {
    "name": "For people, and for messages. Never changes a pixel nor the render_key.",
    "x": "Left edge of the layer's box, px, inside its group; may be fractional.",
    "y": "Top edge of the layer's box, px, inside its group; may be fractional.",
    "opacity": "0 is invisible, 1 is as drawn. Multiplies the layer's own alpha.",
    "blend": "One of the sixteen modes of W3C Compositing and Blending Level 1.",
    "visible": "An invisible layer is not drawn, nor is anything in it; its sources are still stored.",
    "mask": "Where the layer shows. See [Masks and clipping](#masks-and-clipping).",
    "clip": "Show only within the alpha of the first layer below, of the same group, that is not clipped itself.",
}

MASK: dict[str, str] = {
    "src": "An SVG: a path or `artifact:<id>`. One of `src`, `svg` and `picture`.",
    "svg": "The SVG document itself, as text.",
    "picture": "A PNG, JPEG, WebP, AVIF or TIFF: a path or `artifact:<id>`.",
    "x": "Left edge of the mask's box, px, from the layer's own `x`.",
    "y": "Top edge of the mask's box, px, from the layer's own `y`.",
    "width": BOX_SIZE,
    "height": BOX_SIZE,
    "fit": FIT,
    "mode": "What counts: the alpha of what is drawn, or its luminance times its alpha, as in CSS.",
    "invert": "Show all but what the mask covers.",
    "feather": "Sigma of a soft edge, px.",
    "density": "How much of the layer the mask hides where it covers nothing: 1 all, 0 none.",
}

LAYERS: dict[str, dict[str, str]] = {
    "raster": {
        "src": "A PNG, JPEG, WebP, AVIF or TIFF: a path or `artifact:<id>`. See [Sources](#sources).",
        "width": BOX_SIZE,
        "height": BOX_SIZE,
        "fit": FIT,
    },
    "vector": {
        "src": "An SVG (or gzipped SVG): a path or `artifact:<id>`. Either `src` or `svg`, not both.",
        "svg": "The SVG document itself, as text.",
        "width": BOX_SIZE,
        "height": BOX_SIZE,
        "fit": FIT,
        "engine": "What draws it: resvg, or CairoSVG, which needs libcairo and draws no text.",
    },
    "text": {
        "text": "What to set. A newline begins a new line. A layer has `text`, `runs` or `markup`.",
        "font": "Family name, in any case. `impasto doctor` lists the families there are.",
        "size": "px per em.",
        "color": COLOUR,
        "weight": "CSS weight, any number; clamped to what the font has (Inter: 100 to 900).",
        "italic": "Ask for the italic face; a family without one answers with its upright.",
        "width": "Width of the box, px; lines break where Unicode lets them (UAX #14) to fit. None: as wide as the longest line.",
        "height": "Height of the box, px. Heeded by `fit` and `vertical_align`; text is never cut by it.",
        "align": "Within the box. `start` and `end` follow the paragraph's direction. `justify` widens the spaces (in Chinese and Japanese "
        "the gaps) of every line but a paragraph's last.",
        "line_height": "Height of a line, as a multiple of `size`; with runs, of the largest size on the line.",
        "direction": "Which way paragraphs run; `auto` asks each paragraph's first strong letter (UAX #9).",
        "language": "BCP 47, such as `de` or `zh-Hant`: decides about glyph forms, line breaks and hyphenation. `und` is none.",
        "line_break": "How freely Chinese, Japanese and Korean lines break, as in CSS.",
        "hyphenate": "Whether words may be divided by the patterns of `language` (needs the package pyphen). Soft hyphens always work.",
        "features": 'OpenType features by tag, 0 for off: `{"ss01": 1, "kern": 0}`.',
        "axes": 'Axes of a variable font, by tag or name: `{"opsz": 20, "width": 90}`.',
        "tracking": "Room after each letter, in thousandths of an em. Scripts whose letters join are left alone.",
        "max_lines": "Lines that are shown; what is more is left out, and told by the ellipsis.",
        "ellipsis": "Ends a text that `max_lines` cut, after whole letters. Empty: nothing does.",
        "fit": "Changes the size, in steps of 0.25 px: `shrink` until the text fits in `width`, `height` and `max_lines`, `grow` while it "
        "does, `shrink-to-lines` until it takes at most `max_lines` lines of `width`.",
        "wrap": "`greedy` fills each line; `balance` makes lines about as long as each other, no more of them.",
        "indent": "Room before the first line of each paragraph, px; negative lets it stick out.",
        "stroke": "A line along the outlines: `color`, `width` (px), `position` (`outside`, `center`, `inside`), `join` (`round`, `miter`, "
        "`bevel`), `miter_limit`, `order` (`over` or `under` the fill). Glyphs with colours of their own have none.",
        "gradient": "Fills the glyphs in place of `color`: `stops`, `kind` and `angle` as in a gradient layer, over the text's box.",
        "decoration": "Lines: `line` (`underline`, `overline`, `line-through`), and if wanted `color`, `thickness` and `offset` (px), "
        "`style` (`solid`, `double`, `dotted`, `dashed`), `skip_ink` (false: do not step aside for ink).",
        "path": "One line of text along a path: `d` (SVG path data, px of the layer's box), `offset` (px) and `offset_percent`, `align` "
        "(`start`, `center`, `end`), `side` (`left`, `right`). Not together with `width`, `fit` and `decoration`.",
        "word_spacing": "Room added to each space and no-break space, in thousandths of an em.",
        "vertical_align": "Where the lines lie in `height`, which it needs.",
        "tabs": "Tab stops: px from the edge where lines begin, or `{at, align, point}` with `align` one of `left`, `center`, `right`, "
        "`decimal` (at the last `point`). Past the last one, and without any, a tab is a space. Lines with tabs are not justified.",
        "runs": "Instead of `text`: its parts, each with what is not the text's. See [Runs](#runs-and-markup).",
        "markup": "Instead of `text`: text with a few tags. See [Markup](#runs-and-markup).",
    },
    "solid": {"color": COLOUR, "width": AREA_SIZE, "height": AREA_SIZE},
    "gradient": {
        "kind": "See [Gradients](#gradients).",
        "stops": "Pairs of offset (0 is the start, 1 the end) and [colour](#colours), in order.",
        "angle": "Degrees: 0 runs to the top, 90 to the right, 180 to the bottom. Ignored when radial.",
        "width": AREA_SIZE,
        "height": AREA_SIZE,
    },
    "group": {
        "layers": "Bottom to top; positions count from the group's `x`, `y`. Groups nest 32 deep.",
        "isolated": "See [Groups](#groups).",
    },
}

RUN: dict[str, str] = {
    "text": "The characters. All runs one after the other are the text.",
    "font": "Family name.",
    "size": "px per em; at most 1,000 times the text's. `fit` changes all sizes together.",
    "weight": "CSS weight.",
    "italic": "Ask for the italic face.",
    "language": "BCP 47: decides about glyph forms. Where lines break follows the text's.",
    "features": "Added to the text's.",
    "axes": "Added to the text's.",
    "tracking": "Thousandths of an em.",
    "word_spacing": "Thousandths of an em.",
    "baseline_shift": "px up, down when negative. The line grows with it.",
    "position": "`super` or `sub`: smaller, and raised or lowered as the font says. Lines keep their height.",
    "small_caps": "Small capitals: the font's own (`smcp`), else smaller capitals.",
    "color": COLOUR,
    "stroke": "As the text's.",
    "decoration": "Instead of the text's.",
}
"""What a run may say; what it does not, is the text's."""

MODELS: dict[str, type[msgspec.Struct]] = {
    "raster": RasterLayer,
    "vector": VectorLayer,
    "text": TextLayer,
    "solid": SolidLayer,
    "gradient": GradientLayer,
    "group": GroupLayer,
}
