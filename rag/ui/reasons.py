"""Why an article, a source or a build was refused: what the library says in English, said in German.

A test holds this list against every such line in ``rag/corpus`` and ``rag/index``. Knows no page.
"""

from __future__ import annotations

import re

from rag.types import Language

# ``{}`` stands for whatever the library puts there; it is put into the German line at the place of the same number.
_LONGEST = 600  # a name in it may be of any length and form, and is looked through again and again
_SAVE = "Bitte den Artikel als .txt oder .md speichern."
_GERMAN = {
    # sources
    "there is no such file or folder, and it is no address that begins with http:// or https://.": (
        "Eine solche Datei gibt es nicht, und eine Adresse mit http:// oder https:// ist es auch nicht."
    ),
    "Standard input is empty; pipe an article into it.": "Der Text ist leer.",
    "it is of no kind that can be read; its name must end in {}.": (
        "Diese Art von Datei kann nicht gelesen werden; der Name muss auf {0} enden."
    ),
    "The file {} is of no kind that can be read; name a folder or a file in {}.": (
        "Diese Art von Datei kann nicht gelesen werden; der Name muss auf {1} enden."
    ),
    "The feed {} is larger than {} MB; name a smaller one.": "Der Feed ist größer als {1} MB.",
    "The feed {} cannot be read ({}); give leave to read it.": "Der Feed lässt sich nicht lesen ({1}).",
    "it is a feed in a feed.": "Das ist ein Feed in einem Feed.",
    "it is no article but {}; save it as text.": "Das ist kein Artikel, sondern {0}. Bitte als Text speichern.",
    "the page is empty; see whether the address is right.": "Die Seite ist leer. Stimmt die Adresse?",
    "feeds need feedparser: `pip install feedparser`.": "Für Feeds fehlt ein Paket: pip install feedparser",
    "the feed cannot be read ({}); see whether the address is right.": (
        "Der Feed lässt sich nicht lesen ({0}). Stimmt die Adresse?"
    ),
    "the feed points to no article; see whether the address is right.": (
        "Der Feed verweist auf keinen Artikel. Stimmt die Adresse?"
    ),
    # fetching
    "it is no web address; write it as https://…": "Das ist keine Adresse im Netz. Bitte mit https:// beginnen.",
    "it holds a password; only open pages are fetched.": (
        "Die Adresse enthält ein Passwort; nur offene Seiten werden abgerufen."
    ),
    "{} is a private address, of this machine or a network around it; set BELEG_ALLOW_PRIVATE=1 if you mean it.": (
        "{0} ist eine private Adresse, dieses Rechners oder eines Netzes um ihn. Wenn das gewollt ist, bitte "
        "BELEG_ALLOW_PRIVATE=1 setzen."
    ),
    "it points elsewhere more than {} times; name the page itself.": (
        "Die Adresse leitet mehr als {0}-mal weiter. Bitte die Seite selbst nennen."
    ),
    "its robots.txt does not allow programs to read it; save the page yourself and add the file.": (
        "Die robots.txt der Seite verbietet Programmen das Lesen. Bitte die Seite selbst speichern und die Datei "
        "hochladen."
    ),
    "it wants a password; see whether the address is right.": "Die Seite verlangt ein Passwort.",
    "it wants to be paid; see whether the address is right.": "Die Seite ist kostenpflichtig.",
    "its server forbids it; see whether the address is right.": "Der Server verbietet den Abruf.",
    "there is no such page; see whether the address is right.": "Diese Seite gibt es nicht. Stimmt die Adresse?",
    "the page was taken down; see whether the address is right.": "Die Seite wurde gelöscht.",
    "its server has had too many requests; try again later; see whether the address is right.": (
        "Der Server hatte zu viele Anfragen. Bitte später noch einmal versuchen."
    ),
    "it may not be shown, for legal reasons; see whether the address is right.": (
        "Die Seite darf aus rechtlichen Gründen nicht gezeigt werden."
    ),
    "its server answers with {}; see whether the address is right.": (
        "Der Server antwortet mit {0}. Stimmt die Adresse?"
    ),
    "it is larger than {} MB; save its article as a file.": (
        "Die Seite ist größer als {0} MB. Bitte den Artikel als Datei speichern."
    ),
    "it took longer than {} s; try again later.": (
        "Das dauerte länger als {0} Sekunden. Bitte später noch einmal versuchen."
    ),
    "{} cannot be reached or breaks off ({}); try again later.": (
        "{0} ist nicht erreichbar oder bricht ab ({1}). Bitte später noch einmal versuchen."
    ),
    # pages
    "the page only asks for consent to cookies; open it in a browser, agree, and save the article.": (
        "Die Seite fragt nur nach Cookies. Bitte im Browser öffnen, zustimmen und den Artikel speichern."
    ),
    "only the beginning of a paid article stands on the page; save the whole one from your subscription.": (
        "Auf der Seite steht nur der Anfang eines bezahlten Artikels. Bitte den ganzen aus dem Abo speichern."
    ),
    "the page cannot be parsed ({}); {}.": f"Die Seite lässt sich nicht lesen ({{0}}). {_SAVE}",
    "the page holds no article text; {}.": f"Auf der Seite steht kein Artikel. {_SAVE}",
    "HTML needs trafilatura ({}): `pip install trafilatura lxml_html_clean`.": (
        "Für HTML fehlt ein Paket: pip install trafilatura lxml_html_clean"
    ),
    # files
    "it is larger than {} MB; split it.": "Sie ist größer als {0} MB. Bitte teilen.",
    "it is empty; remove it.": "Sie ist leer.",
    "it is no text but binary data; save its article as text, or remove it.": (
        "Das ist kein Text, sondern Binärdaten. Bitte den Artikel als Text speichern."
    ),
    "it holds no text; add its text, or remove it.": "Es steht kein Text darin.",
    "holds no text; add its text or remove the file.": "Es steht kein Text darin.",
    "it is no regular file; put a copy in its place.": "Das ist keine gewöhnliche Datei. Bitte eine Kopie anlegen.",
    "it cannot be read ({}); give leave to read it, or remove it.": "Sie lässt sich nicht lesen ({0}).",
    "the folder cannot be read ({}); give leave to read it.": "Der Ordner lässt sich nicht lesen ({0}).",
    "it is a link out of the corpus; put a copy in its place.": (
        "Das ist ein Verweis aus dem Korpus hinaus. Bitte eine Kopie anlegen."
    ),
    "its name is not UTF-8; rename it.": "Der Name ist kein UTF-8. Bitte umbenennen.",
    "its name holds a line break or control character; rename it.": (
        "Der Name enthält einen Umbruch oder ein Steuerzeichen. Bitte umbenennen."
    ),
    "it changed while it was being read; build again.": (
        "Sie änderte sich, während sie gelesen wurde. Bitte noch einmal."
    ),
    "{}, line {}: the front matter does not end; close it with a line ---.": (
        "Der Kopf endet nicht. Bitte mit einer Zeile --- schließen."
    ),
    "{}, line {}: the front matter is no YAML ({}); mend that line.": "Zeile {1} des Kopfes ist kein YAML ({2}).",
    "{}, line {}: the front matter is no mapping; write one `name: value` a line.": (
        "Der Kopf ist keine Liste von Angaben. Bitte je Zeile eine der Form name: wert."
    ),
    "PDF needs pypdf: `pip install pypdf`.": "Für PDF fehlt ein Paket: pip install pypdf",
    "the PDF is encrypted; {}.": f"Das PDF ist verschlüsselt. {_SAVE}",
    "the PDF cannot be read ({}); {}.": f"Das PDF lässt sich nicht lesen ({{0}}). {_SAVE}",
    "the PDF holds no text, perhaps only pictures of it; {}.": (
        f"Im PDF steht kein Text, vielleicht nur Bilder davon. {_SAVE}"
    ),
    "Word files need python-docx: `pip install python-docx`.": "Für Word fehlt ein Paket: pip install python-docx",
    "the Word file unpacks to more than {} MB; {}.": f"Die Word-Datei ist entpackt größer als {{0}} MB. {_SAVE}",
    "it is no Word file, or a locked or broken one; {}.": (
        f"Das ist keine Word-Datei, oder eine geschützte oder beschädigte. {_SAVE}"
    ),
    "the Word file cannot be read ({}); {}.": f"Die Word-Datei lässt sich nicht lesen ({{0}}). {_SAVE}",
    "the Word file holds no text; {}.": f"In der Word-Datei steht kein Text. {_SAVE}",
    "it is no JSON ({}); mend or remove the line.": "Die Zeile ist kein JSON.",
    "it is no JSON object; mend or remove the line.": "Die Zeile ist kein JSON-Objekt.",
    "its id is no text; give it another.": "Die Kennung ist kein Text. Bitte eine andere geben.",
    "its id holds a line break or control character; give it another.": (
        "Die Kennung enthält einen Umbruch oder ein Steuerzeichen. Bitte eine andere geben."
    ),
    "its id {} is that of {}; give it another id.": "Die Kennung {0} trägt schon {1}. Bitte eine andere geben.",
    # corpus
    "There is no corpus at {}; name a folder of articles or a .jsonl file with --corpus.": (
        "Unter {0} liegt kein Korpus."
    ),
    "The folder {} holds no article; put files into it that end in {}.": "Im Ordner {0} liegt noch kein Artikel.",
    "The corpus {} is one file; name a folder with --corpus to add articles to.": (
        "Das Korpus {0} ist eine einzelne Datei. Aufgenommen werden kann nur in einen Ordner (BELEG_CORPUS)."
    ),
    "Another run is writing into {}; wait for it to end, then run it again.": (
        "Gerade wird schon etwas aufgenommen. Bitte warten und dann noch einmal versuchen."
    ),
    "it has changed, but {} was edited by hand; put the change in there, or remove the file and add it again.": (
        "Der Artikel hat sich geändert, aber {0} wurde von Hand bearbeitet. Bitte dort eintragen, oder die Datei "
        "entfernen und noch einmal aufnehmen."
    ),
    "{} stands in its place and cannot be read; mend or move it.": (
        "{0} steht an seiner Stelle und lässt sich nicht lesen. Bitte verschieben oder verbessern."
    ),
    "{} cannot be written ({}); make room on the disk, give leave to write there, or name another folder with "
    "--corpus.": "{0} lässt sich nicht schreiben ({1}). Ist die Platte voll, fehlt das Recht?",
    "The list {} cannot be read; write one article id a line into it.": (
        "Die Liste {0} lässt sich nicht lesen. Bitte je Zeile eine Kennung hineinschreiben."
    ),
    "The list {} cannot be written ({}); give leave to write there.": (
        "Die Liste {0} lässt sich nicht schreiben ({1})."
    ),
    # index
    "{} cannot be written ({}); the index stays as it was. Make room on the disk or give leave to write there, then "
    "build again.": "{0} lässt sich nicht schreiben ({1}). Der Index bleibt, wie er war. Ist die Platte voll?",
    "No article in {} could be taken: {}": "Kein Artikel im Korpus {0} ließ sich aufnehmen. {1}",
    "it is empty; put articles into it.": "Es ist leer.",
    "Another build of {} is running; wait for it to end, then build again.": (
        "Der Index wird gerade schon erneuert. Bitte warten und dann noch einmal versuchen."
    ),
    "The index folder {} cannot be written ({}); name another with --index.": (
        "Der Ordner des Index {0} lässt sich nicht schreiben ({1})."
    ),
    "There is no article {}; `python -m rag search` shows the ids. Nothing was changed.": (
        "Einen Artikel {0} gibt es nicht. Nichts wurde geändert."
    ),
    "{}, line {}": "{0}, Zeile {1}",
    "{}: {}": "{0}: {1}",  # last: a file and what is said of it
}


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, line.split("{}"))), re.DOTALL)


_PATTERNS = [(_pattern(line), german) for line, german in _GERMAN.items()]


def said(reason: str, language: Language) -> str:
    """A reason in this language; one that is not known stays as it is, as does one that is no line any more."""
    if language == "en" or len(reason) > _LONGEST:
        return reason
    for pattern, german in _PATTERNS:
        if found := pattern.fullmatch(reason):
            return german.format(*(said(part, language) for part in found.groups()))
    return reason
