"""Text → the names in it, and whether two of them name the same: inflected, as an adjective, or in English.

German writes every noun with a capital. A capitalised word is taken for a name unless it is an ordinary word, or made
of two, by a bundled list of stems. Knows neither articles nor claims.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.errors import BelegError
from rag.german import fold, stem
from rag.settings import MODELS
from rag.translate import translations
from rag.types import Language

BUNDLED = MODELS / "beleg-words-de"
WORDS = "words.txt"

# Places and bodies with their adjectives, people and English names, as beginnings of words; after "<", cities that
# stand for them: who quotes Moscow quotes Russia, but not the other way round.
_GROUPS = """\
deutsch german germany bundesrepublik bund brd < berlin
österreich austria austro
schweiz schweizer schwyz swiss switzerland < bern
frankreich französ franzos france french < paris
großbritannien britannien brit britisch england engl uk königreich < london
ukrain < kiew kyiv
russ russisch russland russia < moskau kreml kreml moscow
belarus weißruss < minsk
pol polen polnisch poland polish < warschau warsaw
tschech czech < prag
slowak slovak < bratislava
ungar ungarn hungar < budapest
rumän romania < bukarest bucharest
bulgar < sofia
griech griechenland greece greek < athen
türk türkei turkey turkish < ankara
ital italien italy < rom rome
span spanien spain spanish < madrid
portug < lissabon lisbon
niederl niederländ holländ holland dutch netherlands < haag
belg belgien belgium
dän dänemark denmark danish < kopenhagen
schwed schweden sweden swedish < stockholm
norweg norwegen norway < oslo
finn finnland finland < helsinki
estland estn estonia
lettland lett latvia
litau lithuania < vilnius
moldau moldaw moldova
georgi
serb serbien serbia < belgrad
kroat kroatien croatia < zagreb
slowen slovenia < ljubljana
bosni
mazedon macedonia
alban
kosov
usa us amerika amerikan america us-amerikan < washington
china chines chinese < peking beijing
japan < tokio tokyo
indien ind india
iran persien < teheran
irak iraq
syr syrien syria < damaskus
israel < jerusalem
ägypt egypt egyptian < kairo
saud saudi
austral
kanad canada
mexik mexiko mexico
brasil brazil
südafrik
afghan
libanon libanes lebanon
europa europä europe europ
nato
eu
ezb ecb
un uno
pazifik pazif pacific
atlantik atlant atlantic
ostsee baltic
schott schottland scotland scottish
irland irisch ireland irish
bayer bayern bavaria bairisch
sachs sachsen sächs saxony
kärnt kärnten carinthia
steiermark steir steier
tirol tyrol
wien vienna
köln cologne
münchen munich
zürich zurich
mailand milan
cherson kherson
charkiw kharkiv
"""
# People who are spelled in several ways.
_PEOPLE = """\
selenskyj zelensky zelenskyy
"""
# Several words → the one that the table above knows.
_PHRASES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"Europäischen? Zentralbank|European Central Bank", "EZB"),
        (r"Europäischen? Union|European Union", "EU"),
        (r"Vereinten? Nationen|United Nations", "UN"),
        (r"Vereinigten? Staaten(?: von Amerika)?|United States(?: of America)?", "USA"),
        (r"Vereinigten? Königreichs?|United Kingdom", "Großbritannien"),
        (r"(?:Nordatlantisch\w+ )?Verteidigungsbündnis\w*", "NATO"),
    )
)
_TAIL = r"(?:s|es|e|en|er|ern|ers|in|innen|isch\w{0,2}|ian|ians|n|ne|ns|ien|iens|ier|iern|ischer|land\w{0,3}|lands)?"
_NAME = re.compile(r"[^\W\d_][^\W_]*")
_JOINTS = ("", "s", "es", "n", "en", "e", "er")
_ENDINGS = re.compile(r"(?:'s|ischen|ischer|isches|ische|isch|innen|erin|ern|ers|er|in|ens|ns|es|en|s|n|e)$")
_LONGEST_TITLE = 40
_TITLE = re.compile(
    r"(?:präsident|minister|kanzler|chef|sekretär|sprecher|vorstand|direktor|leiter|führer|könig|trainer|kommissar|"
    r"kandidat|bürgermeister|anwalt|richter|kollege|botschafter)(?:in|s|en)?\s$|"
    r"(?:vorsitzende|abgeordnete)[rn]?\s$|\b(?:Frau|Herrn?|General|Papst|President|Minister|Chancellor|Mr|Mrs)\s$",
    re.IGNORECASE,
)
_ENGLISH_END = re.compile(r"(?:ing|ed|ly|ory|ion|ness|ment|ful|ous|ive|al|ity|er|or|ers|ors|ies|ts|ns|ce|ance|able)$")
_ROMAN = re.compile(r"[IVX]+")
_FORENAME = re.compile(r"[A-ZÄÖÜ][^\W\d_]+ $")
_SHORTEST_PART = 4
_PREFIXES = frozenset("vor mit ein aus auf neu rück ab an un".split())
_NO_NAMES = frozenset(
    """montag dienstag mittwoch donnerstag freitag samstag sonntag sonnabend januar jänner februar feber märz april mai
    juni juli august september oktober november dezember herr frau dr prof uhr euro dollar prozent mio mrd usd eur
    monday tuesday wednesday thursday friday saturday sunday january february march may june july october december
    mr mrs ms president chancellor minister prime king queen general secretary chairman governor""".split()
)


@dataclass(frozen=True, slots=True)
class Name:
    """A word of a text that names somebody or something."""

    start: int
    end: int
    text: str


def unified(text: str) -> str:
    """The text with names of several words as one; offsets into it are its own."""
    for pattern, name in _PHRASES:
        text = pattern.sub(name, text)
    return text


def names(text: str, language: Language = "de") -> list[Name]:
    """The names in a text, a word each. The first word of a sentence is one only if no ordinary word is like it."""
    found = []
    for match in _NAME.finditer(text):
        word = match.group()
        if word.lower() in _NO_NAMES:
            continue
        if not any(c.isupper() for c in word):
            if "isch" in word and group(word) is not None:  # "ukrainische"
                found.append(Name(*match.span(), word))
        elif group(word) is not None or _is_capitals(word) or _is_personal(text, match):
            found.append(Name(*match.span(), word))
        elif language == "en":
            if not _begins_sentence(text, match.start()) or _is_untranslated(word):
                found.append(Name(*match.span(), word))
        elif not is_ordinary(word):
            found.append(Name(*match.span(), word))
    return found


def _is_personal(text: str, match: re.Match[str]) -> bool:
    """Whether what stands before a word makes it a person's: an office, or a forename before the "V" of "Karl V."."""
    return _has_title(text, match.start()) or _is_ordinal(text, match)


