"""What the frame of the chat says, in German and English. What an answer says of itself stands in ``rag.messages``.

Knows no page and no markup: everything here is plain text.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import get_args

from rag.types import Citation, Language, Period, Verdict

LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES: Mapping[Language, str] = {"de": "Deutsch", "en": "English"}


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's words for the frame, with its way to write dates and numbers."""

    language: Language
    months: tuple[str, ...]
    date_form: str
    thousands: str
    tagline: str
    new_chat: str
    ask: str
    send: str
    headline: str
    promise: str
    examples: str
    about: str
    as_of: str
    understood: str
    time: str
    without_time: str
    since: str
    until: str
    span: str
    any_year: str
    sources: str
    also_in: str
    nearest: str
    show: str
    show_number: str
    tap_again: str
    open_source: str
    new_tab: str
    undated: str
    updated: str
    untitled: str
    close: str
    one_article: str
    articles: str
    newest: str
    answered_with: str
    answered_with_one: str
    verdicts: Mapping[Verdict, str]
    writing: str
    stop: str
    written: str
    trouble: str
    trouble_hint: str
    talks: str
    rename: str
    export: str
    exported: str
    delete: str
    quoted: str
    cite: str
    cite_hint: str
    link_hint: str
    copy: str
    copied: str
    opinion: str
    opinion_hint: str
    word: str
    send_opinion: str
    choose_thumb: str
    not_kept: str
    narrow: str
    only: str
    take_away: str
    period: str
    period_hint: str
    no_period: str
    outlets: str
    all_outlets: str
    ask_page: str
    archive_title: str
    quality_title: str
    search: str
    none_found: str
    over_time: str
    plot: str
    more: str
    back: str
    no_article: str
    cited_by: str
    versions: str
    one_version: str
    articles_held: str
    oldest: str
    newest_held: str
    built: str
    encoder: str
    stale: str
    not_measured: str
    table: str
    quality_words: tuple[str, ...]
    details: Mapping[str, str]
    why: str
    why_rank: str
    why_shared: str
    why_more: str
    why_less: str
    decimal_point: str
    grounds: Mapping[str, str]
    thumbs: Mapping[str, str]
    thanks: Mapping[str, str]

    def day(self, day: date) -> str:
        """A day as it is written out, ``30. November 2022``."""
        return self.date_form.format(day=day.day, month=self.months[day.month - 1], year=day.year)

    def published(self, day: date | None) -> str:
        """The day of publication, or that it is unknown."""
        return self.day(day) if day else self.undated

    def days(self, period: Period) -> str:
        """A time as people say it: ``März 2022``, ``seit 1. Juni 2022``, ``30. November, jedes Jahr``."""
        since, until = period.since, period.until
        if since is None or until is None:
            open_ended = self.until.format(day=self.day(until)) if until else ""
            return self.since.format(day=self.day(since)) if since else open_ended
        whole_month = since.day == 1 and until.day == monthrange(until.year, until.month)[1]
        if since == until:
            said = self.day(since)
        elif whole_month and (since.year, since.month) == (until.year, until.month):
            said = f"{self.months[since.month - 1]} {since.year}"
        elif whole_month and (since.month, until.month, since.year) == (1, 12, until.year):
            said = str(since.year)
        else:
            said = self.span.format(since=self.day(since), until=self.day(until))
        if not period.yearly:
            return said
        for year in {since.year, until.year}:
            said = said.replace(f" {year}", "")
        return self.any_year.format(days=said)

    def number(self, number: int) -> str:
        return f"{number:,}".replace(",", self.thousands)

    def archive(self, count: int, newest: date | None) -> str:
        """How much there is to ask: ``41 Artikel, neuester vom 15. Dezember 2023``."""
        size = self.found_articles(count)
        return f"{size}, {self.newest.format(date=self.day(newest))}" if newest else size

    def decimal(self, points: float) -> str:
        """A number with one decimal."""
        return f"{points:.1f}".replace(".", self.decimal_point)

    def found_articles(self, count: int) -> str:
        """How many articles a list holds."""
        return self.one_article if count == 1 else self.articles.format(count=self.number(count))

    def said_over_time(self, counts: Mapping[str, int]) -> str:
        """The histogram as words: ``Artikel im Lauf der Zeit: 2022-11: 5, 2022-12: 6``; what holds none is left out."""
        spans = ", ".join(f"{span}: {count}" for span, count in counts.items() if count)
        return f"{self.over_time}: {spans}"

    def version(self, number: int, day: date | None) -> str:
        """An earlier version of an article: ``Fassung 1 · 30. November 2022``."""
        return f"{self.one_version.format(number=number)} · {self.published(day)}"

    def announcement(self, message: str, citations: tuple[Citation, ...]) -> str:
        """What a screen reader says when an answer has come."""
        if not citations:
            return message
        count = len(citations)
        return f"{message} {self.answered_with_one if count == 1 else self.answered_with.format(count=count)}"


