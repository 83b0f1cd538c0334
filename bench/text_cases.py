"""What is set in the race of texts: 1,000 headlines of 40 characters, and a page of 200 lines in eight scripts.

Seeded: the same batch number gives the same headlines.
"""

import importlib.util
import random
from pathlib import Path
from typing import Final

HEADLINES, HEADLINE_CHARS, HEADLINE_PX = 1000, 40, 64.0
FAMILY: Final = "Inter"
AXES: Final = {"opsz": 32.0, "wght": 400.0}
"""What a headline of this size in Inter is drawn at: its largest optical size."""
PAGE_LINES, PAGE_PX, PAGE_WIDTH_PX = 200, 20.0, 800.0

_WORDS = """
    about above across after again against almost along already also always among another answer around because become before
    begin behind being below between body book both bring build business call carry change child city close color common complete
    consider cook country course cover create cross current dark deep develop different direct door draw drive early earth east
    enough even every example face family farm father field figure final find fire first fish floor follow food force form front
    garden general give glass gold good great green ground group grow half hand happen hard head hear heart heavy help high hold
    home horse hour house hundred idea inch island keep kind king know land language large last late laugh lead learn leave left
    letter life light line list listen little live long look machine made main make many map mark measure men might mile mind
    minute money moon more morning most mother mountain move much music name nation near need never new next night north note
    notice number ocean often old once only open order other over own page paper part pass pattern people perhaps person picture
    piece place plain plan plane plant play point poor port pose pound power present problem produce public pull push question
    quick rain ready real reason record red remember rest right river road rock room round rule run school science sea second seem
    sentence serve set several shape ship short show side simple since sing six size sleep slow small snow some song soon sound
    south special spell stand star start state stay step still stop story street strong study such summer sun sure surface table
    take talk teach tell test thing think thought thousand three through time together told top toward town travel tree true turn
    under unit until usual very voice vowel wait walk want war warm watch water week weight well west wheel where while white
    whole wind winter wish woman wonder wood word work world write year young
"""

SENTENCES: Final = {
    "Latin": "Typography is the craft of endowing human language with a durable visual form.",
    "Cyrillic": "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Greek": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία με τόλμη και γοργά.",
    "Arabic": "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر.",
    "Hebrew": "דג סקרן שט בים מאוכזב ולפתע מצא חברה נעימה.",
    "Devanagari": "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश करने वाले विष्णुवतार।",
    "Thai": "เป็นมนุษย์สุดประเสริฐเลิศคุณค่ากว่าบรรดาฝูงสัตว์เดรัจฉาน",
    "Tamil": "யாமறிந்த மொழிகளிலே தமிழ்மொழி போல் இனிதாவது எங்கும் காணோம்.",
}
"""One for each script; a page repeats them."""


WORDS: Final = tuple(_WORDS.split())


def headlines(batch: int = 0) -> list[str]:
    """Return different headlines, each of `HEADLINE_CHARS` characters that begin and end with a letter."""
    chosen = random.Random(f"headlines {batch}")
    found: dict[str, None] = {}
    while len(found) < HEADLINES:
        text = " ".join(chosen.choice(WORDS).title() for _ in range(HEADLINE_CHARS // 2))[:HEADLINE_CHARS]
        found[text[:-1] + "s" if text.endswith(" ") else text] = None
    return list(found)


def page(sentences: int) -> str:
    """Return one paragraph of `sentences` sentences, one script after the other."""
    known = tuple(SENTENCES.values())
    return " ".join(known[index % len(known)] for index in range(sentences))


def font_file() -> Path | None:
    """Return the file of Inter that all draw with; None where its package is not installed."""
    spec = importlib.util.find_spec("fontpkg_inter")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "files" / "Inter[opsz,wght].ttf"
