"""Question and candidate sentences → the numbers that the sentence ranker reads.

Used for training and for answering, so that both see the same. Knows words and vectors, not what is made of the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from rag.encoder import StaticEncoder
from rag.german import grams, sentences, stem, stems, words
from rag.types import Hit, Query, Quote

Idf = Callable[[str, str], float]  # field ("stems" or "grams"), term → inverse document frequency
Array = npt.NDArray[np.float32]

HITS = 6  # passages whose sentences are candidates
MAX_SENTENCES = 240
_WHOLE = 0.99  # share of a word's grams from which it counts as found

# Question words carry no topic: what they ask for is covered by the answer's form.
_EMPTY = frozenset(
    stem(w)
    for w in """\
    wer wen wem wessen was wann wo woher wohin warum wieso weshalb weswegen wie welche welcher welches welchen
    welchem der die das den dem des ein eine einen einem einer eines und oder ist sind war waren wird werden wurde
    wurden hat haben hatte hatten zu zum zur von vom in im an am auf aus bei mit nach für über um sich es er sie man
    nicht denn the is are was were do does did what which who when where why how of in on for to a an""".split()
)

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


def question_form(question: str) -> str:
    """What a question asks for: the first of ``QUESTION_FORMS`` by where it stands, else ``yesno``."""
    found = [(m.start(), i, name) for i, (name, p) in enumerate(QUESTION_FORMS.items()) if (m := p.search(question))]
    return min(found)[2] if found else "yesno"


def leans_back(sentence: str) -> bool:
    """Whether a sentence would not be understood without the one before it."""
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
        spans = sentences(p.text)[: MAX_SENTENCES - total]
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

    stems: frozenset[str]
    grams: frozenset[str]
    words: tuple[str, ...]
    names: tuple[str, ...]
    numbers: frozenset[str]
    shape: dict[str, float]


@lru_cache(maxsize=20_000)
def _analysed(text: str) -> _Sentence:
    """Remembered, since the same sentences come back with every question on a topic."""
    found = words(text)
    shape = {f"has_{name}": float(bool(pattern.search(text))) for name, pattern in ANSWER_FORMS.items()}
    shape |= {
        "condition": float(bool(_CONDITION.search(text))),
        "negation": float(bool(_NEGATION.search(text))),
        "speech": float(bool(_SPEECH.search(text))),
        "leans_back": float(leans_back(text)),
        "whole": float(is_sentence(text)),
        "length": float(np.log1p(len(text.split())) / 4),
    }
    return _Sentence(
        stems=frozenset(stems(text)),
        grams=frozenset(grams(text)),
        words=tuple(dict.fromkeys(w.lower() for w in found)),
        names=tuple(w.lower() for w in found[1:] if w[0].isupper()),
        numbers=frozenset(_NUMBER.findall(text)),
        shape=shape,
    )


class Features:
    """The features of all candidates for one question: ``rows`` of shape (sentences, ``len(NAMES)``)."""

    def __init__(self, query: Query, hits: Sequence[Hit], encoder: StaticEncoder, idf: Idf) -> None:
        self.groups = candidates(hits)
        self.flat = [candidate for group in self.groups for candidate in group]
        self._hits = hits
        self._encoder = encoder
        self._question = query.standalone
        self._form = question_form(query.question)
        self._stems = [t for t in dict.fromkeys(stems(self._question)) if t not in _EMPTY] or stems(self._question)
        self._stem_idf = _weights([idf("stems", t) for t in self._stems])
        content = [w for w in words(self._question) if stem(w) not in _EMPTY] or words(self._question)
        self._words = list(dict.fromkeys(w.lower() for w in content))
        self._word_idf = _weights([idf("stems", stem(w)) for w in self._words])
        self._grams = list(dict.fromkeys(g for w in content for g in grams(w)))
        named = [w for w in content if w[0].isupper() or w[0].isdigit()] or content
        self._names_asked = list(dict.fromkeys(named))
        self._rarest = int(np.argmax([idf("stems", stem(w)) for w in self._names_asked] or [0.0]))
        self._gram_idf = _weights([idf("grams", g) for g in self._grams])

    @cached_property
    def rows(self) -> Array:
        texts = [c.quote.text for c in self.flat]
        analysed = [_analysed(text) for text in texts]
        exact = np.array([[t in a.stems for t in self._stems] for a in analysed], dtype=np.float32)
        gram = np.array([[g in a.grams for g in self._grams] for a in analysed], dtype=np.float32)
        soft = self._soft([a.words for a in analysed])
        vectors = self._encoder.encode_passages(texts)
        cosine = vectors @ self._encoder.encode_queries([self._question])[0]
        columns: dict[str, Array] = {}
        for name, matrix, idf in (
            ("exact", exact, self._stem_idf),
            ("gram", gram, self._gram_idf),
            ("soft", soft, self._word_idf),
        ):
            before, after, window, whole = self._neighbourhood(matrix)
            columns[name] = (matrix * idf).sum(axis=1)
            columns[f"{name}_before"] = (before * idf).sum(axis=1)
            columns[f"{name}_after"] = (after * idf).sum(axis=1)
            columns[f"{name}_window"] = (window * idf).sum(axis=1)
            columns[f"{name}_passage"] = (whole * idf).sum(axis=1)
            columns[f"{name}_weakest"] = whole.min(axis=1)
            columns[f"{name}_over_window"] = columns[name] / (columns[f"{name}_window"] + 1e-3)
        before, after, _, whole = self._neighbourhood(cosine[:, np.newaxis])
        columns |= {"cosine": cosine, "cosine_before": before[:, 0], "cosine_after": after[:, 0]}
        columns |= {"cosine_best": whole[:, 0], "cosine_over_best": cosine - whole[:, 0]}
        columns |= self._names(gram) | self._retrieval() | self._shape(analysed)
        return np.nan_to_num(np.stack([columns[name] for name in NAMES], axis=1).astype(np.float32))

    @property
    def names_found(self) -> bool:
        """Whether all names, numbers or, without those, all words of the question stand in one of the passages."""
        return bool(self.rows[:, NAMES.index("names_weakest")].max() > _WHOLE)

    def _soft(self, sentence_words: Sequence[Sequence[str]]) -> Array:
        """For each sentence and word of the question, the largest cosine with any word of the sentence."""
        filled = [found or ("",) for found in sentence_words]  # the vector of no word is zero
        vocabulary = list(dict.fromkeys(w for found in filled for w in found))
        number = {w: i for i, w in enumerate(vocabulary)}
        table = self._encoder.word_vectors(vocabulary) @ self._encoder.word_vectors(self._words).T
        flat = [number[w] for found in filled for w in found]
        starts = np.cumsum([0] + [len(found) for found in filled[:-1]])
        return np.asarray(np.maximum.reduceat(table[flat], starts, axis=0), dtype=np.float32)

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

    def _names(self, gram: Array) -> dict[str, Array]:
        """How much of each name, number and rare word of the question stands in the passage, letter for letter."""
        starts = np.cumsum([0] + [len(grams(w)) for w in self._names_asked])
        flat = [self._grams.index(g) for w in self._names_asked for g in grams(w)]
        passage = self._neighbourhood(gram)[3]
        if not flat:
            ones = np.ones(len(gram), dtype=np.float32)
            return {"names": ones, "names_weakest": ones, "rarest": ones}
        found = np.stack([passage[:, flat[a:b]].mean(axis=1) for a, b in zip(starts, starts[1:], strict=False)], axis=1)
        return {
            "names": found.mean(axis=1),
            "names_weakest": found.min(axis=1),
            "rarest": found[:, self._rarest],
        }

    def _retrieval(self) -> dict[str, Array]:
        """What the search said of the passage: its score and its parts, relative to the best, and its rank."""
        top = max(self._hits[0].score, 1e-6)
        own = [self._hits[c.hit] for c in self.flat]
        return {
            "hit_score": _column(hit.score / top for hit in own),
            "hit_rank": _column(1 / (1 + c.hit) for c in self.flat),
            "hit_article": _column(hit.article.article_id == self._hits[0].article.article_id for hit in own),
            "hit_dense": _column(hit.parts.get("dense", 0.0) for hit in own),
            "hit_title": _column(self._title_cover(hit.article.title) for hit in own),
        }

    def _title_cover(self, title: str) -> float:
        inside = frozenset(stems(title))
        return float(sum(w for t, w in zip(self._stems, self._stem_idf, strict=True) if t in inside))

    def _shape(self, analysed: Sequence[_Sentence]) -> dict[str, Array]:
        """What a sentence looks like by itself, and whether it has the form that the question asks for."""
        asked_numbers = set(_NUMBER.findall(self._question))
        asked_words = {w.lower() for w in words(self._question)}
        count = len(analysed)
        columns = {name: _column(a.shape[name] for a in analysed) for name in analysed[0].shape}
        columns |= {f"asks_{n}": _column([self._form == n] * count) for n in (*QUESTION_FORMS, "yesno")}
        fits = columns.get(f"has_{self._form}", np.zeros(count, dtype=np.float32))
        before, after, _, _ = self._neighbourhood(fits[:, np.newaxis])
        return columns | {
            "form_fits": fits,
            "form_before": before[:, 0],
            "form_after": after[:, 0],
            "asks_negation": _column([bool(_NEGATION.search(self._question))] * count),
            "next_leans_back": np.append(columns["leans_back"][1:], np.float32(0)),
            "position": _column(1 / (1 + c.position) for c in self.flat),
            "depth": _column(np.log1p(c.quote.start) / 10 for c in self.flat),
            "new_numbers": _column(bool(a.numbers - asked_numbers) for a in analysed),
            "new_names": _column(min(5, sum(w not in asked_words for w in a.names)) / 5 for a in analysed),
            "new_words": _column(min(20, len(set(a.words) - asked_words)) / 20 for a in analysed),
            "asked_words": _column([min(12, len(self._words)) / 12] * count),
        }


def _column(values: object) -> Array:
    return np.array(list(values), dtype=np.float32)  # type: ignore[call-overload]


def _weights(values: Sequence[float]) -> Array:
    weights = np.array(values, dtype=np.float32)
    return weights / max(float(weights.sum()), 1e-6)


_MATCHES = ("", "_before", "_after", "_window", "_passage", "_weakest", "_over_window")
NAMES: tuple[str, ...] = (
    *(f"{kind}{suffix}" for kind in ("exact", "gram", "soft") for suffix in _MATCHES),
    *("cosine", "cosine_before", "cosine_after", "cosine_best", "cosine_over_best"),
    *("names", "names_weakest", "rarest"),
    *("hit_score", "hit_rank", "hit_article", "hit_dense", "hit_title"),
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
)
