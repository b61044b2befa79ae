"""German text → words, stems, character 4-grams and sentences: the one analyzer for building, asking and checking.

Whatever changes the stems or grams of any text must raise ``ANALYZER_VERSION``, so that an index made by the old
rules is not searched by the new ones. This module knows nothing of articles or indexes.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import Stemmer

from rag.names import name_key
from rag.numbers import plain, unabbreviated

ANALYZER_VERSION = 4
GRAM_LENGTH = 4

_WORD = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+")
# The s of "Fotos" and "Obamas", which Snowball leaves; not that of "Preis", "Haus" and "Video-Chaos".
_VOWEL_AND_S = re.compile(r"(?:[^aeiou][aiy]|[^aou]o)s$")
_SHORTEST_PLURAL = 5
_HYPHENED = re.compile(r"\b[^\W_]++(?:-[^\W_]++)+")
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: no file, store or page takes it
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_SPACES = re.compile(r"[^\S\n]+")
_BASE_LETTERS = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})

_local = threading.local()
_plain = lru_cache(maxsize=16)(plain)  # stems and grams are made of the same text


def clean_characters(text: str) -> str:
    """Unicode NFC without invisible characters; every run of blanks becomes one space, every line end ``\\n``.

    Half characters become ``\\ufffd``, so that the result can be encoded. Cleaning it again changes nothing.
    """
    text = _INVISIBLE.sub("", _LINE_END.sub("\n", _SURROGATE.sub("\ufffd", text)))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text))  # last: an invisible character may part two that join


def words(text: str) -> list[str]:
    """The words of a text as they stand in it; decimal numbers, times and dates of digits stay whole."""
    return _WORD.findall(text)


def terms(text: str) -> list[str]:
    """The words that a text is searched by: those that stand in it, but for dates, amounts and units, written one way.

    ``30.11.2022`` and ``30. November 2022`` have the same ones (``rag/numbers.py``).
    """
    return words(_plain(text))


def fold(word: str) -> str:
    """Case and accents removed: ``Größe`` → ``grosse``, ``Çelik`` → ``celik``, ``Wałęsa`` → ``walesa``."""
    plain = word.casefold().translate(_BASE_LETTERS)
    if plain.isascii():  # most words, and nothing to take away
        return plain
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _term(word: str) -> str:
    """A word folded, as one term: never empty, as an accent alone would be, and without the blanks of a ligature."""
    return "".join(fold(word).split()) or word


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The German Snowball stem, folded (https://snowballstem.org/algorithms/german/stemmer.html); one for all spellings
    of a name (``rag/names.py``)."""
    stemmer = getattr(_local, "stemmer", None)
    if stemmer is None:  # a PyStemmer object must not be shared between threads
        stemmer = _local.stemmer = Stemmer.Stemmer("german", 0)
    found = name_key(_term(stemmer.stemWord(unabbreviated(word.lower()))))
    return found[:-1] if len(found) >= _SHORTEST_PLURAL and _VOWEL_AND_S.search(found) else found


def stems(text: str) -> list[str]:
    """The stem of every term in order, then those of words with hyphens as if written without: ``Corona-Krise``."""
    joined = [word.replace("-", "") for word in _HYPHENED.findall(_plain(text))]
    return [*map(stem, terms(text)), *(stem(word) for word in joined if not word.isdigit())]


@lru_cache(maxsize=200_000)
def word_grams(word: str) -> tuple[str, ...]:
    """The character 4-grams of one word, folded; a shorter word is its own gram."""
    folded = name_key(_term(unabbreviated(word.lower())))
    if len(folded) <= GRAM_LENGTH:
        return (folded,)
    return tuple(folded[i : i + GRAM_LENGTH] for i in range(len(folded) - GRAM_LENGTH + 1))


def grams(text: str) -> list[str]:
    """The 4-grams of every term, in order.

    They find ``Raketenabwehr`` in ``Raketenabwehrsystem`` without a dictionary of compounds.
    """
    return [gram for word in terms(text) for gram in word_grams(word)]


_DIGRAPHS = re.compile(r"(?<![aeqAEQ])ue|(?<![aeAE])[ao]e|(?<![aeAE])[AO]e|Ue")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def spellings(word: str) -> tuple[str, ...]:
    """A word as it is typed, with umlauts for ae, oe, ue, and the other way round: ``Bruecke``, ``Brucke``, …

    An umlaut is written as its vowel, which is what ``fold`` leaves of it. "neue" and "Quelle" keep their ue.
    """
    return tuple(dict.fromkeys((word, _DIGRAPHS.sub(lambda pair: pair[0][0], word), word.translate(_UMLAUTS))))


# Sentences ---------------------------------------------------------------------------------------------------------

