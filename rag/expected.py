"""What kind of answer a question expects (a sum of money, a date, a name), and whether a sentence holds one.

The classical step of question answering before any reading (Li & Roth 2002 for its classes): a sentence on the right
topic that names no sum does not tell what something cost. Knows words only, neither vectors nor passages.
"""

from __future__ import annotations

import re

from rag.german import stem, words

_NUMBER_WORDS = (
    r"(?:zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|\w*(?:zehn|zwanzig|dreißig|vierzig|fünfzig|sechzig|"
    r"siebzig|achtzig|neunzig|hundert|tausend)|million\w*|milliarde\w*|mio|mrd|dutzend|ein(?:e|en|em|er)?|keine?|beide)"
)
_NUMBER = rf"(?:\d[\d.,]*|\b{_NUMBER_WORDS}\b)"
_MONTHS = r"(?:jänner|januar|februar|feber|märz|april|mai|juni|juli|august|september|oktober|november|dezember)"
_WEEKDAYS = r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag)"
_CURRENCY = r"(?:euro|cent|(?:us-)?dollar|franken|pfund|yen|yuan|rubel|kronen|lira|rupien|schilling|€|\$|£|eur|usd|chf)"
_UNIT = (
    r"(?:milli|zenti|kilo)?(?:meter|gramm)\w*|m|km|cm|mm|kg|t|tonnen|kilo|grad|prozent|km/h|liter|hektar|"
    r"quadrat\w+|kubik\w+|watt|megawatt|gigawatt|kilowatt\w*|punkte|plätze|seiten|stärke"
)
_SPAN = r"(?:sekunden?|minuten?|stunden?|tag(?:e|en)?|wochen?|monat(?:e|en)?|jahr(?:e|en|zehnte?n?)?|jährige?\w*)"

# What a sentence must hold, by the kind of answer.
_HOLDS: dict[str, re.Pattern[str]] = {
    "money": re.compile(
        rf"\d[\d.,]*\W*(?:\w+\W+){{0,2}}?{_CURRENCY}|{_NUMBER}\W+(?:\w+\W+)?{_CURRENCY}|{_CURRENCY} ?\d"
    ),
    "share": re.compile(
        rf"{_NUMBER}[ -]*(?:prozent\w*|%)|\b(?:hälfte|\w*drittel|\w*viertel|\w*fünftel|\w*zehntel|jede[rs]? \w+te)\b"
    ),
    "measure": re.compile(rf"{_NUMBER}[ -](?:\w+ )?(?:{_UNIT})\b|\b\d[\d.,]*(?:[ -]\w+)?"),
    "span": re.compile(rf"(?:{_NUMBER}|\b(?:halbe\w*|mehrere\w*|einige\w*))[ -]*(?:\w+ )?{_SPAN}\b"),
    "times": re.compile(rf"{_NUMBER}[ -]?mal\b|\b(?:\w+mal|täglich|wöchentlich|monatlich|jährlich|jede\w* \w+)\b"),
    "date": re.compile(
        rf"\b(?:1[5-9]|20)\d\d\b|\b\d{{1,2}}\. ?(?:\d{{1,2}}\.|{_MONTHS})|\b{_MONTHS}\b|\b{_WEEKDAYS}\w*\b|\b\d+ uhr\b|"
        rf"\b(?:gestern|heute|morgen|vorgestern|kommende\w*|nächste\w*|vergangene\w*|vor {_NUMBER} {_SPAN})\b"
    ),
    "reason": re.compile(
        r"\b(?:weil|denn|deshalb|deswegen|daher|darum|dadurch|wegen|aufgrund|infolge|angesichts|da|damit|um|nämlich|"
        r"\w*gr(?:und|ünde)\w*|anlass|ursache\w*|sonst|ansonsten|ohne|somit|folglich)\b"
    ),
    "speech": re.compile(
        r"[\"„“»«]|\b(?:sag\w*|erklär\w*|laut|zufolge|mein\w*|beton\w*|kritisier\w*|forder\w*|warn\w*|nann\w*|sei|seien|"
        r"habe|hätte\w*|werde|könne|müsse|solle|wolle|dürfe)\b"
    ),
    "number": re.compile(_NUMBER),
}
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("reason", r"\b(?:warum|wieso|weshalb|weswegen|wozu|aus welche\w+ gr[uü]nd\w*|why)\b"),
        (
            "money",
            r"\b(?:kostet\w*|kosten|teuer|wie ?viel geld|verdien\w+|(?:be)?zahl(?:t|te|ten|en)|kassier\w+|\w*preis|"
            r"\w*preises|gage|gehalt|\w*geld|entschädigung|prämie|umsatz|gewinn|budget|schulden|cost|price)\b",
        ),
        ("share", r"\b(?:anteil|prozent\w*|quote|\w+quote|wie ?viel\w* prozent)\b"),
        ("date", r"\b(?:wann|welche[msn] (?:jahr|tag|monat|datum)|an welchem|when)\b"),
        ("times", r"\bwie (?:oft|häufig)\b|\bhow often\b"),
        ("span", r"\bwie (?:lange?|alt)\b|\bhow (?:long|old)\b"),
        ("count", r"\b(?:wie ?viele|how many)\b"),
        (
            "measure",
            r"\bwie ?(?:viel|hoch|groß|weit|tief|schwer|stark|schnell|heiß|breit|laut)\b|\bhow (?:much|far|high)\b",
        ),
        ("speech", r"\b(?:was|wie) (?:sag|mein|forder|bewerte|reagier|kommentier|beurteil|kritisier|äußer|erklär)\w*"),
        ("person", r"\b(?:wer|wen|wem|wessen|who|whom)\b|\bwie (?:heißt|hieß|heissen|heißen)\b"),
        ("place", r"\b(?:wo|wohin|woher|where)\b|\bin welche[mrn] (?:\w*stadt|\w*land|\w*ort|gemeinde|region)\b"),
    )
)
_ASKS_SUM = re.compile(
    r"\b(?:was|wie ?viel\w*|wie (?:teuer|hoch)|welche\w*|what|how (?:much|expensive))\b", re.IGNORECASE
)
_COUNTED = re.compile(r"\b(?i:wie ?viele|how many) ((?:[\w-]+ ){0,3}?)([A-ZÄÖÜ][\w-]{2,}|[a-z]{3,}s\b)")
_NAME = re.compile(r"\b[A-ZÄÖÜ][\w’'-]+(?: (?:von|van|de|al|bin))? [A-ZÄÖÜ][\w’'-]+")
_PLACE = re.compile(r"\b(?:in|im|aus|nach|bei|nahe|auf|an|am|zwischen) (?:der |dem |den |die )?([A-ZÄÖÜ][\w-]+)")
_NO_PLACE = re.compile(
    rf"(?:{_MONTHS}|{_WEEKDAYS}|jahr|zeit|zukunft|rahmen|folge|fall|frage|prozent)\w*", re.IGNORECASE
)
_NEAR = 3  # words behind a number within which stands what it counts
_PARTLY = 0.5


