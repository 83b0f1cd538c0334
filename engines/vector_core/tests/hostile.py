"""Hostile and legal SVG documents, each a few lines, with the rule that refuses it: what `test_guard` walks through."""

import base64
import gzip
import struct
import zlib

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(body: str, attributes: str = 'width="20" height="20"', before: str = "") -> bytes:
    """Wrap `body` in a document."""
    return f"{before}<svg {NS} {attributes}>{body}</svg>".encode()


def image(content: bytes, mime: str) -> str:
    """Return an element that draws `content` from within the document."""
    return f'<image width="20" height="20" href="data:image/{mime};base64,{base64.b64encode(content).decode()}"/>'


def mesh(count: int) -> str:
    """Return masks each of which is made of all, so that paths through them grow with the factorial of `count`."""
    users = "".join(f'<g mask="url(#m{index})"/>' for index in range(count))
    return "".join(f'<mask id="m{index}">{users}</mask>' for index in range(count))


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    """Make a PNG of RGBA8 whose header claims `width` x `height`."""

    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


def filtered(steps: str, region: str = "") -> str:
    """Return a shape under a filter of these steps."""
    return f'<filter id="f" {region}>{steps}</filter><rect width="20" height="20" filter="url(#f)"/>'


def tiled(size: str, content: str = '<rect width="1" height="1"/>') -> str:
    """Return a shape filled with a pattern whose tile has this size."""
    pattern = f'<pattern id="p" patternUnits="userSpaceOnUse" {size}>{content}</pattern>'
    return f'{pattern}<rect width="20" height="20" fill="url(#p)"/>'


_TILE = 'width="20" height="20"'
_DILATE = '<feMorphology operator="dilate" radius="2"/>'


def inline_svg(levels: int) -> bytes:
    """Return a document with an SVG within an SVG, and so on."""
    document = svg("<rect/>")
    for _ in range(levels):
        document = svg(image(document, "svg+xml"))
    return document


def nested(kind: str, levels: int, each: int) -> str:
    """Return definitions in which each level draws the one below `each` times, through `kind`."""
    draw = {
        "use": lambda below: f'<use href="#{below}"/>',
        "mask": lambda below: f'<rect width="9" height="9" mask="url(#{below})"/>',
        "class": lambda below: f'<rect width="9" height="9" class="{below}"/>',
    }[kind]
    tag = "g" if kind == "use" else "mask"
    rows = [f'<{tag} id="n{level}">{draw(f"n{level - 1}") * each}</{tag}>' for level in range(1, levels)]
    style = "".join(f".n{level}{{mask:url(#n{level})}}" for level in range(levels)) if kind == "class" else ""
    first = f'<{tag} id="n0"><rect width="9" height="9"/></{tag}>'
    return f"<style>{style}</style><defs>{first}{''.join(rows)}</defs>{draw(f'n{levels - 1}')}"


_LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
_HUGE_PATH = "M0 0" + "L1 1" * 1_100_000
_BIG_MARKER = '<defs><marker id="m">' + "<rect/>" * 1000 + '</marker></defs><path {} d="M0 0' + "h1" * 2000 + '"/>'