_ABBREVIATIONS = frozenset(
    """abb abg abs abt allg anm art aufl az bd betr bsp bspw bzgl bzw ca chr co cf dipl dr ebd ehem einschl entspr etc
    evtl exkl ff fr frl geb gegr gem gen gest ggf hbf hg hl hr hrsg inkl insb ing jh jhd jr kap kl lat lt ltd maj
    max med min mind mio mr mrd mrs ms nr obb op phil pol prof rd red reg resp s sen sog spez st std stellv str tel
    tsd u usf usw ver verf vgl vol vors z zit zs ztr zzgl inc corp bros jan feb mär apr jun jul aug sep sept okt nov
    dez mo di mi do fr sa so""".split()
)
# Abbreviations that often end a sentence too; then the next word decides.
_MAY_END = frozenset(
    """etc usw usf std jh jhd mio mrd tsd co ltd inc corp jr ff str hbf jan feb mär apr jun jul aug sep sept okt nov
    dez""".split()
)
# Capitalised words that begin a sentence far more often than they follow an abbreviation or an ordinal inside one.
_STARTERS = frozenset(
    """aber alle allerdings als also am an auch auf aus außerdem bei beide bereits bis bislang bisher da dabei dadurch
    dafür dagegen daher dahinter damals damit danach daneben dann daran darauf daraufhin daraus darin darüber darum
    darunter das dass dasselbe davon davor dazu dem den denn dennoch der deren derzeit des deshalb dessen deswegen
    die dies diese dieser diesem diesen dieses doch dort durch ebenso eigentlich ein eine einem einen einer eines
    einige er erst es etwa für gegen genau gleichzeitig hier hinter hinzu ihm ihn ihnen ihr ihre ihrem ihren ihrer
    im immer in indes insgesamt ist jeder jede jedoch jetzt kein keine könnte laut man manche mehr mehrere mit nach
    nachdem neben nicht noch nun nur ob obwohl ohne schließlich schon sein seine seinem seinen seiner seit seitdem
    sie so sobald sogar solange somit sowohl später statt trotz trotzdem über um und unter viele vielmehr vom von
    vor während war waren warum was weder wegen weil weitere wenn wer werden wie wieder wir wird wo wobei wurde
    wurden zu zudem zuletzt zum zunächst zur zuvor zwar zwischen""".split()
)
_CAPITAL_STARTERS = frozenset(word.capitalize() + " " for word in _STARTERS)
_MONTHS = frozenset(
    """januar jänner februar feber märz april mai juni juli august september oktober november dezember""".split()
)
_STOP = re.compile(r"(?<![.!?…])[.!?…]++[\"'»«“”’‘)\]]*+(?=\s|$)")  # from the first of a run only, else in square time
_NEXT = re.compile(r"\s*[\"'»«“„”‚‘’(\[–—-]*\s*([^\W_]+)?")
_LAST = re.compile(r"([^\W_]+)$")
_DATELINE = re.compile(r"[A-ZÄÖÜ][\w.]*(?:[ /][A-ZÄÖÜ(][\w.)]*){0,3} [–—] (?=[\"„»]?[A-ZÄÖÜ0-9])")
_LONGEST_WORD = 40


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a text as ``(start, end)`` character offsets, without the blanks around them.

    A line break always ends a sentence; a place line (``Wien – ``) is a span of its own. Every character that is not
    a blank lies in exactly one span.
    """
    spans: list[tuple[int, int]] = []
    for line in re.finditer(r"[^\n]+", text):
        start = line.start()
        for stop in _STOP.finditer(text, line.start(), line.end()):
            if _ends_sentence(text, stop, line.end()):
                _append(spans, text, start, stop.end())
                start = stop.end()
        _append(spans, text, start, line.end())
    return spans


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    place = _DATELINE.match(text, start, end)
    if place and not text.startswith(tuple(_CAPITAL_STARTERS), start) and not _has_dash(text, place.end(), end):
        spans.append((start, place.end() - 1))
        start = place.end()
    if start < end:
        spans.append((start, end))


def _has_dash(text: str, start: int, end: int) -> bool:
    """Whether a second dash follows: then the first one opened an aside and ended no place line."""
    return text.find(" – ", start, end) >= 0 or text.find(" — ", start, end) >= 0


def _ends_sentence(text: str, stop: re.Match[str], end: int) -> bool:
    """Whether a full stop, with the quotes and brackets that close after it, ends a sentence of the line to ``end``."""
    following = _NEXT.match(text, stop.end(), end)
    after = (following.group(1) or "") if following else ""
    if after and after[0].islower():
        return False
    if not stop.group().startswith(".") or stop.group().startswith(".."):
        return True
    if len(stop.group()) > 1:  # a quotation or bracket closes after the full stop
        return True
    last = _LAST.search(text[max(0, stop.start() - _LONGEST_WORD) : stop.start()])
    if last is None:
        return True
    word, starter = last.group(1), after.lower() in _STARTERS
    before = text[max(0, stop.start() - len(word) - 2) : stop.start() - len(word)]
    if word.isdigit() and before[-1:] in {":", ","}:  # a score or a decimal, no ordinal
        return True
    if word.isdigit():
        if after.lower() in _MONTHS or after[:1].isdigit():
            return False
        return len(word) > 3 or starter or not after
    if len(word) == 1:
        return starter and word.isupper() and "." not in before  # not inside "z. B."
    if word.lower() in _ABBREVIATIONS:
        return word.lower() in _MAY_END and (starter or not after)
    return True
