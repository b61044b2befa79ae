"""Pages that are no article, though words stand on them: the start of a paid one, or a request for consent.

A refused page is said with its reason and not stored: its words would be quoted as if they were the report.
"""

from __future__ import annotations

import re

from rag.german import words

_STUB_WORDS = 250  # where a page is locked, the start that it shows is shorter than this
_LOCKED_WORDS = 150  # a page that only calls itself locked may be a whole short report
_CONSENT_WORDS = 400

_PAID = re.compile(
    "|".join(
        (
            r"weiterlesen mit\b|(?:testen|abonnieren|registrieren|anmelden) und weiterlesen|weiterlesen und\b",
            r"lesen sie (?:diesen artikel |jetzt |alle[sn]? |weiter )*mit\b",
            r"(?:haben sie|sie haben|hast du|du hast) (?:schon|bereits) ein (?:digital|\S{0,10}-)?abo",
            r"(?:sind sie|sie sind) (?:schon|bereits) \S{0,12}abonnent",
            r"(?:artikel|beitrag|text|inhalt) ist (?:nur |exklusiv |ausschließlich )?für "
            r"(?:unsere )?(?:\S{0,10}abonnent|\S{1,15}-leser|plus|registrierte)",
            r"(?:exklusiv|nur) für (?:\S{0,10}abonnent|\S{0,10}mitglieder)",
            r"(?:artikel|text|inhalte?) (?:jetzt )?freischalten",
            r"um (?:diesen|den|den ganzen|den vollständigen) (?:artikel|text|beitrag) (?:\S+ ){0,3}(?:zu )?lesen",
            r"(?:mit|alle) \S{1,20}(?:plus|\+)[ -](?:abo|inhalte|artikel|zugang)",
            r"zugang zu allen (?:\S+ )?(?:artikeln|inhalten)",
            r"(?:ersten|1\.) monat (?:kostenlos|gratis|für)",
        )
    ),
    re.IGNORECASE,
)
_CONSENT = (
    r"(?:zustimmen|akzeptieren|einverstanden) und weiter|alle (?:cookies )?(?:akzeptieren|ablehnen)"
    r"|mit werbung (?:weiter)?lesen",
    r"pur-?(?:abo|abonnement)|werbefrei(?:es)? (?:lesen|weiterlesen|abo)|contentpass",
    r"(?:wir und|mit|bis zu) (?:unsere[nr]? )?(?:bis zu )?\d* ?(?:unsere[nr]? )?(?:drittanbieter|partner)",
    r"ihre (?:zustimmung|einwilligung|entscheidung)|(?:einwilligung|zustimmung) (?:jederzeit )?widerruf",
    r"(?:personenbezogene|ihre) daten|auf (?:einem|ihrem) (?:endgerät|gerät)|nutzungsprofil"
    r"|cookies? und (?:ähnliche|andere)",
    r"(?:cookie|datenschutz|privatsphäre)-?\s?einstellungen",
)
_CONSENT_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _CONSENT)
_ENOUGH = 3  # kinds of such phrases; a report about cookies holds one or two


def refusal(article: str, page: str, *, is_locked: bool = False) -> str | None:
    """Why the text found on a page is no article; ``None`` if it may be one.

    ``page`` is all that can be read on it; ``is_locked`` says that the page calls itself not free to read.
    """
    length = len(words(article))
    if (
        length < _CONSENT_WORDS
        and sum(bool(pattern.search(article or page)) for pattern in _CONSENT_PATTERNS) >= _ENOUGH
    ):
        return "the page only asks for consent to cookies; open it in a browser, agree, and save the article."
    if (is_locked and length < _LOCKED_WORDS) or (length < _STUB_WORDS and _PAID.search(page)):
        return "only the beginning of a paid article stands on the page; save the whole one from your subscription."
    return None
