"""Which commands do the documents show, and how are they run here? One rule for README and all guides.

A fence whose info string is `sh runnable` or `console runnable` is run; all such fences of a document run in order, in one folder. A fence
`json NAME` is first written to that folder as NAME. In `console` fences only lines that begin with `$ ` are commands;
the rest is output and is not compared. A command is one of

    impasto ...                                  run in this process; must exit 0, or N where the line ends with `# exits N`
    NAME=$(impasto ... | jq -r '.[0].key')       runs it and keeps one value of its JSON
    export NAME=VALUE
    make ..., git ..., cd ...                    skipped: they are about a checkout
"""

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from engines.typography_core import font_packages, fonts

_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```\s*$", re.DOTALL | re.MULTILINE)
_CAPTURE = re.compile(r"""(?P<name>\w+)=\$\((?P<command>impasto .*) \| jq -r '(?P<path>[^']*)'\)""")
_EXITS = re.compile(r"\s+# exits (?P<code>\d+)$")
_SKIPPED = ("make", "git", "cd", "python3", "pip", "source", ".")

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60">
<defs><linearGradient id="g"><stop stop-color="#fb6"/><stop offset="1" stop-color="#e36"/></linearGradient></defs>
<path d="M4 56 C 30 -30, 90 -30, 116 56 Z" fill="url(#g)"/></svg>"""

Run = Callable[[list[str]], tuple[int, str]]
"""Runs `impasto` with arguments; gives its exit code and stdout."""


class Fence(NamedTuple):
    """A fenced block: its info string, split at spaces, and its text."""

    info: tuple[str, ...]
    body: str


def fences(document: str) -> list[Fence]:
    """Return all fenced blocks of a Markdown text."""
    return [Fence(tuple(match["info"].split()), match["body"]) for match in _FENCE.finditer(document)]


def commands(document: str) -> list[str]:
    """Return the commands of all runnable fences, continuation lines joined."""
    found: list[str] = []
    for fence in fences(document):
        if fence.info[1:] == ("runnable",) and fence.info[0] in ("sh", "console"):
            lines = fence.body.replace("\\\n", " ").splitlines()
            if fence.info[0] == "console":
                lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
            found += [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return found


def write_files(document: str, folder: Path) -> None:
    """Write the fences that are files of the example."""
    for fence in fences(document):
        if len(fence.info) == 2 and fence.info[0] == "json":
            (folder / fence.info[1]).write_text(fence.body, encoding="utf-8")


def write_sources(folder: Path) -> None:
    """Write the photograph, the drawing and the font that the documents name."""
    grain = Image.linear_gradient("L").rotate(90).resize((320, 180))
    Image.merge("RGB", (grain, Image.linear_gradient("L").resize(grain.size), grain)).save(folder / "photo.jpg")
    (folder / "logo.svg").write_text(_SVG, encoding="utf-8")
    (folder / "brand.ttf").write_bytes(font_packages.load("fontpkg_inter", fonts.find("Inter").font.path))


def execute(command: str, run: Run, variables: dict[str, str]) -> None:
    """Run one command; `variables` is its environment and gains what it sets. Raises AssertionError for what went wrong."""
    if command.split()[0] in _SKIPPED:
        return
    if command.startswith("export "):
        name, _, value = command.removeprefix("export ").partition("=")
        variables[name] = value
        return
    if captured := _CAPTURE.fullmatch(command):
        variables[captured["name"]] = _pick(json.loads(_output(captured["command"], run, variables)), captured["path"])
        return
    assert command.startswith("impasto "), f"documents may only run impasto, not: {command}"
    _output(command, run, variables)


def _output(command: str, run: Run, variables: dict[str, str]) -> str:
    expected = _EXITS.search(command)
    words = shlex.split(_EXITS.sub("", command), comments=True)[1:]
    known = os.environ | variables
    arguments = [re.sub(r"\$(\w+)", lambda match: known[match[1]], word) for word in words]
    code, output = run(arguments)
    wanted = int(expected["code"]) if expected else 0
    assert code == wanted, f"exit code {code} instead of {wanted}: {command}"
    return output


def _pick(value: object, path: str) -> str:
    """The part of jq that the documents use: `.key` and `[index]`."""
    for key, index in re.findall(r"\.?(\w+)|\[(\d+)\]", path):
        assert isinstance(value, dict | list), f"nothing at {path}"
        value = value[key] if isinstance(value, dict) else value[int(index)]
    return str(value)
