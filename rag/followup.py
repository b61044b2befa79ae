"""Whether a question refers back to the talk before it, and which words of it complete the question.

"Und was sagt Deutschland dazu?" needs the topic of the question before; one that names its own things is left alone,
however long the talk. By words alone: knows no archive and no meaning.
"""

from __future__ import annotations

import re

from rag.german import words

ENGLISH = frozenset(
    """the is are was were do does did what which who whom whose when where why how can could will would should of and
    to not about with from by it this that there have has""".split()
)
GERMAN = frozenset(
    """der die das den dem des ein eine ist sind war waren wird werden was wer wen wem wann wo warum wieso weshalb wie
    und zu nicht über mit von aus im am auf für hat haben welche welcher welches keine kein gibt es""".split()
)
_QUESTION_WORDS = frozenset(
    """wer wen wem wessen was wann wo woher wohin warum wieso weshalb weswegen wie wieviel welche welcher welches
    welchen welchem womit wofür wodurch woran worauf worüber wovon wozu inwiefern inwieweit nenne nennen sag sagen
    gib erzähl erzähle erklär erkläre zeig zeige who whom whose what when where why how which tell""".split()
)
_SMALL = frozenset(
    """um bis seit vor nach bei ab an in gegen ohne durch unter zwischen während wegen als ob so nur noch schon sehr
    viel viele vielen mehr mal man wir ich mir mich uns doch bitte dann denn wenn zur zum vom beim ins einen einem
    einer eines worden macht jetzt heute on at for a an as or if be been but so me you we they any some""".split()
)
_AUXILIARIES = frozenset(
    """ist sind war waren wird werden wurde wurden hat haben hatte hatten kann können konnte soll sollen sollte will
    wollen wollte muss müssen musste darf gibt gab gilt is are was were do does did have has can could will would
    should""".split()
)
_OPENERS = re.compile(r"(?:und|aber|oder|also|auch|and|but|so|also)\b", re.IGNORECASE)
_POSSESSIVES = frozenset(
    "ihr ihre ihren ihrem ihrer ihres sein seine seinen seinem seiner seines deren dessen his her their its".split()
)
# Words that point at something said before. "es", "das" and "die" are too common to count anywhere but alone.
_BACKWARD = _POSSESSIVES | frozenset(
    """er ihn ihm sie ihnen dies diese diesen diesem dieser dieses dazu dafür dagegen dabei daran darauf daraus darin
    darüber davon davor damit danach dadurch daher damals dort dorthin jeweils beide beiden derselbe dieselbe solche
    solchen solcher he him she hers they them this these those there then it""".split()
)
_SO_MUCH = re.compile(r"\b(?:so (?:lange|spät|viel|hoch|teuer|wenig|schnell|früh|oft|weit)|so etwas|so long)\b", re.I)
_WHICH = frozenset("welche welcher welches welchen welchem which what".split())
_LONELY = frozenset("es das den dem denn sonst noch genau it that".split())
_KNOWN_THING = re.compile(r"\b(?:der|die|das|den|dem|des|the) ([A-ZÄÖÜ]\w+)\W*$")
# Nouns that name nothing by themselves: whose, of what, is told before.
_GENERAL_NOUNS = frozenset(
    """grund gründe ursache ursachen folge folgen auswirkungen ergebnis ergebnisse menschen leute personen opfer tote
    toten verletzte länder ländern land staaten staat seite seiten zahl zahlen anteil prozent euro dollar milliarden
    millionen jahr jahre jahren tag tage tagen monate woche wochen stunden uhr mal ende anfang teil geld kosten preis
    strafe regierung minister ministerin präsident präsidentin soldaten truppen polizei behörden experten fachleute
    kritiker gegner betroffene betroffenen beteiligten beispiel details einzelheiten zusammenhang hintergrund meinung
    reaktion reaktionen sache thema frage entscheidung plan pläne bedingungen stelle ort titel name namen rolle alter
    reason reasons result results people countries country side money cost costs example details""".split()
)
_LONG_NAME = 10  # letters; a long compound names its thing by itself, "die Stichwahl" needs the talk
_VERB = re.compile(r".{2,7}(?:t|te|ten|en)")
_SHORT = 4  # words
_FEW = 3  # topic words; a question with as many stands on its own unless it points backward
_DIGITS = re.compile(r"\d+")


