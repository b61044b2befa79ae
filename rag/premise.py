"""Whether an article denies what a question takes for granted ("Warum hat die NATO die Flugverbotszone eingerichtet?").

By words alone: a refusal of what is asked about, or a "nicht" or "kein" beside the verb of the question. It sees few of
all denials, but hardly takes anything else for one. Knows sentences, no articles and no ranking.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from rag.german import stem, words

_NEGATES = re.compile(r"\b(?:nicht|nie|niemals|weder|kein\w*|niemand)\b", re.IGNORECASE)
_REFUSES = re.compile(
    r"\blehn\w*\b.*\bab\b|\babgelehnt|\bablehn\w*|\bverweiger\w*|\b(?:schließ\w*|schloss\w*)\b.*\baus\b|\bausgeschlossen|"
    r"\bdementier\w*|\bwiderleg\w*|\bwies\w*\b.*\bzurück\b|\bzurückgewiesen|\bverzichte\w*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:–—]|(?<=\s)und(?=\s)")
_PREFIXES = "ab an auf aus bei ein fest frei her hin los mit nach vor weg weiter wieder zu zurück zusammen".split()
_PARTICIPLE = re.compile(rf"(?P<prefix>{'|'.join(_PREFIXES)})?ge(?P<root>\w{{3,}}?)(?:e?t|en)")
_FINITE = re.compile(rf"(?P<prefix>{'|'.join(_PREFIXES)})?(?P<root>\w{{3,}}?)(?:e?te?n?|e?st|en|e)")
_AUXILIARIES = frozenset(
    """hat haben habe hatte hatten ist sind war waren wird werden wurde wurden worden gewesen kann können konnte konnten
    soll sollen sollte will wollen wollte muss müssen musste darf dürfen durfte gibt gab macht machte""".split()
)
_ASKS_OPENLY = frozenset({"was", "what"})  # what somebody says or does: that it is a refusal is an answer
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class _Verb:
    """A verb by its root; a prefix may stand apart from it ("lehnt … ab")."""

    prefix: str
    root: str

    def stands_in(self, clause: str) -> bool:
        found = [word.lower() for word in words(clause)]
        apart = not self.prefix or self.prefix in found
        return any(
            word.startswith((f"{self.prefix}{self.root}", f"{self.prefix}ge{self.root}", f"{self.prefix}zu{self.root}"))
            or (apart and word.startswith(self.root))
            for word in found
        )


class Premise:
    """What a question takes for granted; empty where it denies something itself or asks "Was …?"."""

    def __init__(self, question: str) -> None:
        self._question = question
        self._asked = words(question)

    @cached_property
    def _nouns(self) -> frozenset[str]:
        return frozenset(stem(word) for word in self._asked[1:] if word[0].isupper())

    @cached_property
    def _verb(self) -> _Verb | None:
        """The last word of the question that looks like a verb: where German puts what is said of the rest."""
        for word in reversed(self._asked[1:]):
            found = _PARTICIPLE.fullmatch(word) or _FINITE.fullmatch(word)
            if word.islower() and word not in _AUXILIARIES and found:
                return _Verb(found["prefix"] or "", found["root"])
        return None

    @cached_property
    def _open(self) -> bool:
        if not self._nouns or self._asked[0].lower() in _ASKS_OPENLY:
            return False
        return not _NEGATES.search(self._question) and not _REFUSES.search(self._question)

    def denied_by(self, sentence: str) -> bool:
        """Whether a sentence says that it is not so."""
        if not self._open or not (_NEGATES.search(sentence) or _REFUSES.search(sentence)):
            return False
        whole = self._share(sentence)
        return any(
            (_REFUSES.search(clause) and self._share(clause) > _HALF)
            or (_NEGATES.search(clause) and whole > _HALF and self._says(clause))
            for clause in _CLAUSE.split(sentence)
        )

    def affirmed_by(self, sentence: str) -> bool:
        """Whether a sentence says that it is so."""
        return self._share(sentence) >= _HALF and any(
            self._says(clause) and not _NEGATES.search(clause) for clause in _CLAUSE.split(sentence)
        )

    def _says(self, clause: str) -> bool:
        return self._verb is not None and self._verb.stands_in(clause)

    def _share(self, text: str) -> float:
        """The share of the question's nouns and names that stand in a text."""
        there = {stem(word) for word in words(text)}
        return len(self._nouns & there) / max(1, len(self._nouns))
