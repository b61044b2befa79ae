"""Do the names of a claim stand where its clauses come from, and do the same people speak there?

Knows a claim laid beside its sources (``beside``); the verdict is made in ``support``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from rag.beside import SURE, Beside
from rag.proper_names import same_name
from rag.roles import agents, is_passive, is_subordinate, verbs_of
from rag.slots import Slot, slots
from rag.statement import Statement
from rag.terms import Array

SHOWN = 0.4  # of a clause, from which a sentence is where it comes from
FILLED = 0.5  # the same, for a slot that is filled otherwise
OWN = 0.08  # of a clause, that a sentence with a displaced name must cover beyond that one
_TIE = 0.9  # sentences that cover so much of what the best one covers are as good
_SAME = 0.85  # from here two verbs are the same
_JOINED = 4  # words between two that belong together
_TOPIC = 3  # sentences that name whom a passage is about
_BACK = 3  # sentences looked back for the name that a pronoun stands for

_OF = re.compile(r" (?:von|vom|of)(?: der| dem| the)? ")


def absent(b: Beside) -> str:
    """A speaker or name of the claim that stands in none of the passages, nor in a title."""
    for speakers in b.claim.speakers:
        row = b.row[speakers[-1]]
        if not b.table[row].any() and not b.is_framed(b.text(speakers[-1])):
            return "speaker"
    missing = (i for i in b.named if not b.table[b.row[i]].any())
    return "name" if any(not b.is_framed(b.text(i)) for i in missing) else ""


def swapped(b: Beside) -> str:
    """A name that took the place of another."""
    if any(_is_displaced(b, run) for run in b.runs) or any(_is_filled_otherwise(b, s) for s in slots(b.claim)):
        return "name"
    return "name" if _is_bound_otherwise(b) else ""


def _is_displaced(b: Beside, run: Sequence[int]) -> bool:
    """Whether the sentence that the clause around a name comes from names, or means, somebody else instead.

    Not so if a sentence with the name covers words of the clause that the other one does not: then the clause was made
    of both.
    """
    holding = [int(i) for i in np.nonzero(b.table[b.row[run[-1]]])[0]]
    words, facts = b.around(run)
    covered = b.covered(words, facts)
    home, name = int(covered.argmax()), b.text(run[-1])
    if not holding or covered[home] < SHOWN or not _says_more_than_names(b, home, words, facts):
        return False
    rest = b.rest(run)
    if any(covered[i] >= _TIE * covered[home] or rest[i] >= _TIE * rest[home] for i in holding):
        return False
    if not b.strangers(home, name) and (b.is_framed(name) or _may_mean(b, home, set(holding), name)):
        return False
    return bool(b.beyond(home, words, facts)[holding].max() < OWN)


def _says_more_than_names(b: Beside, sentence: int, words: Sequence[int], facts: Sequence[int]) -> bool:
    """Whether a sentence holds one of some words that is no name, or one of some facts."""
    return bool(b.facts[facts, sentence].any()) or any(b.table[b.row[i], sentence] for i in words if i not in b.named)


def _is_filled_otherwise(b: Beside, slot: Slot) -> bool:
    """Whether the sentence that the clause around a slot comes from has the same slot, filled by another name."""
    if slot.filler not in b.row or (slot.head is not None and slot.head not in b.row):
        return False
    row = b.row[slot.filler]
    if slot.kind in ("-", "origin") and not b.table[row].any():
        return any(_is_same_slot(b, slot, i, other) for i, s in enumerate(b.sources) for other in slots(s.said))
    words, facts = b.around([slot.filler])
    covered = b.covered(words, facts)
    home = int(covered.argmax())
    if covered[home] < FILLED or b.table[row, home] > 0:
        return False
    if (b.beyond(home, words, facts) * (b.table[row] > 0)).max() >= OWN:
        return False
    return any(_is_same_slot(b, slot, home, other) for other in slots(b.sources[home].said))


def _is_same_slot(b: Beside, slot: Slot, home: int, other: Slot) -> bool:
    """Whether a slot of a sentence is one of the claim, and filled by what the claim does not mention."""
    if slot.kind != other.kind or b.match(home, other.filler) >= SURE:
        return False
    if slot.kind == "of" and b.sources[home].said.words[other.filler].start() not in b.sources[home].said.names:
        return False
    if slot.head is None or other.head is None:
        return slot.head is other.head
    return bool(b.alike[home][b.row[slot.head], other.head] >= SURE)


def _may_mean(b: Beside, home: int, holding: set[int], name: str) -> bool:
    """Whether a sentence that names nobody may speak of a name: no other stands between, or the next one has it."""
    for before in range(home - 1, max(home - 1 - _BACK, -1), -1):
        if before in holding:
            return True
        if b.strangers(before, name):
            return home + 1 in holding
    return True


def doubtful(b: Beside) -> str:
    """A name or speaker that does not surely stand where its clause comes from."""
    return _misplaced_name(b) or _unbound(b) or _unnamed_speaker(b)


def _misplaced_name(b: Beside) -> str:
    """A name that does not stand in the sentence its clause comes from, nor is what a pronoun there stands for."""
    return "name" if any(not _is_placed(b, i) for i in b.named) else ""


def _is_placed(b: Beside, word: int) -> bool:
    match = b.claim.words[word]
    holding = {i for i in range(len(b.sources)) if b.table[b.row[word], i]}
    framed = b.is_framed(match.group())
    homes = b.homes(match.start(), match.end())
    if not homes or holding & set(homes):
        return bool(holding) or framed
    if len(holding) >= _TOPIC:  # whom the passage is about, "der Kapitän" may mean too
        return True
    if b.strangers(homes[0], match.group()):
        framed = False
    return framed or any(_is_beside(b, home, holding, match.group()) for home in homes)


def _is_beside(b: Beside, home: int, holding: set[int], name: str) -> bool:
    """Whether a sentence names nobody else, and the last one before it that names anybody names this one."""
    if b.strangers(home, name):
        return False
    for before in range(home - 1, max(home - 1 - _BACK, -1), -1):
        if before in holding:
            return True
        if b.strangers(before, name):
            break
    return home + 1 in holding


def _unbound(b: Beside) -> str:
    """Two words that the claim joins, one of them a name ("Kanzler Kern"), and every sentence keeps apart."""
    return "joined" if any(_nearest(b, pair) is not None for pair in _joined(b)) else ""


def _is_bound_otherwise(b: Beside) -> bool:
    """Whether one of two such words stands beside another name instead, in the sentence that holds both."""
    for pair in _joined(b):
        sentence = _nearest(b, pair)
        if sentence is None:
            continue
        rows = [b.row[i] for i in pair]
        gap = _distance(rows, b.alike[sentence]) or 0
        for row, name in ((rows[0], pair[1]), (rows[1], pair[0])):
            places = np.nonzero(b.alike[sentence][row] >= SURE)[0]
            others = [i for run in b.strangers(sentence, b.text(name)) for i in b.sources[sentence].said.places(run)]
            if others and np.abs(np.subtract.outer(places, others)).min() < min(gap, _JOINED):
                return True
    return False


def _joined(b: Beside) -> Iterator[tuple[int, int]]:
    """The pairs of words of the claim that belong together, one of them a name."""
    for one, other in pairwise(b.claim.content):
        first, second = b.claim.words[one], b.claim.words[other]
        names = [word.start() in b.claim.names for word in (first, second)]
        gap = b.claim.text[first.end() : second.start()]
        origin = names[0] and "isch" in first.group()  # "ukrainische Minister"
        joined = (origin or names[1]) if gap in " -" else all(names) and _OF.fullmatch(gap)
        if joined and second.group()[0].isupper() and (origin or first.group()[0].isupper()):
            yield one, other


def _nearest(b: Beside, pair: tuple[int, int]) -> int | None:
    """The sentence where two words that belong together stand nearest to each other, if even that keeps them apart."""
    rows = [b.row[i] for i in pair]
    known = [(d, i) for i, alike in enumerate(b.alike) if (d := _distance(rows, alike)) is not None]
    limit = 2 if "isch" in b.text(pair[0]) else _JOINED
    return min(known)[1] if known and min(known)[0] > limit else None


def _distance(rows: Sequence[int], alike: Array) -> int | None:
    """How far apart two words of the claim stand in a sentence; ``None`` if it does not hold both."""
    places = [np.nonzero(alike[row] >= SURE)[0] for row in rows]
    if not all(len(place) for place in places):
        return None
    return int(np.abs(np.subtract.outer(*places)).min())


# Who does it ---------------------------------------------------------------------------------------------------------


def swapped_roles(b: Beside) -> str:
    """Somebody of the claim does there what another one does here."""
    return "roles" if any(_is_done_by_another(b, start, end) for start, end in b.claim.clauses) else ""


def _is_done_by_another(b: Beside, start: int, end: int) -> bool:
    doing = agents(b.claim, start, end)
    verbs = [b.row[i] for i in verbs_of(b.claim, start, end) if i in b.row]
    home = b.home(b.claim.within(start, end))
    if not doing or home is None or not verbs:
        return False
    there = _agents_there(b, home, verbs)
    if not there or _share_one(doing, there) or not _share_one(there[-1:], b.claim.names.values()):
        return False
    said = b.sources[home].said
    if is_passive(b.claim, start, end) != is_passive(said, 0, len(said.text)):
        return True
    return _comes_first(b.claim, doing, there) != _comes_first(said, doing, there)


def _comes_first(said: Statement, names: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a sentence names the one before the other."""
    words = [word.group() for word in said.words]
    one, other = (next((i for i, w in enumerate(words) if _share_one(some, [w])), -1) for some in (names, others))
    return 0 <= one < other


