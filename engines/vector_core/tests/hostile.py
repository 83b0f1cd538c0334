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
    "use of itself": ("use-cycle", svg('<use id="a" href="#a"/>')),
    "use of its parent": ("use-cycle", svg('<g id="a"><use xlink:href="#a"/></g>')),
    "use in a ring": ("use-cycle", svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>')),
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
}
"""What is wrong with it -> (rule, document)."""


def inline_svg(levels: int) -> bytes:
    """Return a document with an SVG within an SVG, and so on."""
    document = svg("<rect/>")
    for _ in range(levels):
        document = svg(image(document, "svg+xml"))
    return document


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
