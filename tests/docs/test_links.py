"""Do the links and the paths that the documents name lead to something that is there?"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")
_PATH = re.compile(r"`(?P<path>(?:ledger|compositor|engines|tests|docs|bench|locks)/[\w./-]+)`")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    """A reader who follows a link must arrive, at the heading too."""
    broken = [
        target
        for target in _LINK.findall(document.read_text(encoding="utf-8"))
        if not target.startswith(("http://", "https://")) and not _arrives(document, target)
    ]
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_named_paths_exist(document: Path) -> None:
    """Documents send people to files; a moved file must take its mentions along."""
    named = {path.rstrip("/.") for path in _PATH.findall(document.read_text(encoding="utf-8"))}
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def _arrives(document: Path, target: str) -> bool:
    place, _, anchor = target.partition("#")
    page = (document.parent / place).resolve() if place else document
    if not page.exists():
        return False
    return not anchor or anchor in {_anchor(title) for title in _HEADING.findall(page.read_text(encoding="utf-8"))}


def _anchor(title: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", title.replace("`", "").lower()).replace(" ", "-")