def _agents_there(b: Beside, home: int, verbs: Sequence[int]) -> list[str]:
    """Who does in a sentence what some verbs of the claim say."""
    said = b.sources[home].said
    for place in np.nonzero(b.alike[home][verbs].max(axis=0, initial=0.0) >= _SAME)[0]:
        clauses = [c for c in said.clauses if c[0] <= said.words[place].start()]
        found = None if is_subordinate(said, clauses[-1][0]) else agents(said, *clauses[-1])
        if not found and len(clauses) > 1:  # its subject stands in the clause before
            found = agents(said, *clauses[-2])
        if found == [] and home > 0:  # a pronoun stands for that of the sentence before
            before = b.sources[home - 1].said
            found = agents(before, *before.clauses[0])
        if found:
            return found
    return []


def _share_one(some: Iterable[str], others: Iterable[str]) -> bool:
    known = list(others)
    return any(same_name(one, other) or same_name(other, one) for one in some for other in known)


# Who speaks ----------------------------------------------------------------------------------------------------------


def other_speaker(b: Beside) -> str:
    """Somebody else who speaks where the words of a speaker of the claim come from."""
    for speakers in b.claim.speakers:
        home = b.home([i for i in b.claim.content if i not in speakers])
        if home is not None and b.sources[home].said.sure_speakers:
            rows = [b.row[i] for i in speakers]
            if b.alike[home][rows].max(initial=0.0) < SURE:
                return "speaker"
    return ""


def _unnamed_speaker(b: Beside) -> str:
    """A speaker of the claim who is not named, exactly, where the words come from or right beside."""
    for speakers in b.claim.speakers:
        home = b.home([i for i in b.claim.content if i not in speakers])
        if home is None:
            continue
        zone = range(max(home - _BACK, 0), min(home + 2, len(b.sources)))
        row = b.row[speakers[-1]]
        if b.table[row, zone].max() < SURE and not b.is_framed(b.text(speakers[-1])):
            return "speaker"
    return ""
