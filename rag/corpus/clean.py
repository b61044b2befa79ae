"""Text scraped from a German news page → the article's own words, and the facts that stand around them.

Line based: each rule takes the lines of a page and empties those that are not the article's. A rule removes what could
be prose only on strong evidence; in doubt a line stays. Knows no HTML, no file and no outlet by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import date

from rag.corpus import phrases
from rag.corpus.byline import HEADLINE_LENGTH, are_names, byline, first_title, is_prose
from rag.german import clean_characters, sentences

Lines = list[str]
_CAPTION_LENGTH = 320  # a longer line keeps its prose and loses only the credit, unless its copy stands beside it
_CREDIT_LENGTH = 120
_PASSES = 50  # no page needs more than a few; a text of nothing but bylines would take all day
_BESIDE = 4  # lines, empty ones counted
_DESCRIPTION_WORDS = 6  # subheadings are shorter than the description of a picture
_TEASER_LENGTH = 80  # of one that ends with a full stop, which few titles do

_FINAL = re.compile(r"[.!?…:,;][\"'»«“”’‘)\]]*$")


@dataclass(frozen=True, slots=True)
class Scraped:
    """An article's own text, and what the page said about it; ``None`` (for the title ``""``) where it said nothing."""

    text: str
    title: str = ""
    author: str | None = None
    published: date | None = None
    updated: date | None = None
    source: str | None = None


