"""Question and candidate sentences → the numbers that the sentence ranker reads.

Used for training and for answering, so that both see the same. Knows words and vectors, not what is made of the result.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from rag.encoder import StaticEncoder
from rag.expected import Expected
from rag.german import sentences, stems, words
from rag.terms import Array, Idf, Terms, covered, weakest
from rag.types import Hit, Query, Quote
from rag.vocabulary import distinct_words, vocabulary

HITS = 6  # passages whose sentences are candidates
MAX_SENTENCES = 240
_KNOWN_SENTENCES = 12_000  # some 25 MB; the same sentences come back with every question on a topic
_KNOWN_PASSAGES = 2_000
_FOUND = 0.7  # share of a word's grams from which it counts as found, with a slip of the pen

QUESTION_FORMS: dict[str, re.Pattern[str]] = {
    "why": re.compile(r"\b(?:warum|wieso|weshalb|weswegen|aus welche\w+ gr[uü]nd\w*|wozu|why)\b", re.I),
    "when": re.compile(r"\b(?:wann|seit wann|bis wann|in welchem jahr|an welchem tag|welches datum|when)\b", re.I),
    "number": re.compile(
        r"\b(?:wie\s?viele?n?|wie (?:hoch|groß|lange?|alt|oft|weit|schwer|teuer|stark|schnell|häufig)|"
        r"how (?:many|much|long|old))\b",
        re.I,
    ),
    "who": re.compile(r"\b(?:wer|wen|wem|wessen|who|whom|whose|von wem)\b", re.I),
    "where": re.compile(r"\b(?:wo|woher|wohin|in welche[mr] (?:stadt|land|ort)\w*|where)\b", re.I),
    "how": re.compile(r"\b(?:wie|wodurch|womit|auf welche weise|how)\b", re.I),
    "what": re.compile(r"\b(?:was|welche[rsnm]?|worum|worüber|worauf|woran|wofür|wovon|what|which)\b", re.I),
}
ANSWER_FORMS: dict[str, re.Pattern[str]] = {
    "why": re.compile(
        r"\b(?:weil|denn|deshalb|deswegen|daher|darum|dadurch|wegen|aufgrund|infolge|angesichts|gr(?:und|ünde\w*)|anlass|"
        r"ursache\w*|hintergrund|somit|folglich|sonst|ansonsten|führt\w* zu|sorgt\w*|aus angst|zum schutz)\b|"
        r"(?:^|, )(?:da|damit|um)\b|\bum .{3,80}? zu\b",
        re.I,
    ),
    "when": re.compile(
        r"\b(?:\d{4}|\d{1,2}\. ?(?:\d{1,2}\.|januar|jänner|februar|märz|april|mai|juni|juli|august|september|"
        r"oktober|november|dezember)|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|gestern|heute|morgen|januar|jänner|februar|"
        r"märz|april|juni|juli|august|september|oktober|november|dezember|\d+ uhr|jahr\w*|woche\w*|monat\w*)\b",
        re.I,
    ),
    "number": re.compile(
        r"\d|\b(?:zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|dutzend|hundert\w*|tausend\w*|million\w*|"
        r"milliarde\w*|prozent|hälfte|drittel|viertel)\b",
        re.I,
    ),
    "who": re.compile(r"(?<=[a-zäöüß,] )[A-ZÄÖÜ][\w-]+ [A-ZÄÖÜ][\w-]+|^[A-ZÄÖÜ][a-zäöüß-]+ [A-ZÄÖÜ][\w-]+"),
    "where": re.compile(r"\b(?:in|im|aus|nach|bei|nahe|an der|am) (?:der |dem |den )?[A-ZÄÖÜ]\w+"),
    "how": re.compile(r"\b(?:indem|durch|mit ?hilfe|mittels|per|dabei|so|werden|soll\w*)\b", re.I),
    "what": re.compile(r"\b(?:ist|sind|war|waren|gilt|gelten|heißt|bedeutet|handelt|besteht|bezeichnet)\b", re.I),
}
_SPEECH = re.compile(
    r"[\"„“«»]|\b(?:sagt\w*|erklär\w*|laut|zufolge|meint\w*|beton\w*|kritisier\w*|forder\w*|so der|so die|sei|"
    r"seien|habe|hätten)\b"
)
_CONDITION = re.compile(
    r"\b(?:müsste\w*|müsse\w*|würde\w*|könnte\w*|dürfte\w*|wäre\w*|hätte\w*|ohne|nur|erst|"
    r"wenn|falls)\b",
    re.I,
)
_NEGATION = re.compile(r"\b(?:nicht|kein\w*|nie|niemals|nichts|kaum|weder|ohne|statt|not|no|never)\b", re.I)
_LEANS_BACK = re.compile(
    r"[\"„]?(?:dies\w*|damit|dazu|dafür|dagegen|dabei|daran|darauf|daraus|darin|darüber|davon|davor|deshalb|deswegen|daher|"
    r"darum|dadurch|danach|dann|er|sie|es|ihr\w*|sein\w*|außerdem|zudem|auch|doch|aber|denn|so|dort|hier|das|beide\w*|"
    r"trotzdem|dennoch|jedoch|allerdings|hinzu|letztere\w*|erstere\w*)\b",
    re.I,
)
_CONNECTS = re.compile(r"[\"„]?(?:außerdem|zudem|auch|hinzu|doch|aber|allerdings)\b", re.I)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_END = re.compile(r"[.!?…][\"'»«“”’‘)\]]*$")


def _in_lower_case(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """The pattern for a text in lower case."""
    return re.compile(pattern.pattern, pattern.flags & ~re.IGNORECASE)


_FORMS_OF_ANY_CASE = [name for name, pattern in ANSWER_FORMS.items() if pattern.flags & re.IGNORECASE]
_FORMS_OF_THIS_CASE = [name for name, pattern in ANSWER_FORMS.items() if not pattern.flags & re.IGNORECASE]
_LOWER_FORMS = [
    *(_in_lower_case(ANSWER_FORMS[name]) for name in _FORMS_OF_ANY_CASE),
    *map(_in_lower_case, (_CONDITION, _NEGATION)),
]
_CASED_FORMS = [*(ANSWER_FORMS[name] for name in _FORMS_OF_THIS_CASE), _SPEECH]
_SHAPE = (
    *(f"has_{name}" for name in _FORMS_OF_ANY_CASE),
    *("condition", "negation"),
    *(f"has_{name}" for name in _FORMS_OF_THIS_CASE),
    *("speech", "leans_back", "whole", "length"),
)


def question_form(question: str) -> str:
    """What a question asks for: the first of ``QUESTION_FORMS`` by where it stands, else ``yesno``."""
    found = [(m.start(), i, name) for i, (name, p) in enumerate(QUESTION_FORMS.items()) if (m := p.search(question))]
    return min(found)[2] if found else "yesno"


def _leans_back(sentence: str) -> bool:
    """Whether a sentence begins as those do that lean on the one before it.

    A feature of the trained ranker, so it stays as it was trained; what a reader needs is told by ``rag.wording``.
    """
    return bool(_LEANS_BACK.match(sentence)) and not _CONNECTS.match(sentence)


def is_sentence(text: str) -> bool:
    """Whether a span is a whole sentence to quote: it ends as one does, and is no question or mere heading."""
    return bool(_END.search(text)) and not text.rstrip('"“”»«’)').endswith("?") and len(text.split()) >= 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sentence that may be quoted: where it stands, and which sentence of which hit it is."""

    quote: Quote
    hit: int
    position: int


