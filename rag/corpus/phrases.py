"""The words by which German news pages can be told from the articles on them: data only, no rule.

Phrases are lower case and hold letters only, as ``clean.bare`` gives a line.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in text.split(";"))


# Above the article
SKIP = re.compile(
    r"(?:direkt |sprung )?zu[mr]? (?:\S+ ){1,7}(?:springen|wechseln)|(?:direkt|sprung) zu[mr]? \S+(?: \S+){0,2}"
    r"|zu[mr] (?:haupt)?(?:inhalt|navigation|menü|suche|startseite|seitenanfang|fußzeile)|skip to \S+(?: \S+){0,3}"
    r"|(?:(?:den )?nächsten abschnitt|navigation|menü|anzeige) (?:\S+ ){0,8}überspringen"
    r"|(?:menü|navigation|suche) (?:öffnen|schließen)|nach oben|zurück zur startseite"
)
OUTLET = re.compile(r"Angebote?n? (?:der|des|von|vom) (\S+(?: \S+){0,3}?) (?:springen|wechseln)$")
MENU = _words("menü suche anmelden login abo epaper navigation podcasts livestream")
_SECTION = (
    "Politik|Wirtschaft|Sport|Fußball|Kultur|Panorama|Wissenschaft|Wissen|Gesellschaft|Europa|Deutschland|Welt|Ausland|"
    "Inland|International|Nahost|Afrika|Asien|Amerika|USA|Umwelt|Klima|Technik|Digital|Netzwelt|Gesundheit|Reise|"
    "Regional|Lokales|Meinung|Nachrichten|Medien|Finanzen|Börse|Karriere|Bildung|Justiz|Geschichte|Startseite|Home"
)
SECTIONS = re.compile(rf"(?:(?:{_SECTION})(?:\s*[>›»/|•·]\s*|\s|(?=[A-ZÄÖÜ])|$))+")

# Around and inside it
SHARING = _words(
    """teilen drucken merken kopieren versenden empfehlen speichern anhören vorlesen kommentieren mail facebook twitter
    whatsapp telegram linkedin xing threads bluesky pinterest instagram"""
)
BESIDE_SHARING = SHARING | _words("auf per via bei mit artikel beitrag seite link x e com")
NOTICES = _phrases(
    """anzeige; werbung; feedback; fehler melden; kommentar; kommentare; kommentare lesen; kommentar schreiben;
    kommentar verfassen; weiterlesen; mehr anzeigen; newsletter; newsletter abonnieren; newsletter bestellen;
    zum newsletter anmelden; jetzt abonnieren; jetzt kostenlos abonnieren; jetzt anmelden; jetzt registrieren;
    akzeptieren; alle akzeptieren; alle cookies akzeptieren; akzeptieren und weiter; ablehnen; cookie einstellungen;
    datenschutz; datenschutzerklärung; impressum; externer inhalt; externen inhalt anzeigen;
    empfohlener redaktioneller inhalt; zur merkliste hinzufügen; artikel zum hören min; bildbeschreibung einblenden;
    bildunterschrift anzeigen; x com; als google quelle hinzufügen; min lesezeit; lesezeit min; lesezeit minuten;
    lesedauer min; lesedauer minuten; lesedauer ca minuten; automatisch aktualisieren; neueste zuerst; älteste zuerst;
    liveticker verlassen; video abspielen"""
)
_UNQUOTED = r"[^„“”\"»«]"  # what a person is quoted with is no appeal of the page
APPEALS = re.compile(
    rf"(?:abonnieren sie|melden sie sich|bestellen sie|jetzt|hier|mit|täglich) {_UNQUOTED}*\bnewsletter\b{_UNQUOTED}*"
    rf"|(?:wir|wir und unsere partner|diese (?:web)?seite) (?:verwende[nt]|nutz(?:t|en)) {_UNQUOTED}{{0,60}}cookies.*"
    r"|quellen?: (?:.{1,70}[^.!?]|\S{1,20})|(?:stand|aktualisiert|veröffentlicht)(?: am)?:?"
    r"|(?:©|\(c\)) ?dpa-infocom, dpa:\d+-\d+-\d+/\d+|seite \d+ von \d+(?: weiter)?|verfügbar bis \d\d?\.\d\d?\.\d{4}"
    r"|(?:an dieser stelle finden sie|ich bin damit einverstanden, dass|mit ihrer zustimmung|folgen sie uns) .*",
    re.IGNORECASE,
)

# Pictures
CREDIT = re.compile(
    r"\(?(?:(?P<word>(?:Bild|Foto|(?:Archiv|Symbol)(?:bild|foto))(?:s|er|quelle|rechte|graf(?:in)?)?|Grafik|Illustration|"
    r"Karte|Screenshot|Quelle|Credit|Copyright)\s*:\s*(?:©|\(c\))?|©|\(c\)|\|)\s*(?P<who>[^:©]{2,90}?)\)?\.?$"
)
AGENCIES = _words(
    "dpa epa apa afp ap reuters imago picture alliance getty images privat archiv press photo sid dapd keystone"
)
PARTICLES = _words("von van de der den zu zum zur di da del della el al bin ben la le")
SMALL_IN_CREDITS = AGENCIES | PARTICLES | _words("und via für des dem im in am for the of by")

# Pointers to other articles
RELATED = _phrases(
    """lesen sie auch; lesen sie dazu; lesen sie dazu auch; lesen sie hier; lesen sie mehr; lesen sie hierzu;
    lesen sie jetzt; lies auch; sehen sie auch; mehr zum thema; mehr zu diesem thema; mehr dazu;
    das könnte sie interessieren; das könnte sie auch interessieren; das könnte dich auch interessieren;
    auch interessant; passend dazu; siehe auch; weitere artikel; weitere nachrichten; weitere meldungen;
    weitere themen; ähnliche artikel; ähnliche themen; verwandte artikel; verwandte themen; weiterführende links;
    meistgelesen; lesetipp; lesetipps; mehr videos; weitere videos; mehr bilder; weitere bilder; mehr nachrichten;
    mehr aus dem ressort; aus dem ressort"""
)
_POINTERS = "|".join(sorted(RELATED, reverse=True))
TEASER = re.compile(rf"(?:^|(?<=[.!?…\"“”»)]) ?)(?:{_POINTERS})\s*:\s*", re.IGNORECASE)
LINK = re.compile(
    r"(?: [–|-] |: ).*(?:Hintergr[uü]nd|Erklär|Überblick|Übersicht|[Bb]log\b|[Tt]icker\b|News\b|Podcast|Video|FAQ|"
    r"Analyse|Fotostrecke|Bildergalerie|Chronologie|Dossier|Themenseite|"
    r"Alle (?:\w+ )?(?:Artikel|Infos|Entwicklungen|Nachrichten))"
)

# Below the article
FIRST_IN = re.compile(
    r"(?:Diese[rs]|Der) (?:Artikel|Text|Beitrag|Bericht|Kommentar|Interview)\b[^.!?]{0,40} "
    r"(?:zuerst|ursprünglich|erstmals)\b[^.!?]{0,30}? (?:auf|bei|in|im) "
    r"(?:(?:der|dem|den) )?(?!Deutsch|Englisch|Französisch)(.{2,50}?)(?: erschienen| veröffentlicht)?\.?"
)
ROLE = re.compile(
    r"\b(?:[\w-]*(?:[Kk]orrespondent|[Rr]edakteur|[Rr]eporter|[Aa]utor|[Jj]ournalist|[Vv]olontär|[Ll]eiter|[Kk]olumnist)"
    r"(?:in)?|schreibt|berichtet|arbeitet|leitet)\b"
)
