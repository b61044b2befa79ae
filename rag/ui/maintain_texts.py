"""What the maintainer's side of the archive says, in German and English. Knows no page and no markup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.types import Language

if TYPE_CHECKING:
    from rag.corpus.add import What


@dataclass(frozen=True, slots=True)
class MaintainTexts:
    """One language's words; ``{articles}`` is a number of articles as ``Texts.found_articles`` says it."""

    title: str
    bring: str
    ways: Mapping[str, str]
    address: str
    address_hint: str
    files: str
    files_hint: str
    text: str
    look: str
    nothing_given: str
    looking: str
    looking_hint: str
    stop: str
    seen: str
    none_seen: str
    not_whole: str
    take: str
    discard: str
    choose: str
    show: str
    taking: str
    taken: str
    whats: Mapping[What, str]
    then_build: str
    facts: Mapping[str, str]
    unknown: str
    refused: str
    index: str
    index_hint: str
    build: str
    stages: Mapping[str, str]
    of_total: str
    built: str
    counts: Mapping[str, str]
    seconds: str
    fresh: str
    unexpected: str
    withdraw: str
    withdrawn_one: str
    waiting: str
    restore: str
    withdrawn: str
    withdrawn_hint: str
    none_withdrawn: str


MAINTAIN: Mapping[Language, MaintainTexts] = {
    "de": MaintainTexts(
        title="Archiv pflegen",
        bring="Artikel aufnehmen",
        ways={"address": "Adresse oder Feed", "files": "Dateien", "text": "Text"},
        address="Adresse eines Artikels oder eines Feeds (RSS, Atom)",
        address_hint="https://…",
        files="Dateien mit Artikeln",
        files_hint=(
            ".md, .txt, .html, .pdf, .docx, .jsonl, oder ein Feed als .xml. "
            "Ein Artikel bis 20 MB, eine Datei bis 200 MB."
        ),
        text="Text eines Artikels, auch Markdown oder HTML",
        look="Ansehen",
        nothing_given="Bitte zuerst etwas angeben.",
        looking="Wird gelesen: {articles}",
        looking_hint="Ein Server wird höchstens einmal in der Sekunde gefragt, ein Feed kann also dauern.",
        stop="Anhalten",
        seen="Gelesen: {articles}. Aufgenommen ist davon noch nichts.",
        none_seen="Darin fand sich kein Artikel.",
        not_whole="Es gibt noch mehr davon. Größere Mengen nimmt „python -m rag add“ auf.",
        take="Aufnehmen: {articles}",
        discard="Verwerfen",
        choose="Artikel {number} aufnehmen",
        show="Gereinigten Text lesen",
        taking="Wird aufgenommen: {articles}",
        taken="Im Korpus",
        whats={"added": "neu", "changed": "neue Fassung", "unchanged": "schon vorhanden"},
        then_build="Leser sehen Neues, sobald der Index erneuert ist.",
        facts={
            "source": "Medium",
            "author": "Autor",
            "published": "Veröffentlicht",
            "updated": "Geändert",
            "url": "Adresse",
            "section": "Ressort",
            "licence": "Lizenz",
            "where": "Woher",
        },
        unknown="nicht angegeben",
        refused="Nicht angenommen: {count}",
        index="Index",
        index_hint=(
            "Beim Erneuern wird gelesen, was sich im Korpus geändert hat. Das Gespräch antwortet währenddessen weiter "
            "und übernimmt den neuen Stand von selbst."
        ),
        build="Index erneuern",
        stages={
            "": "Wird vorbereitet",
            "read": "Dateien werden verglichen",
            "index": "Artikel werden aufgenommen",
            "words": "Wörter werden neu geschrieben",
        },
        of_total="{done} von {total}",
        built="Der Index ist erneuert.",
        counts={
            "articles": "Artikel im Index",
            "added": "Neu",
            "changed": "Geändert",
            "removed": "Entfernt",
            "unchanged": "Unverändert",
            "grouped": "Davon Kopien anderer",
            "withdrawn": "Zurückgezogen",
            "refused": "Nicht angenommen",
            "seconds": "Dauer",
        },
        seconds="{seconds} Sekunden",
        fresh="Alles wurde neu gemacht: Es gab noch keinen Index, oder er passte nicht zu diesem Beleg.",
        unexpected="Das ging unerwartet schief ({kind}). Näheres steht im Protokoll des Servers.",
        withdraw="Zurückziehen",
        withdrawn_one="Dieser Artikel ist zurückgezogen: Keine Antwort zeigt ihn mehr.",
        waiting="Wiederhergestellt. Zu lesen ist er, sobald der Index erneuert ist.",
        restore="Wiederherstellen",
        withdrawn="Zurückgezogen",
        withdrawn_hint="Keine Antwort zeigt diese Artikel. Ihre Dateien liegen weiter im Korpus.",
        none_withdrawn="Kein Artikel ist zurückgezogen. Das geht auf der Seite eines Artikels.",
    ),
    "en": MaintainTexts(
        title="Maintain the archive",
        bring="Bring in articles",
        ways={"address": "Address or feed", "files": "Files", "text": "Text"},
        address="Address of an article or a feed (RSS, Atom)",
        address_hint="https://…",
        files="Files with articles",
        files_hint=(
            ".md, .txt, .html, .pdf, .docx, .jsonl, or a feed as .xml. "
            "An article of up to 20 MB, a file of up to 200 MB."
        ),
        text="Text of an article, also as Markdown or HTML",
        look="Look at it",
        nothing_given="Please name something first.",
        looking="Being read: {articles}",
        looking_hint="A server is asked once a second at most, so a feed can take a while.",
        stop="Stop",
        seen="Read: {articles}. None of it is taken in yet.",
        none_seen="No article was found in it.",
        not_whole="There is more of it. “python -m rag add” takes larger amounts.",
        take="Take in: {articles}",
        discard="Discard",
        choose="Take in article {number}",
        show="Read the cleaned text",
        taking="Being taken in: {articles}",
        taken="In the corpus",
        whats={"added": "new", "changed": "new version", "unchanged": "known already"},
        then_build="Readers see what is new once the index is updated.",
        facts={
            "source": "Outlet",
            "author": "Author",
            "published": "Published",
            "updated": "Updated",
            "url": "Address",
            "section": "Section",
            "licence": "Licence",
            "where": "From",
        },
        unknown="not stated",
        refused="Refused: {count}",
        index="Index",
        index_hint=(
            "An update reads what has changed in the corpus. The chat goes on answering meanwhile and takes up the new "
            "state by itself."
        ),
        build="Update the index",
        stages={
            "": "Being prepared",
            "read": "Files are compared",
            "index": "Articles are taken in",
            "words": "Words are written anew",
        },
        of_total="{done} of {total}",
        built="The index is updated.",
        counts={
            "articles": "Articles in the index",
            "added": "New",
            "changed": "Changed",
            "removed": "Removed",
            "unchanged": "Unchanged",
            "grouped": "Of these copies of others",
            "withdrawn": "Withdrawn",
            "refused": "Refused",
            "seconds": "Took",
        },
        seconds="{seconds} seconds",
        fresh="Everything was made anew: there was no index, or it did not fit this Beleg.",
        unexpected="This went wrong unexpectedly ({kind}). The server's log says more.",
        withdraw="Withdraw",
        withdrawn_one="This article is withdrawn: no answer shows it any more.",
        waiting="Restored. It can be read once the index is updated.",
        restore="Restore",
        withdrawn="Withdrawn",
        withdrawn_hint="No answer shows these articles. Their files stay in the corpus.",
        none_withdrawn="No article is withdrawn. It is done on an article's page.",
    ),
}