def candidates(hits: Sequence[Hit]) -> list[list[Candidate]]:
    """The sentences of the first hits, one list a hit, in the order of the text."""
    found: list[list[Candidate]] = []
    total = 0
    for number, hit in enumerate(hits[:HITS]):
        p = hit.passage
        spans = _sentences(p.text)[: MAX_SENTENCES - total]
        total += len(spans)
        found.append(
            [
                Candidate(
                    Quote(p.article_id, p.passage_id, p.start + start, p.start + end, p.text[start:end]), number, i
                )
                for i, (start, end) in enumerate(spans)
            ]
        )
    return [sentences_ for sentences_ in found if sentences_]


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What a sentence is, whatever is asked."""

    words: frozenset[str]
    names: tuple[str, ...]
    numbers: frozenset[str]
    shape: tuple[float, ...]  # in the order of _SHAPE


@lru_cache(maxsize=_KNOWN_SENTENCES)
def _analysed(text: str) -> _Sentence:
    """Remembered, since the same sentences come back with every question on a topic."""
    lower = text.lower()  # a pattern that ignores case takes twice as long
    return _Sentence(
        words=frozenset(distinct_words(text)),
        names=tuple(w.lower() for w in words(text)[1:] if w[0].isupper()),
        numbers=frozenset(_NUMBER.findall(text)),
        shape=(
            *(float(bool(form.search(lower))) for form in _LOWER_FORMS),
            *(float(bool(form.search(text))) for form in _CASED_FORMS),
            float(_leans_back(text)),
            float(is_sentence(text)),
            float(np.log1p(len(text.split())) / 4),
        ),
    )


@lru_cache(maxsize=_KNOWN_PASSAGES)
def _sentences(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(sentences(text))


def cased(questions: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Questions in small letters or capitals alone, each word as the texts mostly write it; the others as they are.

    In German a capital tells names and nouns, which the features look for.
    """
    if not any(map(_of_one_case, questions)):
        return list(questions)
    written: dict[str, str] = {}
    for word, _ in Counter(word for text in texts for word in words(text)).most_common():
        written.setdefault(word.lower(), word)
    return [_rewritten(question, written) if _of_one_case(question) else question for question in questions]