def _has_title(text: str, at: int) -> bool:
    """Whether an office stands right before a word, as in "Kanzler Kern": then even an ordinary word is a name."""
    return text[at].isupper() and bool(_TITLE.search(text, max(0, at - _LONGEST_TITLE), at))


def _is_capitals(word: str) -> bool:
    """``NATO``, ``iPhone``, ``McDonald``: a capital behind the first letter."""
    return len(word) > 1 and any(c.isupper() for c in word[1:])


def _is_ordinal(text: str, match: re.Match[str]) -> bool:
    """The "V" of "Karl V."."""
    return bool(_ROMAN.fullmatch(match.group())) and bool(_FORENAME.search(text, 0, match.start()))


def _is_untranslated(word: str) -> bool:
    """Whether an English word is the same in German and no ordinary word there ("Margaret"), or has no translation."""
    if not translations(word):
        return not _ENGLISH_END.search(word)
    return translations(word)[0] == word.lower() and not is_ordinary(word)


def _begins_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \"'„“»(")
    return not before or before[-1] in ".!?:\n"


@lru_cache(maxsize=1)
def _ordinary() -> frozenset[str]:
    path = BUNDLED / WORDS
    try:
        return frozenset(path.read_text("utf-8").split())
    except (OSError, ValueError) as error:
        raise BelegError(
            f"The list {path} cannot be read ({error}); make it with `python -m rag train words`."
        ) from error


