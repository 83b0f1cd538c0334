"""Which parts of the documents are taken from the program, and are they fresh? `python -m docs.generate [--check]`.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`; NAME is a key of `docs.reference.BLOCKS`. The JSON Schemas
are whole generated files, and so are two pictures: the sheet of blend modes and the type specimen. `--check` looks at the texts, writes
nothing and exits 1 when something is stale; the rest of each document is written by people.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from docs import reference, sheet, specimen

ROOT = Path(__file__).resolve().parent.parent
SCHEMA_PATH = ROOT / "docs" / "specs" / "composition.schema.json"
ARTIFACT_SCHEMA_PATH = ROOT / "docs" / "specs" / "artifacts.schema.json"

_BLOCK = re.compile(
    r"(?P<open><!-- generated: (?P<name>[a-z0-9 -]+) -->\n)(?P<body>.*?)(?P<close><!-- end -->)", re.DOTALL
)
_OPENING = "<!-- generated:"


class UnknownBlockError(Exception):
    """A document asks for a generated part that does not exist, or does not close one."""

    def __init__(self, document: str, name: str) -> None:
        known = ", ".join(sorted(reference.BLOCKS))
        super().__init__(f"{document}: no generated part {name!r}, or it is not closed; known: {known}")


class Page(NamedTuple):
    """A file as it is and as it should be."""

    path: Path
    now: str
    fresh: str

    @property
    def stale(self) -> bool:
        """Whether the file must be written."""
        return self.now != self.fresh


def pages() -> Iterator[Page]:
    """Yield every file with generated parts, README and CHANGELOG included."""
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        now = path.read_text(encoding="utf-8")
        if _OPENING in now:
            yield Page(path, now, refreshed(now, path.name))
    for path, make in (
        (SCHEMA_PATH, reference.composition_schema),
        (ARTIFACT_SCHEMA_PATH, reference.artifact_schemas),
    ):
        now = path.read_text(encoding="utf-8") if path.exists() else ""
        yield Page(path, now, make())


def refreshed(text: str, document: str) -> str:
    """Return `text` with every generated part made anew. Raises `UnknownBlockError`."""

    def fill(match: re.Match[str]) -> str:
        make = reference.BLOCKS.get(match["name"])
        if make is None:
            raise UnknownBlockError(document, match["name"])
        return f"{match['open']}\n{make().strip()}\n\n{match['close']}"

    filled = _BLOCK.sub(fill, text)
    if len(_BLOCK.findall(filled)) != filled.count(_OPENING):
        raise UnknownBlockError(document, "?")
    return filled


def main(arguments: Sequence[str]) -> int:
    """Write what is stale, or with `--check` only tell; return the exit code."""
    checking = "--check" in arguments
    stale = [page for page in pages() if page.stale]
    for page in stale:
        sys.stderr.write(f"{'stale' if checking else 'wrote'}: {page.path.relative_to(ROOT)}\n")
        if not checking:
            page.path.write_text(page.fresh, encoding="utf-8")
    if not checking and sheet.is_stale():
        sheet.write_sheet()
        sys.stderr.write(f"wrote: {sheet.SHEET.relative_to(ROOT)}\n")
    if not checking and specimen.is_stale():
        specimen.write_specimen()
        sys.stderr.write(f"wrote: {specimen.SPECIMEN.relative_to(ROOT)}\n")
    return 1 if checking and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