HOSTILE: dict[str, tuple[str, bytes]] = {
    "empty file": ("well-formed", b""),
    "truncated": ("well-formed", svg("<g>")[:-9]),
    "binary": ("well-formed", bytes(range(256))),
    "invalid UTF-8": ("well-formed", svg("<text>\xff</text>").replace("ÿ".encode(), b"\xff")),
    "unknown encoding": ("encoding", b'<?xml version="1.0" encoding="utf-7"?><svg/>'),
    "utf-16 cut in half": ("encoding", svg("").decode().encode("utf-16")[:-1]),
    "html": ("root", b"<html><body/></html>"),
    "gzip bomb": ("bytes", gzip.compress(b" " * 40_000_000)),
    "gzip cut off": ("gzip", gzip.compress(svg(""))[:-9]),
    "gzip garbage": ("gzip", b"\x1f\x8b" + b"nonsense" * 4),
    "xxe": ("entity", svg("<text>&x;</text>", before='<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>')),
    "xxe by public id": ("entity", svg("", before='<!DOCTYPE svg [<!ENTITY x PUBLIC "p" "http://h.invalid/">]>')),
    "parameter entity": ("entity", svg("", before='<!DOCTYPE svg [<!ENTITY % p "x">]>')),
    "billion laughs": ("entity", svg("&l9;", before=f'<!DOCTYPE svg [<!ENTITY l0 "lol">{_LAUGHS}]>')),
    "quadratic blowup": (
        "entity",
        svg(f"<desc>{'&a;' * 20_000}</desc>", before=f'<!DOCTYPE svg [<!ENTITY a "{"a" * 4096}">]>'),
    ),
    "long entity": ("entity", svg("", before=f'<!DOCTYPE svg [<!ENTITY a "{"&" * 100_000}">]>'.replace("&", "a"))),
    "entity of the external DTD": ("entity", svg("<text>&nbsp;</text>", before='<!DOCTYPE svg SYSTEM "svg.dtd">')),
    "nested groups": ("depth", svg("<g>" * 20_000 + "</g>" * 20_000)),
    "very many elements": ("elements", svg("<g/>" * 200_001)),
    "very many attributes": ("attributes", svg("<g " + " ".join(f"a{n}='x'" for n in range(300)) + "/>")),
    "huge path": ("attribute-length", svg(f'<path d="{_HUGE_PATH}"/>')),
    "nested use": ("expansion", svg(nested("use", 8, 10))),
    "nested masks": ("expansion", svg(nested("mask", 8, 10))),
    "nested masks by class": ("expansion", svg(nested("class", 8, 10))),
    "long chain of use": ("expansion-depth", svg(nested("use", 300, 1))),
    "long chain of masks": ("expansion-depth", svg(nested("mask", 300, 1))),
    "masks that all use each other": ("expansion", svg(mesh(12))),
    "many ids alike": ("expansion", svg('<g id="a"/>' * 2000 + '<use href="#a"/>' * 2000)),
    "marker at each vertex": ("expansion", svg(_BIG_MARKER.format('marker-mid="url(#m)"'))),
    "inherited marker": ("expansion", svg('<g style="marker:url(#m)">' + _BIG_MARKER.format("") + "</g>")),
    "huge canvas": ("canvas", svg("", 'width="100000" height="100000"')),
    "huge canvas in inches": ("canvas", svg("", 'width="1000in" height="1in"')),
    "huge canvas by viewBox": ("canvas", svg("", 'viewBox="0 0 100000 5"')),
    "many pixels": ("canvas", svg("", 'width="30000" height="30000"')),
    "no width": ("canvas", svg("", 'width="0" height="10"')),
    "absolute path": ("external-reference", svg('<image href="/etc/passwd" width="9" height="9"/>')),
    "relative path": ("external-reference", svg('<image href="../secret.png" width="9" height="9"/>')),
    "file image": ("external-reference", svg('<image xlink:href="file:///etc/passwd" width="9" height="9"/>')),
    "http image": ("external-reference", svg('<image href="http://h.invalid/a.png" width="9" height="9"/>')),
    "href under another prefix": (
        "external-reference",
        svg('<image xmlns:q="http://www.w3.org/1999/xlink" q:href="file:///etc/passwd" width="9" height="9"/>'),
    ),
    "use of another file": ("external-reference", svg('<use href="other.svg#a"/>')),
    "feImage of a file": ("external-reference", svg('<filter id="f"><feImage href="a.png"/></filter>')),
    "data that is no image": ("external-reference", svg('<image href="data:text/html,x"/>')),
    "css import": ("external-reference", svg('<style>@import "http://h.invalid/a.css";</style>')),
    "css import, escaped": ("external-reference", svg('<style>@\\69mport "a.css";</style>')),
    "css import in CDATA": ("external-reference", svg("<style><![CDATA[@IMPORT url(a.css);]]></style>")),
    "url in a stylesheet": ("external-reference", svg("<style>rect{fill:url(http://h.invalid/#a)}</style>")),
    "font in a stylesheet": ("external-reference", svg("<style>@font-face{src:url('http://h.invalid/f')}</style>")),
    "url in a style": ("external-reference", svg('<rect style="fill: URL( &quot;http://h.invalid/&quot; )"/>')),
    "url in an attribute": ("external-reference", svg('<rect filter="url(other.svg#f)"/>')),
    "url in an attribute, escaped": ("external-reference", svg('<rect fill="u\\72l(file:///etc/passwd)"/>')),
    "stylesheet instruction": (
        "external-reference",
        svg("", before='<?xml-stylesheet href="http://h.invalid/a.css" type="text/css"?>'),
    ),
    "xml:base": ("external-reference", svg('<g xml:base="file:///etc/"><use href="#passwd"/></g>')),
    "script": ("script", svg("<script>alert(1)</script>")),
    "script under a prefix": ("script", svg('<s:script xmlns:s="http://www.w3.org/2000/svg">1</s:script>')),
    "onload": ("event-handler", svg("", 'width="9" height="9" onload="alert(1)"')),
    "foreignObject": ("foreign-object", svg('<foreignObject width="9" height="9"><p>hi</p></foreignObject>')),
    "picture of 400 gigapixels": ("embedded-image", svg(image(png(1_000_000, 400_000), "png"))),
    "script within an inline svg": ("script", svg(image(svg("<script/>"), "svg+xml"))),
    "file within an inline svg": ("external-reference", svg(image(svg('<image href="/etc/passwd"/>'), "png"))),
    "two halves of a bomb": (
        "bytes",
        svg(image(gzip.compress(b"<svg>" + b" " * 20_000_000 + b"</svg>"), "svg+xml") * 2),
    ),
    "gzip bomb within": ("bytes", svg(image(gzip.compress(b" " * 40_000_000), "svg+xml"))),
    "endless noise": ("filter", svg(filtered('<feTurbulence baseFrequency="0.1" numOctaves="100000000"/>'))),
    "convolution with everything": (
        "filter",
        svg(filtered(f'<feConvolveMatrix order="100" kernelMatrix="{"1 " * 10_000}"/>')),
    ),
    "very many filter steps": ("filter", svg(filtered("<feOffset/>" * 5000))),
    "filter on very many shapes": (
        "filter",
        svg(filtered("<feOffset/>" * 100) + '<rect width="20" height="20" filter="url(#f)"/>' * 500),
    ),
    "filter functions without end": ("filter", svg(f'<rect style="filter:{"blur(9px) " * 1000}"/>')),
    "tile of a thousand times the shape": ("pattern", svg('<pattern id="p" width="1e3" height="1"/>')),
    "path to the moon": ("coordinate", svg('<path d="M0 0L400000000 1"/>')),
    "path by exponents": ("coordinate", svg('<path d="M-1e9 -1e9C1.5e+9 0 0 1e9 9 9" stroke-width="2"/>')),
    "stroke as wide as the world": ("coordinate", svg('<path d="M0 0h9" stroke-width="1e20"/>')),
    "corner out of numbers": ("coordinate", svg('<rect width="9" height="9" rx="1e999"/>')),
    "one very long text": ("text", svg(f"<text>{'Hello ' * 50_000}</text>")),
    "text of very many spans": ("text", svg(f"<text>{'<tspan>abcdefghi</tspan>' * 1000}</text>")),
    "very many texts": ("text", svg(f"<text>{'long ' * 100}</text>" * 500)),
    "every rule for every element": (
        "stylesheet",
        svg("<style>" + ".a .b g>rect{fill:red}" * 5000 + "</style>" + "<g><rect/></g>" * 2500),
    ),
    "pictures within pictures within": ("embedded-image", inline_svg(6)),
    "file by way of an entity": (
        "external-reference",
        svg('<image href="&e;"/>', before='<!DOCTYPE svg [<!ENTITY e "/etc/passwd">]>'),
    ),
    "file by a default attribute": (
        "external-reference",
        svg("<image/>", before='<!DOCTYPE svg [<!ATTLIST image href CDATA "/etc/passwd">]>'),
    ),
    "element by way of an entity": (
        "external-reference",
        svg("&e;", before="<!DOCTYPE svg [<!ENTITY e '<image href=\"/etc/passwd\"/>'>]>"),
    ),
    "host without a scheme": ("external-reference", svg('<image href="//h.invalid/a.png"/>')),
    "host of a network share": ("external-reference", svg('<image href="\\\\h.invalid\\a"/>')),
    "scheme in capitals after a tab": ("external-reference", svg('<image href="&#9;FILE:///etc/passwd"/>')),
    "scheme by percent signs": ("external-reference", svg('<image href="%66ile:///etc/passwd"/>')),
    "bare name of a file": ("external-reference", svg('<image href="passwd" width="9" height="9"/>')),
    "path by a forgotten sharp sign": ("external-reference", svg('<linearGradient href="../a"/>')),
}
"""What is wrong with it -> (rule, document)."""