@lru_cache(maxsize=50_000)
def is_ordinary(word: str) -> bool:
    """Whether a German word is no name: it, or each of those that it is made of, is in the list."""
    known = _ordinary()
    if stem(word) in known:
        return True
    lower = word.lower()
    for cut in range(_SHORTEST_PART - 1, len(lower) - _SHORTEST_PART + 1):
        head, tail = lower[:cut], lower[cut:]
        if cut < _SHORTEST_PART and head not in _PREFIXES:
            continue
        if stem(tail) in known and any(head.endswith(j) and _is_head(head[: len(head) - len(j)]) for j in _JOINTS):
            return True
    return False


@lru_cache(maxsize=50_000)
def has_ordinary_end(word: str) -> bool:
    """Whether a word ends in an ordinary one of five letters or more: rather a rare compound than a name."""
    lower = word.lower()
    return any(stem(lower[cut:]) in _ordinary() for cut in range(3, len(lower) - 4))


def _is_head(head: str) -> bool:
    return len(head) >= _SHORTEST_PART - 1 and is_ordinary(head)


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], dict[str, int], dict[str, int]]:
    roots: dict[str, int] = {}
    cities: dict[str, int] = {}
    for number, line in enumerate((_GROUPS + _PEOPLE).splitlines()):
        own, _, other = line.partition("<")
        roots |= {fold(root): number for root in own.split()}
        cities |= {fold(city): number for city in other.split()}

    def pattern(words: dict[str, int]) -> re.Pattern[str]:
        longest = sorted(map(re.escape, words), key=len, reverse=True)
        return re.compile(rf"({'|'.join(longest)}){_TAIL}")

    return pattern(roots), pattern(cities), roots, cities


@lru_cache(maxsize=50_000)
def group(word: str) -> int | None:
    """The number of the place or body that a word names, if the table knows it."""
    folded = fold(word)
    if len(folded) <= 3 and not word.isupper() and folded not in ("pol", "ind"):  # "us", "eu", "un" only in capitals
        return None
    match = _patterns()[0].fullmatch(folded)
    return _patterns()[2][match[1]] if match else None


def is_place(word: str) -> bool:
    """Whether a word names a place or body that the table knows."""
    number = group(word)
    return number is not None and number < len(_GROUPS.splitlines())


@lru_cache(maxsize=50_000)
def _city(word: str) -> int | None:
    match = _patterns()[1].fullmatch(fold(word))
    return _patterns()[3][match[1]] if match else None


def _in_german(folded: str) -> str:
    """The beginning that "California" and "Kalifornien" share."""
    return re.sub(r"(?:ia|ien|a|e|s)$", "", folded.replace("ph", "f").replace("c", "k"))


def speaks_for(city: str, word: str) -> bool:
    """Whether a capital stands for the state that a word names: "Moskau spricht von …" for "die russische Führung"."""
    return _city(city) is not None and _city(city) == group(word)


@lru_cache(maxsize=200_000)
def same_name(claimed: str, there: str) -> bool:
    """Whether a name of a claim is named by a word of a text."""
    a, b = fold(claimed), fold(there)
    if a == b or stem(claimed) == stem(there):
        return True
    place = group(claimed)
    if place is not None:
        return place in (group(there), _city(there))
    if claimed.isupper() and len(claimed) <= 4:  # an abbreviation is no part of a word
        return False
    base, other = _ENDINGS.sub("", a), _ENDINGS.sub("", b)
    if len(base) >= 3 and base == other:
        return True
    if len(a) >= 6 and _in_german(a) == _in_german(b):
        return True
    if len(a) >= 8 and len(b) >= 5 and (a.startswith(b) or a.endswith(b)):  # "Laser" is in "Laserenergie"
        return True
    if len(base) >= 6 and there[:1].isupper() and b.startswith(base):  # "Terrors" in "Terrorismus"
        return True
    return len(a) >= _SHORTEST_PART and there[:1].isupper() and b.startswith(a)