def tidy(text: str) -> str:
    """The text with clean characters, no blanks at line ends, no two empty lines together; its words stay."""
    lines = (line.rstrip() for line in clean_characters(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def clean_scraped(text: str) -> Scraped:
    """The article that a scraped text holds. Cleaning its result again changes nothing; raises nothing."""
    page = _clean_once(text)
    for _ in range(_PASSES):  # what one rule removed may have hidden other junk
        again = _clean_once(page.text)
        if again.text == page.text:
            break
        facts = {name: known for name, known in asdict(page).items() if known and name != "text"}
        page = replace(again, **facts)
    return page


def _clean_once(text: str) -> Scraped:
    lines = [line.strip() for line in tidy(text).split("\n")]
    source = _first_outlet(lines) or _outlet(lines)
    lines = _without_navigation(lines)  # first: it stands above the headline
    head = byline(lines)  # before captions: a headline above a picture is no description of it
    lines = _emptied(lines, head.lines)
    lines = _without_captions(lines)  # while a caption's copy still stands beside it
    lines = _without_notices(lines)
    lines = _without_end(lines, head.author)  # after notices: they hide the end
    lines = _without_teasers(lines)  # after the end: a heading over links must not go before its links
    cleaned = tidy("\n".join(lines))
    return Scraped(cleaned, head.title or first_title(cleaned), head.author, head.published, head.updated, source)


def bare(line: str) -> str:
    """A line's letters in lower case, anything else a blank: what ``phrases`` are compared with."""
    return " ".join(re.sub(r"[\W\d_]+", " ", line).lower().split())


def _emptied(lines: Lines, gone: Collection[int]) -> Lines:
    """Lines are emptied, not deleted: what stood apart must not become neighbours."""
    return ["" if i in gone else line for i, line in enumerate(lines)]


def _filled(lines: Lines) -> list[int]:
    return [i for i, line in enumerate(lines) if line]


# Navigation --------------------------------------------------------------------------------------------------------


def _without_navigation(lines: Lines) -> Lines:
    """Without lines to skip somewhere, and without section paths and menu words above the headline."""
    lines = ["" if len(line) < 100 and phrases.SKIP.fullmatch(bare(line)) else line for line in lines]
    gone = set()
    for i in _filled(lines)[:-1]:
        if not (phrases.SECTIONS.fullmatch(lines[i][:100]) or bare(lines[i]) in phrases.MENU):
            break
        gone.add(i)
    return _emptied(lines, gone)


def _outlet(lines: Lines) -> str | None:
    """The outlet that the page's own navigation names."""
    found = (phrases.OUTLET.search(line) for line in lines if len(line) < 100)
    return next((match[1] for match in found if match), None)


# Pictures ----------------------------------------------------------------------------------------------------------


def _without_captions(lines: Lines) -> Lines:
    """Without captions that end with a credit, their copies beside them and the picture descriptions above them."""
    lines = list(lines)
    first = next(iter(_filled(lines)), 0)
    for i in range(len(lines)):
        credit = _credit(lines[i])
        if not credit:
            continue
        caption = lines[i][: credit.start()].rstrip(" |,–-(")
        gone = _copies(lines, i, caption)
        is_sentence_with_source = credit["word"] == "Quelle" and _FINAL.search(caption)
        if not gone and (len(caption) > _CAPTION_LENGTH or is_sentence_with_source):
            lines[i] = caption
            continue
        pair = _copies(lines, i - 1, lines[i - 1]) if i else []
        if (i - 1 > first and _is_description(lines[i - 1])) or (pair and not caption):
            gone += [i - 1, *pair]
        for j in (i, *gone):
            lines[j] = ""
    return lines


def _credit(line: str) -> re.Match[str] | None:
    """The credit that ends a line: a word or sign for it, then names or agencies and nothing else."""
    credit = phrases.CREDIT.search(line, max(0, len(line) - _CREDIT_LENGTH))
    if not credit:
        return None
    if credit["word"] == "Quelle" and line.endswith("."):  # a sentence that names its source
        return None
    words = re.findall(r"[^\s/|,&()]+", credit["who"])
    if not all(word.lower() in phrases.SMALL_IN_CREDITS or not word[0].islower() for word in words):
        return None
    if line[credit.start()] == "|":
        return credit if any(word.lower() in phrases.AGENCIES for word in words) else None
    if re.search(r"[/|]", credit["who"]) or any(word.lower() in phrases.AGENCIES or word.isupper() for word in words):
        return credit
    if credit["word"] in ("Bild", "Quelle") and re.search(r"\w $", line[: credit.start("word")]):
        return None  # "ein anderes Bild: Angela Merkel" names no photographer
    return credit if len(words) > 1 or not credit["word"] else None


def _copies(lines: Lines, at: int, caption: str) -> list[int]:
    """The neighbours of a line, empty lines between them or not, that say the same as a caption."""
    said = bare(caption)
    above = next((j for j in range(at - 1, max(at - _BESIDE, 0) - 1, -1) if lines[j]), at)
    below = next((j for j in range(at + 1, min(at + _BESIDE, len(lines))) if lines[j]), at)
    return [j for j in (above, below) if j != at and said and bare(lines[j]) == said]


def _is_description(line: str) -> bool:
    """Whether a line right above a caption describes its picture: long for a subheading, and no sentence."""
    return len(line.split()) >= _DESCRIPTION_WORDS and len(line) <= _CAPTION_LENGTH and not _FINAL.search(line)


# Notices -----------------------------------------------------------------------------------------------------------


def _without_notices(lines: Lines) -> Lines:
    """Without lines to share, print, subscribe or agree to something."""
    return ["" if len(line) < 300 and _is_notice(line) else line for line in lines]


def _is_notice(line: str) -> bool:
    words = frozenset(bare(line).split())
    is_sharing = words & phrases.SHARING and words <= phrases.BESIDE_SHARING
    return bool(is_sharing or bare(line) in phrases.NOTICES or phrases.APPEALS.fullmatch(line))


# The end -----------------------------------------------------------------------------------------------------------


def _first_outlet(lines: Lines) -> str | None:
    """The outlet in which, the page says at its end, the article appeared first."""
    found = (phrases.FIRST_IN.fullmatch(lines[i]) for i in _filled(lines)[-3:])
    return next((match[1] for match in found if match), None)


def _without_end(lines: Lines, author: str | None) -> Lines:
    """Without what follows the article: links to others, a note on its author, where it appeared first."""
    end = len(lines)
    while end and (not lines[end - 1] or _is_after_article(lines[end - 1], author)):
        end -= 1
    for i in range(end - 1, -1, -1):  # a heading over links, and nothing but links below
        if is_prose(lines[i]):
            break
        if bare(lines[i]) in phrases.RELATED:
            end = i
    return lines[:end]


def _is_after_article(line: str, author: str | None) -> bool:
    if phrases.FIRST_IN.fullmatch(line):
        return True
    if author and line.startswith(author):
        return bool(phrases.ROLE.search(line[len(author) : len(author) + 80]))
    if _FINAL.search(line) or len(line) > HEADLINE_LENGTH:
        return False
    return bool(phrases.LINK.search(line) or _is_unknown_author(line))


def _is_unknown_author(line: str) -> bool:
    """Whether a line begins with a name and a role, as under a portrait."""
    role = phrases.ROLE.search(line[:80])
    return bool(role and role[0][0].isupper() and are_names(line[: role.start()].strip(" ,|–-")))


# Teasers -----------------------------------------------------------------------------------------------------------


def _without_teasers(lines: Lines) -> Lines:
    """Without pointers to other articles: whole lines, and inside a line the one sentence that is the pointer."""
    return ["" if bare(line) in phrases.RELATED else _without_teaser(line) for line in lines]


def _without_teaser(line: str) -> str:
    teaser = phrases.TEASER.search(line)
    if not teaser:
        return line
    behind = line[teaser.end() :]
    end = sentences(behind)[0][1] if behind else 0
    if end > (_TEASER_LENGTH if behind[:end].endswith(".") else HEADLINE_LENGTH):
        return line  # too long for a title: the article went on without a stop
    return f"{line[: teaser.start()].rstrip()} {behind[end:].strip()}".strip()
