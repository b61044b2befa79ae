"""How alike words are: by stem, by letters, by a shared translation, by vector; and which words are opposites.

The measure by which a claim is laid against its source. Knows single words, no sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from rag.encoder import StaticEncoder
from rag.german import fold, stem, word_grams
from rag.terms import Array
from rag.translate import meanings, translations
from rag.types import Language

_BY_LETTERS, _BY_TRANSLATION, _BY_VECTOR = 0.9, 0.8, 0.7  # what a match that is no equality is worth
_LETTERS = 0.6  # share of letter groups in common from which two words are one word, compounded or inflected
_VECTOR = 0.45  # cosine from which they are related; of unlike words one pair in a thousand has more than 0.26
_BARE = 4  # letters, or consonants, that words must share to be forms of one verb
_VERB_END = re.compile(r"(?:e?n|e?t|e?te[nst]?|e[rs]?)$")
_PARTICIPLE = re.compile(r"^(aus|ab|an|auf|ein|vor|zu|mit|nach|bei|her|hin|um|weg|zuruck|)ge(?=\w{4})")
_SHORTEST = 5  # letters; shorter words share letter groups by chance

# Words that turn a statement round, side by side. Stems, so that their forms are meant too.
_OPPOSITES = """\
steigen gestiegen anstieg zunehmen zugenommen zunahme wachsen gewachsen wachstum erhöhen erhöht anheben anhob heben \
teurer höher plus rise rose increase | sinken gesunken rückgang abnehmen abgenommen abnahme fallen gefallen \
schrumpfen senken gesenkt billiger niedriger minus zurückgehen fall fell decrease
gewinnen gewann gewonnen sieg siegte gewinner | verlieren verlor verloren niederlage verlierer unterlag
erlauben erlaubt genehmigt genehmigen zulässig rechtmäßig zulassen | \
verbieten verboten untersagt untersagen unzulässig rechtswidrig
zustimmen zugestimmt zustimmung befürworten begrüßen begrüßte loben lobte lob annahm | \
ablehnen abgelehnt ablehnung absage kritisieren verweigern verweigerte rügte tadelte verwarf
dafür für pro | dagegen gegen kontra
beginn begann beginnen start starten anfang | ende endete enden schluss
öffnen geöffnet eröffnen | schließen geschlossen
mehr häufiger öfter | weniger seltener
größte größter größten höchste höchsten meiste meisten | \
kleinste kleinster kleinsten niedrigste niedrigsten wenigste wenigsten geringste
groß großer große großen großes | klein kleiner kleine kleinen kleines
hoch hohe hohen stark starke starken starkes | niedrig niedrige niedrigen schwach schwache schwachen schwaches
teuer teure teuren teuerste wertvollste | billig billige günstig günstige günstigen billigste
besser beste besten | schlechter schlechteste schlechtesten
älteste ältester ältesten alt | jüngste jüngster jüngsten jung
früher eher | später
schneller schnell rasch | langsamer langsam
länger verlängern verlängert | kürzer kürzen gekürzt
erste ersten erster | letzte letzten letzter
viel viele vielen | wenig wenige wenigen
alle aller jeder jedem | keiner keinem niemand wenige weniger
gesamt gesamten ganze ganzen | teilweise teil
bekannt | unbekannt
richtig richtige | falsch falsche
anders anderer anderen | gleich gleicher gleichen
verschießen vergab verschoss | verwandeln verwandelte
nie niemals | immer bereits
einschränkung einschränken befristung | ausweitung ausweiten
mindestens | höchstens
süd süden | nord norden
ost osten östlich östlichen | west westen westlich westlichen
"""


@lru_cache(maxsize=1)
def _sides() -> dict[str, frozenset[tuple[int, int]]]:
    """Stem → the pairs of opposites that it is in, with the side it stands on (0 or 1)."""
    found: dict[str, set[tuple[int, int]]] = {}
    for pair, line in enumerate(_OPPOSITES.splitlines()):
        for side, half in enumerate(line.split("|")):
            for word in half.split():
                found.setdefault(stem(word), set()).add((pair, side))
    return {word: frozenset(sides) for word, sides in found.items()}


def opposite(one: str, other: str) -> bool:
    """Whether two words are known opposites."""
    sides, a, b = _sides(), stem(one), stem(other)
    if a == "un" + b or b == "un" + a:
        return True
    return any((pair, 1 - side) in sides.get(b, ()) for pair, side in sides.get(a, ()))


def likeness(claimed: Sequence[str], there: Sequence[str], encoder: StaticEncoder, language: Language) -> Array:
    """From 0 to 1 how well each word of a claim is matched by each word of a source, shape (claimed, there)."""
    if not claimed or not there:
        return np.zeros((len(claimed), len(there)), dtype=np.float32)
    vectors = encoder.encode_passages([word.lower() for word in (*claimed, *there)])
    cosines = vectors[: len(claimed)] @ vectors[len(claimed) :].T
    found = np.where(cosines >= _VECTOR, _BY_VECTOR, 0.0).astype(np.float32)
    for row, word in enumerate(claimed):
        for column, other in enumerate(there):
            found[row, column] = max(found[row, column], _pair(word, other, language))
    return found


@lru_cache(maxsize=200_000)
def _pair(claimed: str, there: str, language: Language) -> float:
    """What two words share but for their vectors. An English word is matched through its German translations."""
    if claimed.lower() == there.lower():
        return 1.0
    if language == "en":
        german = translations(claimed) or (claimed.replace("ph", "f").replace("c", "k"),)  # "telescope"
        return max((_pair(word, there, "de") for word in german), default=0.0)
    if opposite(claimed, there):
        return 0.0
    one, other = stem(claimed), stem(there)
    if one == other:
        return 1.0
    if min(len(claimed), len(there)) >= _SHORTEST and _share(claimed, there) >= _LETTERS:
        return _BY_LETTERS
    if _are_forms_of_one(claimed, there):
        return _BY_LETTERS
    known = meanings()
    if known.get(one, frozenset()) & known.get(other, frozenset()):
        return _BY_TRANSLATION
    return 0.0


def _are_forms_of_one(word: str, other: str) -> bool:
    """Whether two words may be forms of one verb: "folgt" and "folgen", or "empfängt", "empfing" and "empfangen"."""
    one, two = _bare(word), _bare(other)
    if one == two:
        return len(one) >= _BARE
    skeleton = _consonants(one)
    return len(skeleton) >= _BARE and skeleton == _consonants(two)


@lru_cache(maxsize=100_000)
def _bare(word: str) -> str:
    folded = fold(word)
    return _VERB_END.sub("", _PARTICIPLE.sub(r"\1", folded) if word[0].islower() else folded)


def _consonants(bare: str) -> str:
    return re.sub(r"[aeiouy]|(.)(?=\1)", "", bare)


def _share(one: str, other: str) -> float:
    """Letter groups in common, as a share of the fewer: a part of a compound is wholly in it."""
    a, b = set(word_grams(one)), set(word_grams(other))
    return len(a & b) / min(len(a), len(b))
