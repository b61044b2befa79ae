"""What of a page's markup misleads the search for its article, put right before it: boxes, page numbers, layout tables.

Knows elements and classes that German outlets use; no text is changed.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from rag.corpus.byline import are_names

_BOX = re.compile(r"info-?box|fakten-?box|fact-?box|hintergrund-?box|infokasten", re.IGNORECASE)
_PAGES = re.compile(r"pagination|paginierung|seitenzahl|pager\b", re.IGNORECASE)
_AUTHOR = re.compile(r"(?:Von|By|Ein (?:Kommentar|Gastbeitrag|Bericht) von|Autor(?:in)?:) (?P<names>[^|•·–\d]{4,80})")
_LAYOUT = ("table", "tbody", "tr", "td", "th")
_ROW = re.compile(r"^\|(.*)\|[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^\|(?:\s*:?-+:?\s*\|)+[ \t]*\n?", re.MULTILINE)


def prepared(tree: Any) -> Any:
    """A copy of a page in which boxes that belong to the article stand as its parts, and no table is mere layout."""
    page = deepcopy(tree)
    for box in page.xpath("//aside[@class]"):
        if _BOX.search(box.get("class")):
            box.tag = "div"
            del box.attrib["class"]
    for numbers in page.xpath("//*[self::nav or self::div or self::ul][@class]"):
        if _PAGES.search(numbers.get("class")) and len(numbers.xpath("string()")) < 200:
            numbers.drop_tree()
    for table in page.xpath("//table[.//p or .//table or .//h1 or .//h2]"):
        for part in table.iter(*_LAYOUT):
            part.tag = "div"
    return page


def stated_author(tree: Any) -> str | None:
    """The names behind "Von" in a short element of its own, outside of other articles' teasers."""
    inside = "ancestor::aside or ancestor::nav or ancestor::footer or ancestor::figure or ancestor::li"
    places = tree.xpath(f"//*[self::p or self::span or self::div or self::a or self::address][not(*/*)][not({inside})]")
    for place in places:
        said = " ".join(place.xpath("string()").split())
        match = _AUTHOR.fullmatch(said) if len(said) < 120 else None
        names = re.split(r",\s+(?=\S+$)", match["names"].strip(), maxsplit=1)[0] if match else ""
        if names and are_names(names):
            return ", ".join(re.split(r",\s*|\s+und\s+|\s*&\s*", names))
    return None


def with_rows(text: str) -> str:
    """A text whose tables are lines of cells, as list items, instead of Markdown."""
    return _ROW.sub(lambda row: "- " + " | ".join(cell.strip() for cell in row[1].split("|")), _RULE.sub("", text))