class Expected:
    """What one question expects. ``kind`` is empty where nothing can be told."""

    def __init__(self, question: str) -> None:
        found = (kind for kind, pattern in _KINDS if pattern.search(question))
        self.kind = next((kind for kind in found if kind != "money" or _ASKS_SUM.search(question)), "")
        self._asked = {word.lower() for word in words(question)}
        counted = _COUNTED.search(question) if self.kind == "count" else None
        self._noun = stem(counted[2].split("-")[-1]) if counted else ""

    def held(self, text: str) -> float:
        """1 if a text holds such an answer, 0.5 if perhaps, 0 if not; 0 too where nothing is expected."""
        if not self.kind:
            return 0.0
        if self.kind == "person":
            return float(any(self._new(m[0]) for m in _NAME.finditer(text)))
        if self.kind == "place":
            return float(any(self._new(m[1]) and not _NO_PLACE.fullmatch(m[1]) for m in _PLACE.finditer(text)))
        if self.kind == "count":
            return self._counts(text)
        return float(bool(_HOLDS[self.kind].search(text.lower())))

    def _new(self, name: str) -> bool:
        return not any(word.lower() in self._asked for word in words(name))

    def _counts(self, text: str) -> float:
        """1 if a number is followed by what is counted, 0.5 if there is any number that was not in the question."""
        numbers = [m for m in _HOLDS["number"].finditer(text.lower()) if m[0].strip(".,") not in self._asked]
        behind = (words(text[m.end() :])[:_NEAR] for m in numbers)
        if self._noun and any(self._is_counted(word) for near in behind for word in near):
            return 1.0
        return _PARTLY * bool(numbers)

    def _is_counted(self, word: str) -> bool:
        return stem(word).endswith(self._noun) or (len(self._noun) > 4 and stem(word).startswith(self._noun[:5]))
