"""A sentence taken apart for the check: content words, clauses, numbers, days, names, denials, speakers.

The same for a claim and for the sentences of its source, so that the two can be laid side by side. Judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from rag.facts import Day, Number, days, numbers, relative_days
from rag.german import stem
from rag.proper_names import has_ordinary_end, is_ordinary, names
from rag.types import Language

TOKEN = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+")
_EMPTY = frozenset(
    stem(word)
    for word in """der die das den dem des ein eine einen einem einer eines und oder aber doch sowie als wie ist sind
    war waren wird werden wurde wurden worden hat haben hatte hatten habe hätte hätten sei seien wäre zu zum zur von vom
    in im an am auf aus bei mit nach für über unter um durch gegen bis seit vor ab pro je zwischen sich es er sie ihm
    ihn ihr ihre ihren ihrem ihrer sein seine seinen seinem seiner man dass daß ob weil da damit dazu dabei dafür davon
    daran darauf denn dies diese dieser diesem diesen dieses jene jener wer was wo wann auch nur noch schon bereits
    bisher derzeit nun dann so sehr etwa rund knapp fast gut circa ungefähr beinahe mehr als kann können konnte konnten
    könne könnte soll sollen sollte sollten solle will wollen wollte wollten wolle muss müssen musste müsse darf dürfen
    dürfte durfte dürften lässt lassen ließ gibt gab geben macht machte machen laut zufolge angaben ansicht worten
    einschätzung sagte sagt sagen erklärte erklärt teilte mit nannte nennt nennen meinte betonte außerdem zudem jedoch
    während sowohl entweder welche welcher welches deren dessen dort hier unter anderem etc usw zwar dadurch wodurch
    indem sodass heißt hieß bzw beziehungsweise nicht kein keine keinen keinem keiner keines
    the a an of to in on at by for from with and or but as is are was were be been being has have had will would could
    should can may might must its it he she they his her their this that these those which who whom whose than then
    not no more about after before said says according since when also there aged per until
    during into over under between while""".split()
)
_DENIALS = frozenset(
    """nicht nichts nie niemals niemand niemanden keinesfalls keineswegs weder ohne kaum wenig not never nobody without
    no nothing neither""".split()
)
_NO = re.compile(r"kein(?:e|en|em|er|es|erlei)?")
_NOT_ONLY = re.compile(
    r"\b(?:nicht (?:nur|zuletzt|mehr als|einmal)|not only|nichts weniger|ohne\w+|wie nie|"
    r"wie (?:\w+ )?kein\w* (?:zweit|ander)\w+)\b",
    re.IGNORECASE,
)
# Words with a "not" inside them: they may stand for one on the other side.
_HIDDEN = re.compile(
    r"ab(?:ge)?(?:lehn|sag|wies|weis|wehr|wend)|verweiger|verbot|verbiet|verhinder|verzicht|fehl|scheiter|gescheiter|"
    r"aus(?:ge)?blieb|ausgeschlossen|ausschließ|untersag|vermeid|bestreit|bestritt|dementier|widerleg|mangel|stopp|"
    r"selten|letzt|lehn(?:t|te|ten)$|schl(?:oss|ießt)$|zuletzt|un(?:be|ge|ver|mög|klar|wirk|zu|an|rech|ein)|entf[aä]ll|vergab|verlor|verpass|verschoss|"
    r"aufgab|aufgegeb|sinnlos|statt|anstatt|dagegen|einzig|offen|ende|vorbei|tiefst|niedrigst|höchst|refus|reject|fail|"
    r"\w+los(?:e|en|er|es)?$"
)
# "und" between two nouns or numbers joins these, not clauses.
_CLAUSE_END = re.compile(
    r"[,;:]\s|\s[–—-]\s|\s(?:aber|doch|sondern|but)\s|(?<![A-ZÄÖÜ\d])\b[a-zäöüß]+\s(?:und|sowie|and)\s"
    r"|\s(?:und|sowie|and)\s(?!andere|other|[A-ZÄÖÜ\d])"
)
_SPEECH = re.compile(
    r"sag(?:t|te|ten)|erklär(?:t|te|ten)|beton(?:t|te|ten)|mein(?:t|te|ten)|nann(?:t|te|ten)|nennt|warn(?:t|te|ten)|"
    r"mahn(?:t|te|ten)|kritisier(?:t|te|ten)|forder(?:t|te|ten)|verlang(?:t|te|ten)|bezeichne(?:t|te|ten)|teil(?:t|te|ten)|"
    r"bericht(?:et|ete|eten)|kündig(?:t|te|ten)|begründe(?:t|te|ten)|bestätig(?:t|te|ten)|schreib(?:t|en)|schrieb(?:en)?|"
    r"zeig(?:t|te|ten)|findet|fand|hält|hielt|erwart(?:et|ete)|äußer(?:t|te|ten)|schätz(?:t|te|en|ten)|bezweifel(?:t|te)|"
    r"versprach|verspricht|schlägt|schlug|spricht|sprach|sah|sieht|sahen|will|wollte|wirft|warf|beschuldig(?:t|te)|"
    r"vermut(?:et|ete)|meld(?:et|ete|eten)|gab|gibt|lehn(?:t|te|ten)|argumentier(?:t|te)|behaupt(?:et|ete)|wies|verteidig(?:t|te)|"
    r"said|says|told|warned|announced|called|stated|reported"
)
_SURE_SPEECH = re.compile(
    r"sag(?:t|te|ten)|erklär(?:t|te|ten)|beton(?:t|te|ten)|mein(?:t|te|ten)|warn(?:t|te|ten)|mahn(?:t|te|ten)|"
    r"kritisier(?:t|te|ten)|forder(?:t|te|ten)|kündig(?:t|te|ten)|berichtet(?:e|en)?"
)
_PREPOSITION = re.compile(
    r"(?:in|im|am|an|bei|beim|für|mit|nach|vor|über|auf|aus|zu|zum|zur|seit|von|vom|wegen|trotz|gegen|unter|ohne)",
    re.IGNORECASE,
)
# A noun without an article behind one of these is rather a place than a thing, but for what is done there.
_WHERE = re.compile(r"\b(?:in|bei|nach|aus|In|Bei|Nach|Aus) $")
_ABSTRACT = re.compile(r"\w{3,}(?:ung|heit|keit|schaft|tät|tion|ismus)(?:en)?")
_PRONOUNS = frozenset("er sie es ich wir man he she they it".split())
_ACCORDING = re.compile(
    r"\b(?:(?i:laut|nach (?:eigenen )?"
    r"(?:angaben|ansicht|einschätzung|worten|zahlen|auskunft|meinung|darstellung|überzeugung)(?: von)?|"
    r"nach einem bericht(?: von)?|according to)|so)\s+"
    r"((?:(?:d[eia][rsenm]|eine[rsm]?|the|an?)\s)?(?:[a-zäöüß]+e[nrsm]?\s)?(?:[A-ZÄÖÜ][\w-]*\s?){1,4}"
    r"(?:(?:d[eia][rsenm]|von|vom|of)\s(?:[A-ZÄÖÜ][\w-]*\s?){1,2})?)"
)
_SPEAKER_WORDS = 3


@dataclass(frozen=True)
class Statement:
    """A sentence with what stands in it. Places are character offsets into ``text``."""

    text: str
    language: Language = "de"
    published: date | None = None

    @cached_property
    def words(self) -> list[re.Match[str]]:
        """All its words and bare numbers."""
        return list(TOKEN.finditer(self.text))

    @cached_property
    def days(self) -> list[Day]:
        return [*days(self.text), *relative_days(self.text, self.published)]

    @cached_property
    def numbers(self) -> list[Number]:
        return numbers(self.text, self.language, tuple((day.start, day.end) for day in self.days))

    @cached_property
    def facts(self) -> list[Number | Day]:
        """Its numbers, then its days."""
        return [*self.numbers, *self.days]

    @cached_property
    def names(self) -> dict[int, str]:
        """Where each name begins → the name."""
        return {name.start: name.text for name in names(self.text, self.language)}

    @cached_property
    def name_runs(self) -> list[list[str]]:
        """Names that follow each other as one ("Carl-Ludwig Thiele"), without those that only begin a longer word."""
        runs: list[list[str]] = []
        last = -2
        for start, name in self.names.items():
            end = start + len(name)
            tail = TOKEN.match(self.text, end + 1) if self.text[end : end + 1] == "-" else None
            is_compound = (tail and is_ordinary(tail.group())) or has_ordinary_end(name) or _ABSTRACT.fullmatch(name)
            if is_compound and not self.is_located(start):  # "in Wilhelmshaven" is a place all the same
                continue
            if runs and start - last <= 1:
                runs[-1].append(name)
            else:
                runs.append([name])
            last = end
        return runs

    def places(self, run: Sequence[str]) -> list[int]:
        """Which of its words are the names of a run."""
        return [i for i, word in enumerate(self.words) if word.start() in self.names and word.group() in run]

    def is_located(self, place: int) -> bool:
        """Whether what begins at a place stands right behind a word such as "in"."""
        return bool(_WHERE.search(self.text, 0, place))

    @cached_property
    def content(self) -> list[int]:
        """Which of its words say something and are neither number nor day."""
        spans = [(fact.start, fact.end) for fact in self.facts]
        return [
            i
            for i, word in enumerate(self.words)
            if stem(word.group()) not in _EMPTY
            and not word.group().isdigit()
            and not any(a < word.end() and word.start() < b for a, b in spans)
        ]

    @cached_property
    def clauses(self) -> list[tuple[int, int]]:
        edges = [0, *(match.end() for match in _CLAUSE_END.finditer(self.text)), len(self.text)]
        return [(a, b) for a, b in zip(edges, edges[1:], strict=False) if b > a]

    def within(self, start: int, end: int) -> list[int]:
        """The content words between two places."""
        return [i for i in self.content if start <= self.words[i].start() < end]

    def clause_of(self, place: int) -> tuple[int, int]:
        return next(((a, b) for a, b in self.clauses if a <= place < b), (0, len(self.text)))

    def part_of(self, place: int) -> tuple[int, int]:
        """What stands between two semicolons or colons: commas part too little to say where a "not" ends."""
        edges = [0, *(match.end() for match in re.finditer(r"[;:]\s", self.text)), len(self.text)]
        return next(((a, b) for a, b in zip(edges, edges[1:], strict=False) if a <= place < b), (0, len(self.text)))

    @cached_property
    def denials(self) -> list[tuple[int, list[int]]]:
        """Each "not" of the sentence with the content words it denies: the next in its clause, else the last two."""
        shown = _NOT_ONLY.sub(lambda match: "_" * len(match.group()), self.text)
        found = []
        for i, word in enumerate(self.words):
            if not is_denial(word.group()) or shown[word.start()] == "_":
                continue
            start, end = self.clause_of(word.start())
            behind = self.within(word.end(), end)[:1]
            found.append((i, behind or self.within(start, word.start())[-2:]))
        return found

    def denied(self, start: int, end: int) -> bool:
        """Whether a "not" stands between two places."""
        return any(start <= self.words[i].start() < end for i, _ in self.denials)

    def hidden(self, start: int, end: int) -> list[int]:
        """The words between two places that hold a "not" inside them, as numbers of ``words``."""
        return [i for i, w in enumerate(self.words) if start <= w.start() < end and _HIDDEN.match(w.group().lower())]

    @cached_property
    def speakers(self) -> list[list[int]]:
        """The words for each one who speaks: behind "laut", before "zufolge", beside a verb of speech."""
        return self._speakers(_SPEECH)

    @cached_property
    def sure_speakers(self) -> list[list[int]]:
        """The same, by verbs of which nothing but speech is likely, and only where no pronoun speaks."""
        return self._speakers(_SURE_SPEECH)

    def _speakers(self, verbs: re.Pattern[str]) -> list[list[int]]:
        found = [
            self._capitals(match.start(1), match.end(1))[:_SPEAKER_WORDS] for match in _ACCORDING.finditer(self.text)
        ]
        for i, word in enumerate(self.words):
            if word.group().lower() == "zufolge":
                found.append(self._capitals(self.clause_of(word.start())[0], word.start())[-_SPEAKER_WORDS:])
            elif verbs.fullmatch(word.group()):
                found.append(self._beside(i))
        return [speaker for speaker in found if speaker]

    def _beside(self, verb: int) -> list[int]:
        """The subject of a verb of speech: before it in its clause, else right behind it."""
        start, end = self.clause_of(self.words[verb].start())
        first = TOKEN.search(self.text, start)
        before = [i for i in self._capitals(start, self.words[verb].start()) if i >= verb - _SPEAKER_WORDS - 1]
        if before and first and not _PREPOSITION.fullmatch(first.group()):
            return before
        behind = self.words[verb + 1 : verb + 2]
        if behind and behind[0].group().lower() in _PRONOUNS:
            return []
        return [i for i in self._capitals(self.words[verb].end(), end) if i <= verb + _SPEAKER_WORDS]

    def _capitals(self, start: int, end: int) -> list[int]:
        return [i for i in self.within(start, end) if self.words[i].group()[0].isupper()]


def is_denial(word: str) -> bool:
    return word.lower() in _DENIALS or bool(_NO.fullmatch(word.lower()))
