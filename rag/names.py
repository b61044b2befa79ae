"""Spellings of one name → one key, so that ``Selenskyj`` finds ``Zelensky`` and ``Kyjiw`` finds ``Kiew``.

News agencies write Russian and Ukrainian names by German rules (sch, tsch, w, j) or by English ones (sh, ch, v, y).
The rules here touch only words that end as such surnames do; what no rule can derive, places and first names, stands in
a table. Nobody sees the keys. Knows words in lower case without accents, nothing of texts.
"""

from __future__ import annotations

import re

# One name a line: its spellings, the first one being the key. In lower case, without accents.
_SPELLINGS = """
kiew kyjiw kyiv kiev kijew
charkiw kharkiv charkow kharkov
tschernihiw chernihiv tschernigow
mykolajiw mykolaiv nikolajew mykolajyw
lwiw lviv lwow lvov
tscherkassy cherkasy tscherkasy
tschernobyl chernobyl tschornobyl chornobyl
czernowitz tscherniwzi chernivtsi
cherson kherson
saporischschja saporischja zaporizhzhia zaporizhia zaporischschja saporoschje
donezk donetsk donjezk
luhansk lugansk
sjewjerodonezk sievierodonetsk severodonetsk sewerodonezk sjewerodonezk
lyssytschansk lysychansk lissitschansk lysytschansk
slowjansk sloviansk slovyansk slawjansk
bachmut bakhmut
awdijiwka avdiivka awdijewka
pokrowsk pokrovsk
isjum izium izyum
butscha bucha
odessa odesa
dnipro dnjepr dnepr
krywyj kryvyi krywyi krivoi
wladiwostok vladivostok
grosny grosnyj grozny
chabarowsk khabarovsk
tiflis tbilissi tbilisi
eriwan jerewan yerevan
peking beijing
turkei turkiye turkiy
burma birma myanmar
kalkutta kolkata
teheran tehran
bagdad baghdad
khartum khartoum chartum
riad riyadh
mekka mecca
bengasi benghasi benghazi
mossul mosul
rakka raqqa
wladimir vladimir
wolodymyr volodymyr
sergej sergei sergey serhij serhii serhiy
alexej alexei alexey aleksej aleksei aleksey
alexander aleksandr oleksandr olexander
dmitri dmitrij dmitry dmitriy dmytro
juri jurij yuri yuriy
jewgeni jewgenij yevgeny evgeny evgeni yevgeni jewhen yevhen
andrej andrei andrey andrij andrii andriy
michail mikhail mykhailo mychajlo
nikolai nikolaj nikolay
witali witalij vitali vitaliy vitaly
waleri walerij valery valeri walerij
oleksij oleksii oleksiy
swetlana svetlana swjatlana sviatlana
julia julija yulia yuliya
jelzin yeltsin
prigoschin prigozhin prigoshin prigoschyn
solschenizyn solzhenitsyn
tolstoi tolstoj tolstoy
schoigu shoigu shoygu
jermak yermak
kadyrow kadyrov
tichanowskaja tsikhanouskaya zichanouskaja tikhanovskaya
gaddafi gadhafi qaddafi kadhafi gadafi
chamenei khamenei
chomeini khomeini
hisbollah hezbollah hizbollah hisbullah hizbullah
huthi houthi huthis houthis
mohammed muhammad mohamed mohammad muhammed
kaida qaida qaeda kaeda
scharia sharia
peschmerga peshmerga
osama usama
""".strip().splitlines()
_KEYS = {spelling: line.split()[0] for line in _SPELLINGS for spelling in line.split()}

_SURNAME = re.compile(
    r"[a-z]{2,}(?:"
    r"sk(?:[yi]|[yi][jyi]|oi|oj|oy)|[tz]k(?:yj|ij|yi|yy|iy)|tzki|tsky|sk(?:aja|aya|aia)"  # Selenskyj, Trotzki
    r"|enko|(?<!vi)[oe][wv]a?|[nk]off|[oe](?:w|v)[iy](?:tsch|tch|ch|c)"  # Lukaschenko, Lawrow, Schostakowitsch
    r"|t?ch(?:uk|ko)|tsch(?:uk|ko)|schwili?|shvili?|ad[sz]e?|[^aeiou][jy]an|[jy][au]k|[lhzst]n(?:y|yj|yi|yy|ij|iy)"
    r")"
)
_Rules = tuple[tuple[str, str], ...]
_GERMAN: _Rules = ((r"s?tsch", "c"), (r"sch", "s"), (r"ch", "h"), (r"tz|z", "ts"))
_ENGLISH: _Rules = ((r"s[hc]ch", "sc"), (r"sh|zh", "s"), (r"kh", "h"), (r"t?ch", "c"), (r"z", "s"))
_EITHER: _Rules = (
    (r"^ch|ch(?=[lmnr])", "h"),
    (r"tsch", "c"),
    (r"ch(?=enko|uk|ko|an)", "c"),
    (r"tz|(?<=[a-z])z(?=k)", "ts"),
    (r"z", "s"),
)
_COMMON: _Rules = (
    *((r"w|ff", "v"), (r"[yj]", "i"), (r"sk(?:i+|oi)$", "ski"), (r"i+e", "e"), (r"i{2,}", "i")),
    *((r"(?<=[cs])ev(?=a?$)", "ov"), (r"(.)\1", r"\1")),
)
_SHORTEST = 5


def name_key(word: str) -> str:
    """The key of a name, shared by its spellings; any other word is its own key. Genitives lose their ``s``."""
    forms = dict.fromkeys((word, word.removesuffix("s")))
    for form in forms:
        if form in _KEYS:
            return _KEYS[form]
    for form in forms:
        if len(form) >= _SHORTEST and _SURNAME.fullmatch(form):
            return _surname_key(form)
    return word


def _surname_key(word: str) -> str:
    english, german = re.search(r"v|kh|(?<!t)sh|zh", word), re.search(r"w|sch", word)
    rules = _ENGLISH if english else _GERMAN if german else _EITHER
    for pattern, replacement in (*rules, *_COMMON):
        word = re.sub(pattern, replacement, word)
    return word