def refers_back(question: str) -> bool:
    """Whether a question goes on with the one before it, as far as its own words tell."""
    own = _own_topic(question)
    if depends(question):
        return True
    if _OPENERS.match(question.lstrip()):
        return len(own) <= _FEW
    known = _KNOWN_THING.search(question) if len(words(question)) <= _SHORT else None  # "Wann ist die Stichwahl?"
    unnamed = known is not None and len(known[1]) < _LONG_NAME and not _DIGITS.search(known[1])
    return len(own) == 1 and unnamed


def depends(question: str) -> bool:
    """Whether a question cannot be understood without the one before it: it points back, or names nothing itself.

    One that refers back in another way ("Und wie viele Mitglieder hat die NATO?") may as well begin a new topic.
    """
    asked, own = words(question), _own_topic(question)
    if (_points_back(asked, own) or _SO_MUCH.search(question)) and len(own) < _FEW:
        return True
    if len(own) != 1:
        return not own
    lower = [word.lower() for word in asked]
    return _has_no_verb(lower) or _has_lonely(lower, own[0].lower())  # "Bei welchem Gericht?"


def _own_topic(question: str) -> list[str]:
    """The topic words that name something by themselves."""
    return [word for word in topic_words(question) if word.lower() not in _GENERAL_NOUNS]


def _has_no_verb(lower: list[str]) -> bool:
    """Whether a question is a question word and a noun only."""
    return 1 < len(lower) <= _SHORT and lower[-2] in _WHICH


def _has_lonely(lower: list[str], own: str) -> bool:
    """Whether "es", "das" or the like stands alone: before no noun, and in no "gibt es"."""
    return any(
        word in _LONELY and lower[i + 1 : i + 2] != [own] and not {"gibt", "gab"} & set(lower[max(0, i - 1) : i + 2])
        for i, word in enumerate(lower)
    )


def _points_back(asked: list[str], own: list[str]) -> bool:
    """Whether a word points at what was said before; "Scholz … seinem Besuch" points at Scholz."""
    named = min((asked.index(word) for word in own), default=len(asked))
    lower = [word.lower() for word in asked]
    return any(w in _BACKWARD and not (w in _POSSESSIVES and i > named) for i, w in enumerate(lower))


def completed(question: str, before: str) -> str:
    """The question with the words of the one before that it lacks; as it is if it lacks none."""
    asked = question.lower()
    kinds = {_DIGITS.sub("", word) for word in topic_words(question) if _DIGITS.search(word)}
    carried = content_words(before) if is_elliptic(question) else topic_words(before)
    missing = [w for w in carried if w.lower() not in asked and not (_DIGITS.search(w) and _DIGITS.sub("", w) in kinds)]
    return f"{question} ({', '.join(missing)})" if missing else question


def topic_words(question: str) -> list[str]:
    """The words that say what a question is about: names, nouns and numbers, in order, each once.

    Where nothing is written with a capital, the words that are neither small ones nor look like a verb.
    """
    asked = words(question)
    caseless = question == question.lower()
    found: list[str] = []
    for i, word in enumerate(asked):
        lower = word.lower()
        named = word[0].isupper() or any(c.isdigit() for c in word)
        if caseless and not named:
            named = len(word) > 2 and not _VERB.fullmatch(word)
        if not named or _is_small(lower) or word in found:
            continue
        if i == 0 and _begins_with_verb(question, asked):
            continue
        found.append(word)
    return found


def _is_small(word: str) -> bool:
    return word in _QUESTION_WORDS | GERMAN | ENGLISH | _BACKWARD | _SMALL | _AUXILIARIES or bool(
        _OPENERS.fullmatch(word)
    )


def _begins_with_verb(question: str, asked: list[str]) -> bool:
    """Whether a question begins with its verb, as those for yes or no do: "Bekommt die Ukraine Patriots?"."""
    following = asked[1:2]
    return (
        question.rstrip().endswith("?") and bool(following) and bool(re.fullmatch(r"\w{2,}(?:t|te|ten|en|d)", asked[0]))
    )


def content_words(question: str) -> list[str]:
    """All words that mean something."""
    return list(dict.fromkeys(word for word in words(question) if len(word) > 2 and not _is_small(word.lower())))


def is_elliptic(question: str) -> bool:
    """Whether a question has no verb of its own ("Und Schweden?"), so that it asks what the one before asked."""
    asked = {word.lower() for word in words(question)}
    # "Und wie viele Mitglieder hat die NATO?" is whole; "Und was ist mit Schweden?" is not.
    if not _OPENERS.match(question.lstrip()) or (
        asked & _QUESTION_WORDS and asked & _AUXILIARIES and "mit" not in asked
    ):
        return False
    topic = set(topic_words(question))
    return bool(topic) and all(word in topic or _is_small(word.lower()) for word in words(question))
