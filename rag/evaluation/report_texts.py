"""What the report says around its figures, in German and English. Knows no results file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rag.types import Language


@dataclass(frozen=True, slots=True)
class ReportTexts:
    title: str
    intro: str
    retrieval: str
    answers: str
    answers_note: str
    attribution: str
    attribution_note: str
    peers: str
    peers_note: str
    method: str
    questions: str
    published: str
    published_note: str
    measured: str
    costs: str
    better: str
    ratios: tuple[str, ...]
    checker: str
    checker_note: str
    pairs: str
    dropped: str
    not_backed: str
    absolute: str
    methods: Mapping[str, str]
    parts: Mapping[str, str]  # what weights are given to
    made: tuple[str, str]  # the commit and the day of a result
    measures: Mapping[str, str]
    corruptions: Mapping[str, str]  # and "true", what is none
    point: str = "."  # between whole and parts


TEXTS: Mapping[Language, ReportTexts] = {
    "en": ReportTexts(
        title="How good Beleg is",
        intro="Measured by the commands of the project, one results file each, with commit and machine in it. "
        "Lines give 95 % intervals over the questions. What is marked “published” was measured by others and not here.",
        retrieval="Finding the article: {}",
        answers="Answers: {}",
        answers_note="Shares of the questions; AUROC: how well the confidence tells answerable from other questions "
        "(0.5 is chance). Times as measured on the machine of the file.",
        attribution="Attribution: {}",
        attribution_note="An excerpt of each article in: how often are article, headline, outlet, date, address right?",
        peers="Beside other search engines: {}",
        peers_note="Quality as measured; costs as multiples of Beleg's (processor time of one thread, peak memory of "
        "the whole process, disk). “stock”: documented settings for German; otherwise the best found on gnad-qa.",
        method="method",
        questions="questions",
        published="published",
        published_note="Lighter bars: {}",
        measured="measured",
        costs="milliseconds of processor time per question (median)",
        better="{} and time, numbered as below: good is up and left",
        checker="The checker of written sentences",
        checker_note="Pairs of a sentence and its passage: true ones, which should stay, and corruptions, which "
        "should be dropped.",
        pairs="pairs",
        dropped="share dropped",
        not_backed="share not shown as backed",
        ratios=("build ×", "p50 ×", "p95 ×", "memory ×", "disk ×"),
        absolute="Beleg: {documents} documents, {questions} questions; build {build_seconds:g} s, p50 {p50:g} ms, "
        "p95 {p95:g} ms, memory {peak_mib} MiB, disk {disk_mib:g} MiB.",
        methods={
            "hybrid": "words and vectors, second look",
            "lexical": "words alone",
            "dense": "vectors alone",
        },
        parts={"lexical": "stems", "grams": "4-grams", "dense": "vectors"},
        made=("commit", "date"),
        measures={
            "evidence_hit": "evidence in the first three claims",
            "evidence_hit_first": "evidence in the first claim",
            "evidence_in_600_words": "evidence in the first 600 words found",
            "article_in_top_5": "article among the first five",
            "answerable_refused": "answerable, not answered",
            "unanswerable_not_answered": "unanswerable, not answered",
            "quote_fidelity": "quotes word for word, with their source",
            "confidence_auroc": "confidence tells them apart (AUROC)",
            "citation_recall": "claims that their quotes back",
            "citation_precision": "quotes that their claims need",
            "milliseconds_p50": "milliseconds an answer (median)",
            "fully_right": "all of it right",
            "article_right": "article",
            "title_right": "headline",
            "source_right": "outlet",
            "published_right": "date",
            "url_right": "address",
            "nothing_named": "no source named",
        },
        corruptions={
            "true": "true, not changed",
            "addition": "something added",
            "date": "another date",
            "merged": "two statements mixed",
            "name": "another name",
            "negation": "the opposite",
            "number": "another number",
            "quote": "a quote changed",
            "roles": "roles exchanged",
            "speaker": "another speaker",
            "facts": "numbers, dates, names, quotes together",
        },
    ),
    "de": ReportTexts(
        title="Wie gut Beleg ist",
        intro="Gemessen mit den Befehlen des Projekts, je eine Ergebnisdatei, in der Commit und Rechner stehen. "
        "Striche zeigen 95-%-Bereiche über die Fragen. Was „veröffentlicht“ heißt, haben andere gemessen, nicht wir.",
        retrieval="Den Artikel finden: {}",
        answers="Antworten: {}",
        answers_note="Anteile der Fragen; AUROC: wie gut die Zuversicht beantwortbare von anderen Fragen trennt "
        "(0,5 ist Zufall). Zeiten wie auf dem Rechner der Datei gemessen.",
        attribution="Zuordnung: {}",
        attribution_note="Ein Auszug aus jedem Artikel: Wie oft stimmen Artikel, Titel, Medium, Datum und Adresse?",
        peers="Neben anderen Suchmaschinen: {}",
        peers_note="Güte wie gemessen; Kosten als Vielfaches von Beleg (Rechenzeit eines Kerns, höchster Speicher des "
        "ganzen Prozesses, Platte). „stock“: dokumentierte Einstellung für Deutsch; sonst die beste auf gnad-qa.",
        method="Verfahren",
        questions="Fragen",
        published="veröffentlicht",
        published_note="Hellere Balken: {}",
        measured="gemessen",
        costs="Millisekunden Rechenzeit je Frage (Median)",
        better="{} und Zeit, Nummern wie unten: gut ist oben links",
        checker="Die Prüfung geschriebener Sätze",
        checker_note="Paare aus Satz und Stelle: wahre, die bleiben sollen, und verfälschte nach ihrer Art, die "
        "verworfen werden sollen.",
        pairs="Paare",
        dropped="Anteil verworfen",
        not_backed="Anteil nicht als belegt gezeigt",
        ratios=("Aufbau ×", "p50 ×", "p95 ×", "Speicher ×", "Platte ×"),
        absolute="Beleg: {documents} Artikel, {questions} Fragen; Aufbau {build_seconds:g} s, p50 {p50:g} ms, "
        "p95 {p95:g} ms, Speicher {peak_mib} MiB, Platte {disk_mib:g} MiB.",
        methods={
            "hybrid": "Wörter und Vektoren, zweiter Blick",
            "lexical": "nur Wörter",
            "dense": "nur Vektoren",
        },
        parts={"lexical": "Stämme", "grams": "Vierergramme", "dense": "Vektoren"},
        made=("Stand des Codes", "Tag"),
        measures={
            "evidence_hit": "Belegstelle in den ersten drei Aussagen",
            "evidence_hit_first": "Belegstelle in der ersten Aussage",
            "evidence_in_600_words": "Belegstelle in den ersten 600 Wörtern",
            "article_in_top_5": "Artikel unter den ersten fünf",
            "answerable_refused": "beantwortbar, nicht beantwortet",
            "unanswerable_not_answered": "nicht beantwortbar, nicht beantwortet",
            "quote_fidelity": "Zitate wortgetreu, mit ihrer Quelle",
            "confidence_auroc": "Zuversicht trennt beide (AUROC)",
            "citation_recall": "Aussagen, die ihre Zitate belegen",
            "citation_precision": "Zitate, die ihre Aussage braucht",
            "milliseconds_p50": "Millisekunden je Antwort (Median)",
            "fully_right": "alles richtig",
            "article_right": "Artikel",
            "title_right": "Titel",
            "source_right": "Medium",
            "published_right": "Datum",
            "url_right": "Adresse",
            "nothing_named": "keine Quelle genannt",
        },
        corruptions={
            "true": "wahr, unverändert",
            "addition": "etwas hinzugefügt",
            "date": "anderes Datum",
            "merged": "zwei Aussagen vermischt",
            "name": "anderer Name",
            "negation": "das Gegenteil",
            "number": "andere Zahl",
            "quote": "Zitat verändert",
            "roles": "Rollen vertauscht",
            "speaker": "anderer Sprecher",
            "facts": "Zahlen, Daten, Namen, Zitate zusammen",
        },
        point=",",
    ),
}