HOSTILE_AT_SIZE: dict[str, tuple[str, bytes]] = {
    "tile beyond all memory": ("region", svg(tiled('width="1e6" height="1e6"'))),
    "tile enlarged": ("region", svg(tiled('width="20" height="20" patternTransform="scale(1e4)"'))),
    "tile within an enlarged group": ("region", svg(f'<g transform="matrix(9e3 0 0 9e3 0 0)">{tiled(_TILE)}</g>')),
    "tile within a tiny view box": ("region", svg(tiled(_TILE), 'width="20" height="20" viewBox="0 0 1e-3 1e-3"')),
    "tile of a huge shape": (
        "region",
        svg('<pattern id="p" width="1" height="1"/><rect width="1e6" height="1e6" fill="url(#p)"/>'),
    ),
    "filter of a huge shape": (
        "region",
        svg('<filter id="f"><feFlood/></filter><rect width="1e6" height="1e6" filter="url(#f)"/>'),
    ),
    "filter of a far path": (
        "region",
        svg('<filter id="f"><feFlood/></filter><path d="M0 0H2000000V999999" filter="url(#f)"/>'),
    ),
    "filter of shapes far apart": (
        "region",
        svg(
            '<filter id="f"><feTile/></filter><g filter="url(#f)"><rect width="9" height="9"/>'
            '<rect width="9" height="9" transform="translate(4e5 4e5)"/></g>'
        ),
    ),
    "filter region of a town": (
        "region",
        svg(filtered("<feFlood/>", 'x="-9999" y="-9999" width="99999" height="99999"')),
    ),
    "filter region of a continent": (
        "region",
        svg(filtered("<feTurbulence/>", 'filterUnits="userSpaceOnUse" width="9e6" height="9e6"')),
    ),
    "filter region of a town within a picture": (
        "region",
        svg(image(svg(filtered("<feFlood/>", 'x="-9999" y="-9999" width="99999" height="99999"')), "svg+xml")),
    ),
    "tile within a picture enlarged": (
        "region",
        svg(image(svg(tiled(_TILE)), "svg+xml").replace('width="20" height="20"', 'width="1e5" height="1e5"')),
    ),
    "dilation within a picture enlarged": (
        "filter",
        svg(image(svg(filtered(_DILATE)), "svg+xml").replace('width="20" height="20"', 'width="1e4" height="1e4"')),
    ),
    "dilation by everything": ("filter", svg(filtered('<feMorphology operator="dilate" radius="100000"/>'))),
    "dilation enlarged": ("filter", svg(f'<g transform="scale(1e3)">{filtered(_DILATE)}</g>')),
}
"""Refused only where a size is known: what is wrong with it -> (rule, document), at 100 x 100 px."""