TEXTS: Mapping[Language, Texts] = {
    "de": Texts(
        language="de",
        months=(
            *("Januar", "Februar", "März", "April", "Mai", "Juni"),
            *("Juli", "August", "September", "Oktober", "November", "Dezember"),
        ),
        date_form="{day}. {month} {year}",
        thousands=".",
        tagline="Antworten mit Nachweis",
        new_chat="Neues Gespräch",
        ask="Frage an das Archiv",
        send="Frage stellen",
        headline="Was möchten Sie wissen?",
        promise="Beleg antwortet mit Sätzen aus dem Archiv. Jeder führt mit einem Klick an seine Stelle im Artikel.",
        examples="Zum Beispiel",
        about="Was ist bekannt über: {title}?",
        as_of="Stand: {date}",
        understood="Verstanden als: {question}",
        time="Zeit: {days}",
        without_time="Diese Zeit wird bevorzugt, nichts ausgeschlossen. Klicken, um ohne sie zu fragen.",
        since="seit {day}",
        until="bis {day}",
        span="{since} bis {until}",
        any_year="{days}, jedes Jahr",
        sources="Quellen",
        also_in="auch in: {outlets}",
        nearest="Nächstliegende Stellen, keine Antwort",
        show="Im Artikel zeigen",
        show_number="Beleg {number} im Artikel zeigen",
        tap_again="Noch einmal tippen, um die Stelle im Artikel zu sehen",
        open_source="Quelle öffnen",
        new_tab="öffnet sich in einem neuen Tab",
        undated="ohne Datum",
        updated="geändert am {date}",
        untitled="Ohne Titel",
        close="Schließen",
        one_article="1 Artikel",
        articles="{count} Artikel",
        newest="neuester vom {date}",
        answered_with="{count} Belege.",
        answered_with_one="1 Beleg.",
        verdicts={"belegt": "belegt", "teilweise": "teilweise belegt", "nicht belegt": "nicht belegt"},
        writing="Ein Sprachmodell schreibt. Jeder Satz erscheint, sobald er geprüft ist.",
        stop="Anhalten",
        written="Formuliert von {model}; jeder Satz ist mit seiner Quelle verglichen.",
        trouble="Das Archiv lässt sich nicht öffnen.",
        trouble_hint="Wenn das behoben ist, laden Sie diese Seite neu.",
        talks="Gespräche",
        rename="Name dieses Gesprächs",
        export="Als Markdown herunterladen",
        exported="Gespräch mit Beleg, gespeichert am {date}",
        delete="Gespräch löschen",
        quoted="„{words}“",
        cite="Zitieren",
        cite_hint="Antwort mit Quellen, zum Kopieren",
        link_hint="Adresse, die diese Frage wieder stellt",
        copy="Kopieren",
        copied="Kopiert",
        opinion="Hilfreich?",
        opinion_hint="Frage, Quelle und Ihr Urteil werden beim Betreiber dieses Archivs gespeichert, ohne Namen.",
        word="Ein Wort dazu (freiwillig)",
        send_opinion="Absenden",
        choose_thumb="Bitte wählen Sie zuerst einen Daumen.",
        not_kept="Das ließ sich nicht speichern. Bitte sagen Sie dem Betreiber Bescheid.",
        narrow="Eingrenzen",
        only="Nur {what}",
        take_away="Klicken, um diese Grenze aufzuheben.",
        period="Zeitraum",
        period_hint="etwa „März 2022“ oder „seit 2021“",
        no_period="Diesen Zeitraum verstehe ich nicht. Bitte mit Jahr, etwa „März 2022“ oder „2021 bis 2022“.",
        outlets="Medien",
        all_outlets="alle",
        ask_page="Fragen",
        archive_title="Archiv",
        quality_title="Qualität",
        search="Im Archiv suchen",
        none_found="Kein Artikel passt dazu.",
        over_time="Artikel im Lauf der Zeit",
        plot="Schaubild: {title}. Dieselben Zahlen stehen darunter unter „Alle Zahlen“.",
        more="Weitere zeigen",
        back="Zum Archiv",
        no_article="Diesen Artikel gibt es im Archiv nicht (mehr).",
        cited_by="Bei diesem Besuch zitiert auf die Frage",
        versions="Frühere Fassungen",
        one_version="Fassung {number}",
        articles_held="Artikel",
        oldest="Ältester Artikel",
        newest_held="Neuester Artikel",
        built="Zuletzt erneuert",
        encoder="Sprachverständnis (Encoder)",
        stale="Der neueste Artikel ist {days} Tage alt. Was danach geschah, weiß dieses Archiv nicht.",
        not_measured="Hier liegen keine Messergebnisse.",
        table="Alle Zahlen",
        quality_words=(
            (
                "Wie gut Beleg sucht und antwortet, ist an festen Sammlungen von Artikeln gemessen, mit Fragen, "
                "deren Antwort bekannt ist; für ein anderes Archiv gelten die Zahlen nur ungefähr. Jede stammt "
                "aus einer Ergebnisdatei, die ein Befehl des Projekts geschrieben hat. Waagerechte Linien zeigen, "
                "wie weit der wahre Wert davon entfernt liegen kann (95 %)."
            ),
            (
                "nDCG@10 und MRR@10 sagen, wie weit oben der richtige Artikel steht: 1 heißt immer an erster "
                "Stelle. Recall@10 ist der Anteil der Fragen, bei denen er unter den ersten zehn ist, Success@1 "
                "der, bei denen er der erste ist."
            ),
            (
                "Bei Antworten zählt, wie oft die richtige Stelle zitiert wird, und wie oft Beleg richtig sagt, "
                "dass nichts im Archiv steht. Eine Quote von 0,9 heißt: von zehn Fragen gehen neun gut aus, "
                "eine nicht. Sehen Sie deshalb die zitierte Stelle an."
            ),
        ),
        details={
            "article_id": "Kennung",
            "section": "Ressort",
            "licence": "Lizenz",
            "url": "Adresse",
            "fetched": "Abgerufen",
            "updated": "Geändert",
        },
        why="Warum diese Stelle?",
        why_rank="Unter {found} Stellen, die zur Frage gefunden wurden, steht diese auf Platz {rank}.",
        why_shared="Aus Ihrer Frage stehen darin oder in der Überschrift: {words}.",
        why_more="Dafür sprach mehr als bei den anderen: {ground} (+{points} Punkte).",
        why_less="Dafür sprach weniger als bei den anderen: {ground} (−{points} Punkte).",
        decimal_point=",",
        grounds={
            "words": "die Wörter der Frage, auch gebeugt oder in Zusammensetzungen",
            "meaning": "der Sinn der Frage, auch in anderen Worten",
            "names": "Namen, Zahlen und seltene Wörter der Frage",
            "title": "die Überschrift",
            "period": "die Nähe zu der Zeit, nach der gefragt ist",
            "length": "die Länge, denn kurze Stellen sind genauer",
        },
        thumbs={"up": ":material/thumb_up: Ja", "down": ":material/thumb_down: Nein"},
        thanks={"up": "Danke: als hilfreich vermerkt.", "down": "Danke: als nicht hilfreich vermerkt."},
    ),
    "en": Texts(
        language="en",
        months=(
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
        date_form="{day} {month} {year}",
        thousands=",",
        tagline="Answers with evidence",
        new_chat="New chat",
        ask="Ask the archive",
        send="Ask",
        headline="What would you like to know?",
        promise="Beleg answers with sentences from a German archive. Each is one click from its place in the article.",
        examples="For example",
        about="What is known about: {title}?",
        as_of="As of {date}",
        understood="Understood as: {question}",
        time="Time: {days}",
        without_time="Articles of this time come first, none is left out. Click to ask without it.",
        since="since {day}",
        until="until {day}",
        span="{since} to {until}",
        any_year="{days}, any year",
        sources="Sources",
        also_in="also in: {outlets}",
        nearest="Closest passages, not an answer",
        show="Show in article",
        show_number="Show evidence {number} in its article",
        tap_again="Tap again to see the place in the article",
        open_source="Open source",
        new_tab="opens in a new tab",
        undated="undated",
        updated="updated {date}",
        untitled="Untitled",
        close="Close",
        one_article="1 article",
        articles="{count} articles",
        newest="the newest of {date}",
        answered_with="{count} pieces of evidence.",
        answered_with_one="1 piece of evidence.",
        verdicts={"belegt": "supported", "teilweise": "partly supported", "nicht belegt": "not supported"},
        writing="A language model is writing. Each sentence appears as soon as it is checked.",
        stop="Stop",
        written="Written by {model}; each sentence was compared with its source.",
        trouble="The archive cannot be opened.",
        trouble_hint="When this is mended, reload the page.",
        talks="Chats",
        rename="Name of this chat",
        export="Download as Markdown",
        exported="Chat with Beleg, saved on {date}",
        delete="Delete chat",
        quoted="“{words}”",
        cite="Cite",
        cite_hint="Answer with its sources, to copy",
        link_hint="Address that asks this question again",
        copy="Copy",
        copied="Copied",
        opinion="Helpful?",
        opinion_hint="Question, source and your verdict are kept by whoever runs this archive, without your name.",
        word="A word on it (optional)",
        send_opinion="Send",
        choose_thumb="Please choose a thumb first.",
        not_kept="This could not be saved. Please tell whoever runs this archive.",
        narrow="Narrow down",
        only="Only {what}",
        take_away="Click to lift this limit.",
        period="Period",
        period_hint="such as “March 2022” or “since 2021”",
        no_period="I do not understand this period. Please name a year, as in “March 2022” or “2021 to 2022”.",
        outlets="Outlets",
        all_outlets="all",
        ask_page="Ask",
        archive_title="Archive",
        quality_title="Quality",
        search="Search the archive",
        none_found="No article fits that.",
        over_time="Articles over time",
        plot="Plot: {title}. The same figures stand below, under “All figures”.",
        more="Show more",
        back="Back to the archive",
        no_article="This article is not, or no longer, in the archive.",
        cited_by="Cited in this visit for the question",
        versions="Earlier versions",
        one_version="Version {number}",
        articles_held="Articles",
        oldest="Oldest article",
        newest_held="Newest article",
        built="Last updated",
        encoder="Encoder",
        stale="The newest article is {days} days old. This archive knows nothing of what happened since.",
        not_measured="There are no measured results here.",
        table="All figures",
        quality_words=(
            (
                "How well Beleg finds and answers is measured on fixed collections of articles, with questions "
                "whose answers are known; for another archive the figures hold only roughly. Each comes from a "
                "results file that a command of the project wrote. Horizontal lines show how far the true value "
                "may be from it (95 %)."
            ),
            (
                "nDCG@10 and MRR@10 say how high the right article stands: 1 means always first. Recall@10 is "
                "the share of questions for which it is among the first ten, Success@1 that for which it is the "
                "first."
            ),
            (
                "For answers it counts how often the right passage is cited, and how often Beleg rightly says "
                "that the archive holds nothing. A share of 0.9 means: of ten questions nine end well, one does "
                "not. So do look at the passage that is cited."
            ),
        ),
        details={
            "article_id": "Identifier",
            "section": "Section",
            "licence": "Licence",
            "url": "Address",
            "fetched": "Fetched",
            "updated": "Updated",
        },
        why="Why this passage?",
        why_rank="Of {found} passages found for the question this one comes as number {rank}.",
        why_shared="Of your question it or its headline holds: {words}.",
        why_more="Speaking for it more than for the others: {ground} (+{points} points).",
        why_less="Speaking for it less than for the others: {ground} (−{points} points).",
        decimal_point=".",
        grounds={
            "words": "the words of the question, inflected or in compounds too",
            "meaning": "what the question means, in other words too",
            "names": "names, numbers and rare words of the question",
            "title": "the headline",
            "period": "closeness to the time that was asked for",
            "length": "length, as short passages are more exact",
        },
        thumbs={"up": ":material/thumb_up: Yes", "down": ":material/thumb_down: No"},
        thanks={"up": "Thank you: noted as helpful.", "down": "Thank you: noted as not helpful."},
    ),
}


def language_of(value: object) -> Language:
    """The language that a setting or an address names; German if it names none."""
    return next((language for language in LANGUAGES if language == value), "de")