def _of_one_case(question: str) -> bool:
    """But for its first character, which is a capital in any question."""
    return len({character.isupper() for character in question[1:] if character.isalpha()}) == 1


def _rewritten(question: str, written: Mapping[str, str]) -> str:
    told = re.sub(r"\w+", lambda word: written.get(word[0].lower(), word[0].lower()), question)
    return told[:1].upper() + told[1:]


class Features:
    """The features of all candidates for one question: ``rows`` of shape (sentences, ``len(NAMES)``)."""

    def __init__(self, query: Query, hits: Sequence[Hit], encoder: StaticEncoder, idf: Idf) -> None:
        self.groups = candidates(hits)
        self.flat = [candidate for group in self.groups for candidate in group]
        self._hits = hits
        self._encoder = encoder
        self.question, asked = cased((query.searched, query.question), [hit.passage.text for hit in hits])
        self._form = question_form(query.question)
        self._expected = Expected(asked)
        self._terms = Terms(self.question, encoder, idf)

    @cached_property
    def rows(self) -> Array:
        texts = [c.quote.text for c in self.flat]
        analysed = [_analysed(text) for text in texts]
        found = self._terms.match(texts)
        vectors = vocabulary(self._encoder).sentence_vectors(texts)
        cosine = vectors @ self._encoder.encode_queries([self.question])[0]
        columns: dict[str, Array] = {}
        for name, matrix, shares in (
            ("exact", found.exact, self._terms.stem_weights),
            ("gram", found.gram, self._terms.gram_weights),
            ("soft", found.soft, self._terms.word_weights),
        ):
            before, after, window, whole = self._neighbourhood(matrix)
            columns[name] = covered(matrix, shares)
            columns[f"{name}_before"] = covered(before, shares)
            columns[f"{name}_after"] = covered(after, shares)
            columns[f"{name}_window"] = covered(window, shares)
            columns[f"{name}_passage"] = covered(whole, shares)
            columns[f"{name}_weakest"] = weakest(whole)
            columns[f"{name}_over_window"] = columns[name] / (columns[f"{name}_window"] + 1e-3)
        before, after, _, whole = self._neighbourhood(cosine[:, np.newaxis])
        columns |= {"cosine": cosine, "cosine_before": before[:, 0], "cosine_after": after[:, 0]}
        columns |= {"cosine_best": whole[:, 0], "cosine_over_best": cosine - whole[:, 0]}
        names = self._terms.names(self._neighbourhood(found.gram)[3])
        columns |= {"names": names[:, 0], "names_weakest": names[:, 1], "rarest": names[:, 2]}
        columns |= self._retrieval() | self._shape(analysed)
        columns |= self._answers(texts, columns["gram_window"], columns["soft_window"])
        return np.nan_to_num(np.stack([columns[name] for name in NAMES], axis=1).astype(np.float32))

    @property
    def names_found(self) -> bool:
        """Whether all names, numbers or, without those, all words of the question stand in one of the passages."""
        return bool(self.rows[:, NAMES.index("names_weakest")].max() > _FOUND)

    def _neighbourhood(self, matrix: Array) -> tuple[Array, Array, Array, Array]:
        """For each sentence: the one before, the one after, the best of the three, the best of the passage."""
        before, after, whole = np.zeros_like(matrix), np.zeros_like(matrix), np.zeros_like(matrix)
        start = 0
        for group in self.groups:
            end = start + len(group)
            before[start + 1 : end] = matrix[start : end - 1]
            after[start : end - 1] = matrix[start + 1 : end]
            whole[start:end] = matrix[start:end].max(axis=0)
            start = end
        return before, after, np.maximum(matrix, np.maximum(before, after)), whole

    def _retrieval(self) -> dict[str, Array]:
        """What the search said of the passage: how far it is behind the best, its rank, its parts."""
        own = [self._hits[c.hit] for c in self.flat]
        titled = [self._title_cover(hit.article.title) for hit in self._hits[:HITS]]
        return {
            "hit_behind": _column(hit.score - self._hits[0].score for hit in own),
            "hit_rank": _column(1 / (1 + c.hit) for c in self.flat),
            "hit_article": _column(hit.article.article_id == self._hits[0].article.article_id for hit in own),
            "hit_dense": _column(hit.parts.get("dense", 0.0) for hit in own),
            "hit_title": _column(titled[c.hit] for c in self.flat),
        }

    def _answers(self, texts: Sequence[str], gram: Array, soft: Array) -> dict[str, Array]:
        """Whether the kind of answer is there that the question expects, and there on the topic of the question."""
        held = _column(self._expected.held(text) for text in texts)
        before, after, window, whole = self._neighbourhood(held[:, np.newaxis])
        return {
            "expects": _column([bool(self._expected.kind)] * len(texts)),
            "expected": held,
            "expected_before": before[:, 0],
            "expected_after": after[:, 0],
            "expected_passage": whole[:, 0],
            "expected_gram": held * gram,
            "expected_soft": held * soft,
            "expected_gram_window": window[:, 0] * gram,
            "lacks_expected": float(bool(self._expected.kind)) * (1 - held),
        }

    def _title_cover(self, title: str) -> float:
        inside = frozenset(stems(title))
        return float(sum(w for t, w in zip(self._terms.stems, self._terms.stem_weights, strict=True) if t in inside))

    def _shape(self, analysed: Sequence[_Sentence]) -> dict[str, Array]:
        """What a sentence looks like by itself, and whether it has the form that the question asks for."""
        asked_numbers = set(_NUMBER.findall(self.question))
        asked_words = {w.lower() for w in words(self.question)}
        count = len(analysed)
        shapes = np.array([a.shape for a in analysed], dtype=np.float32)
        columns: dict[str, Array] = {name: shapes[:, i] for i, name in enumerate(_SHAPE)}
        columns |= {f"asks_{n}": _column([self._form == n] * count) for n in (*QUESTION_FORMS, "yesno")}
        fits = columns.get(f"has_{self._form}", np.zeros(count, dtype=np.float32))
        before, after, _, _ = self._neighbourhood(fits[:, np.newaxis])
        return columns | {
            "form_fits": fits,
            "form_before": before[:, 0],
            "form_after": after[:, 0],
            "asks_negation": _column([bool(_NEGATION.search(self.question))] * count),
            "next_leans_back": np.append(columns["leans_back"][1:], np.float32(0)),
            "position": _column(1 / (1 + c.position) for c in self.flat),
            "depth": _column(np.log1p(c.quote.start) / 10 for c in self.flat),
            "new_numbers": _column(bool(a.numbers - asked_numbers) for a in analysed),
            "new_names": _column(min(5, sum(w not in asked_words for w in a.names)) / 5 for a in analysed),
            "new_words": _column(min(20, len(a.words - asked_words)) / 20 for a in analysed),
            "asked_words": _column([min(12, len(self._terms.words)) / 12] * count),
        }


def _column(values: object) -> Array:
    return np.array(list(values), dtype=np.float32)  # type: ignore[call-overload]


_MATCHES = ("", "_before", "_after", "_window", "_passage", "_weakest", "_over_window")
NAMES: tuple[str, ...] = (
    *(f"{kind}{suffix}" for kind in ("exact", "gram", "soft") for suffix in _MATCHES),
    *("cosine", "cosine_before", "cosine_after", "cosine_best", "cosine_over_best"),
    *("names", "names_weakest", "rarest"),
    *("hit_behind", "hit_rank", "hit_article", "hit_dense", "hit_title"),
    *(f"has_{name}" for name in ANSWER_FORMS),
    *(f"asks_{name}" for name in (*QUESTION_FORMS, "yesno")),
    *(
        "form_fits",
        "form_before",
        "form_after",
        "condition",
        "negation",
        "asks_negation",
        "speech",
        "leans_back",
        "next_leans_back",
        "whole",
        "length",
        "position",
        "depth",
    ),
    *("new_numbers", "new_names", "new_words", "asked_words"),
    *("expects", "expected", "expected_before", "expected_after", "expected_passage"),
    *("expected_gram", "expected_soft", "expected_gram_window", "lacks_expected"),
)