HEAVY: dict[str, bytes] = {
    "blur without end": svg(filtered('<feGaussianBlur stdDeviation="1e9"/>')),
    "blur of a town": svg(filtered('<feGaussianBlur stdDeviation="1"/>', 'x="-9" y="-9" width="99999" height="99999"')),
    "dashes of atoms": svg('<path d="M0 0H20" stroke="#000" stroke-dasharray="1e-7"/>'),
    "huge dash array": svg(f'<path d="M0 0H20" stroke="#000" stroke-dasharray="{"1 2 " * 100_000}"/>'),
    "tile of an atom": svg(tiled('width="1e-6" height="1e-6"')),
    "hundred opacities": svg('<g opacity="0.9">' * 100 + '<rect width="9" height="9"/>' + "</g>" * 100),
    "gradient of ten thousand stops": svg(
        '<linearGradient id="g">' + '<stop offset="0.5"/>' * 10_000 + '</linearGradient><rect fill="url(#g)"/>'
    ),
    "mask in itself": svg('<mask id="a"><g mask="url(#a)"/></mask><rect width="9" height="9" mask="url(#a)"/>'),
    "pattern in itself": svg(tiled('width="2" height="2"', '<rect width="9" height="9" fill="url(#p)"/>')),
    "filter that draws what it filters": svg(
        '<filter id="f"><feImage href="#r"/></filter><rect id="r" filter="url(#f)"/>'
    ),
    "text a light year high": svg('<text y="9" style="font-size:1e15px">Hello</text>'),
    "text a light year long": svg('<text y="9" textLength="1e30">Hello</text>'),
    "gradient around nothing": svg(
        '<radialGradient id="g" r="1e-30" spreadMethod="repeat"><stop/><stop offset="1"/></radialGradient>'
        '<rect width="20" height="20" fill="url(#g)"/>'
    ),
    "matrix without inverse": svg(
        '<g transform="matrix(0 0 0 0 1e30 1e30)"><rect width="9" height="9" stroke="#000"/></g>'
    ),
    "picture cut off": svg(image(png(2000, 2000)[:60], "png")),
    "picture of another type": svg(image(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage", "png")),
    "picture that is also a drawing": svg(
        image(b"GIF89a\x09\0\x09\0<svg xmlns='http://www.w3.org/2000/svg'><a/></svg>", "gif")
    ),
    "rings of everything": svg(
        '<g id="a"><use href="#b"/><use href="#c"/></g><g id="b"><use href="#c"/><use href="#a"/></g>'
        '<g id="c"><use href="#a"/><use href="#b"/></g><use href="#a"/>'
    ),
}
"""Let through, and drawn or given up by an engine with a typed error."""

_CLIPPED = '<rect clip-path="url(#c)" width="900" height="900"/>'

SLOW: dict[str, bytes] = {
    "thousands of clips": svg(
        f'<clipPath id="c"><circle r="900"/></clipPath>{_CLIPPED * 4000}', 'width="1000" height="1000"'
    ),
    "thousands of opacities": svg('<g opacity=".5"><rect width="20" height="20"/></g>' * 6000),
}
"""Let through, since nothing in them is wrong, and drawn in many seconds at 1000 x 1000 px."""

_ENTITY = '<!DOCTYPE svg [<!ENTITY ns_svg "http://www.w3.org/2000/svg"><!ENTITY c "#ff0000">]>'
_PUBLIC = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
_BOX = '<rect width="20" height="20" {}/>'

LEGAL: dict[str, bytes] = {
    "gradient": svg('<linearGradient id="g"><stop stop-color="red"/></linearGradient>' + _BOX.format('fill="url(#g)"')),
    "gradient by class": svg(
        "<style>.a{fill:url(#g)} @namespace url(http://www.w3.org/2000/svg);</style>"
        '<linearGradient id="g"><stop stop-color="red"/></linearGradient>' + _BOX.format('class="a b"')
    ),
    "clip": svg('<clipPath id="c"><circle r="9"/></clipPath>' + _BOX.format('clip-path="url(#c)"')),
    "mask": svg('<mask id="m"><rect width="9" height="9" fill="#fff"/></mask>' + _BOX.format("mask=\"url('#m')\"")),
    "filter": svg('<filter id="f"><feGaussianBlur stdDeviation="2"/></filter>' + _BOX.format('style="filter:url(#f)"')),
    "pattern": svg(
        '<pattern id="p" width="4" height="4" patternUnits="userSpaceOnUse"><circle r="2"/></pattern>'
        + _BOX.format('fill="url(#p) red"')
    ),
    "marker": svg('<marker id="m"><circle r="2"/></marker><path d="M1 1L9 9" stroke="#000" marker-end="url(#m)"/>'),
    "use": svg('<symbol id="s"><rect width="9" height="9"/></symbol><use href=" #s"/><use xlink:href="#s" x="10"/>'),
    "inline picture": svg(image(png(1, 1, b"\0\xff\0\0\xff"), "png")),
    "inline svg": svg(image(svg(_BOX.format("")), "svg+xml")),
    "use of itself": svg(_BOX.format("") + '<use id="a" href="#a"/>'),
    "use of its parent": svg(f'<g id="a">{_BOX.format("")}<use xlink:href="#a"/></g>'),
    "use in a ring": svg(
        _BOX.format("") + '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g><use href="#a"/>'
    ),
    "use of nothing": svg(_BOX.format("") + '<use href=""/><use/><image/>'),
    "id without its sharp sign": svg(
        '<linearGradient id="h" href="g"><stop/></linearGradient>' + _BOX.format('fill="url(#h)"')
    ),
    "font within a stylesheet": svg(
        "<style>@font-face{src:url(data:font/woff2;base64,AAAA)}</style>" + _BOX.format("")
    ),
    "inline svg of no type": svg(image(svg(_BOX.format("")), "svg+xml").replace("data:image/svg+xml;", "data:;")),
    "tile of shares": svg(tiled('width="0.5" height="0.5"').replace('patternUnits="userSpaceOnUse"', "")),
    "link": svg('<a href="https://example.com/?a=url(x)">' + _BOX.format("") + "</a>"),
    "words that look like code": svg("<title>url(http://x) @import</title>" + _BOX.format("")),
    "entity": svg(_BOX.format('fill="&c;"'), before=_ENTITY),
    "public doctype": svg(_BOX.format(""), before='<?xml version="1.0"?>' + _PUBLIC),
    "private data of Illustrator": svg(
        '<switch><foreignObject requiredExtensions="http://ns.adobe.com/AdobeIllustrator/10.0/" width="1" height="1"/>'
        f"<g>{_BOX.format('')}</g></switch>"
    ),
    "gzip": gzip.compress(svg(_BOX.format(""))),
    "utf-16": svg(_BOX.format("")).decode().encode("utf-16"),
    "latin-1": '<?xml version="1.0" encoding="ISO-8859-1"?>'.encode("latin-1")
    + svg("<title>é</title>" + _BOX.format("")).decode().encode("latin-1"),
}
"""Documents that draw something within 20 x 20 px and that the guard lets through."""
