"""Cleaning scraped text: the two seed articles by count and hash, each kind of junk, and what must never be touched."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.corpus.clean import Scraped, clean_scraped, tidy
from rag.german import sentences

PROJECT = Path(__file__).resolve().parent.parent
PROSE = "Der Rat hat am Mittwoch lange beraten. Am Ende stand ein Beschluss, den alle tragen."
MORE = "Die Kosten teilen sich Land und Stadt. Baubeginn ist im Frühjahr."


def seed(shared: Path, start: str) -> tuple[str, Scraped]:
    raw = next((shared / "seeds").glob(f"{start}_*.txt")).read_text(encoding="utf-8")
    return raw, clean_scraped(raw)


def fingerprint(text: str) -> str:
    """Of the words in their order, wherever lines and sentences end."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


# The seeds ---------------------------------------------------------------------------------------------------------


def test_first_seed_keeps_every_sentence_and_nothing_else(shared: Path) -> None:
    raw, page = seed(shared, "000")
    assert len(sentences(page.text)) == 69
    assert fingerprint(page.text) == "8deae42733f665f5c043693a1004f299d6ea15dda4332ba091257c8a15f7abcf"
    # 19 lines go: 3 + 1 of navigation, 3 of the byline, 1 description, 5 captions, 2 at the end, blanks not counted
    assert len([line for line in raw.split("\n") if line.strip()]) - len(page.text.split("\n\n")) == 4 + 3 + 1 + 5 + 2


def test_first_seed_gives_its_facts(shared: Path) -> None:
    _, page = seed(shared, "000")
    assert (page.author, page.published, page.updated, page.source) == ("Bernd Riegert", date(2022, 11, 30), None, "DW")
    assert page.title == "NATO: Russland darf nicht gewinnen"
    assert page.title not in page.text


def test_second_seed_keeps_every_sentence_and_nothing_else(shared: Path) -> None:
    raw, page = seed(shared, "002")
    assert len(sentences(page.text)) == 59
    assert fingerprint(page.text) == "9e973391d9020f0d68c662d4d7e2be59e80dd3dbe2021357581013f1fff78af4"
    # 8 lines go: 3 captions, each of them twice, 1 link and 1 note at the end; the teaser is part of a line
    assert len([line for line in raw.split("\n") if line.strip()]) - len(page.text.split("\n\n")) == 3 * 2 + 1 + 1


def test_second_seed_gives_its_facts(shared: Path) -> None:
    _, page = seed(shared, "002")
    assert (page.author, page.published, page.updated, page.source) == (None, None, None, "waz.de")
    first, second = (page.text[start:end] for start, end in sentences(page.text)[:2])
    assert (first, page.title + ".") == ("Brüssel.", second)


@pytest.mark.parametrize(
    ("start", "subheadings"),
    [("000", ["Wunsch nach Patriots bleibt", "Verhältnis zu China neu ordnen"]), ("002", ["Neue Sanktionen"])],
)
def test_subheadings_of_the_seeds_stay_paragraphs(shared: Path, start: str, subheadings: list[str]) -> None:
    assert set(subheadings) <= set(seed(shared, start)[1].text.split("\n\n"))


# Each kind of junk -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "junk",
    [
        "1. Zum Inhalt springen",
        "• Zur Hauptnavigation springen",
        "Direkt zum Inhalt",
        "Den nächsten Abschnitt Mehr zum Thema überspringen",
        "Teilen",
        "Auf Facebook teilen",
        "Per E-Mail versenden",
        "12 Kommentare",
        "Lesezeit: 4 Min",
        "Anzeige",
        "Abonnieren Sie unseren Newsletter mit den besten Geschichten der Woche!",
        "Wir verwenden Cookies, um Ihnen Inhalte zu zeigen.",
        "Mehr zum Thema",
        "Lesen Sie auch: So wählt die Stadt",
        "Foto: dpa",
        "(Foto: Imago/Jan Huebner)",
        "© AFP",
        "Der neue Steg am Seeufer Bild: Eva Beispiel/dpa",
        "Der neue Steg am SeeuferFoto: Eva Beispiel",
        "Am Steg ist es eng. | picture alliance/dpa",
        "Der Steg bei Nacht © Stadtarchiv / Eva Beispiel",
        "Quelle: ntv.de, ebe/dpa",
        "Quelle: F.A.Z.",
    ],
)
def test_a_line_of_junk_between_paragraphs_goes(junk: str) -> None:
    assert clean_scraped(f"{PROSE}\n\n{junk}\n\n{MORE}").text == f"{PROSE}\n\n{MORE}"


@pytest.mark.parametrize(
    "line",
    [
        "Das Bild: Chaos überall.",
        "Es ist ein anderes Bild: Angela Merkel war schon fort.",
        "So steht es im Bericht (Quelle: Umweltamt).",
        "Er will nicht mehr teilen",
        "Der Verein schickt jetzt einen Newsletter, sagte er.",
        "„Wir verwenden Cookies, weil wir müssen“, sagte sie.",
        "Mehr zum Thema Rente sagte der Minister nicht.",
        "Zur Sitzung kamen alle.",
        "Neue Sanktionen",
        "Wer soll das bezahlen?",
    ],
)
def test_what_only_looks_like_junk_stays(line: str) -> None:
    text = f"{PROSE}\n\n{line}\n\n{MORE}"
    assert clean_scraped(text).text == text


def test_copies_of_a_caption_and_the_description_above_it_go() -> None:
    caption = "Der Bürgermeister (l.) begrüßt am Morgen die Gäste."
    description = "Drei Männer in Anzügen geben sich vor einem Rathaus die Hand"
    page = f"{PROSE}\n\n{{}}\n\n{MORE}"
    for block in (
        f"{caption}\n{caption} © dpa",
        f"{caption}\n\n{caption}© Eva Beispiel | dpa",
        f"{caption}\n{caption}\n© dpa",
        f"{description}\n{caption}Bild: Eva Beispiel/AFP",
        f"{description}\nFoto: Eva Beispiel",
    ):
        assert clean_scraped(page.format(block)).text == f"{PROSE}\n\n{MORE}"


def test_a_long_paragraph_loses_only_the_credit_behind_it() -> None:
    long = " ".join([PROSE] * 5)
    assert clean_scraped(f"{long} Foto: dpa").text == long
    assert clean_scraped(f"{PROSE} Quelle: dpa").text == PROSE


def test_of_a_teaser_inside_a_line_the_sentences_around_it_stay() -> None:
    assert clean_scraped(f"{PROSE} Lesen Sie auch:Wird das Wasser knapp?").text == PROSE
    assert clean_scraped(f"{PROSE} Lesen Sie dazu: Wird das Wasser knapp? {MORE}").text == f"{PROSE} {MORE}"


def test_the_end_of_a_page_goes() -> None:
    end = "Flut – Hintergründe und Erklärungen\n\nDieser Text erschien zuerst im Landboten.\nEva Beispiel Redakteurin"
    page = clean_scraped(f"{PROSE}\n\n{MORE}\n\n{end}\nMehr zum Thema\nWas jetzt zu tun ist\nWer hilft?")
    assert (page.text, page.source) == (f"{PROSE}\n\n{MORE}", "Landboten")


# Facts above the article -------------------------------------------------------------------------------------------

PAGES = {
    "author and place over the date": (
        f"Stadt baut neue Brücke\n\nEva Beispiel Kassel\n30. November 2022\n\n{PROSE}\n\nDas sagte sie in Kassel.",
        ("Stadt baut neue Brücke", "Eva Beispiel", date(2022, 11, 30), None),
    ),
    "kicker, headline, lead, author": (
        f"Politik\nStreit am Fluss\nStadt baut neue Brücke\nDas Land zahlt.\nVon Eva Beispiel, Kassel\n{PROSE}",
        ("Stadt baut neue Brücke", "Eva Beispiel", None, None),
    ),
    "two authors and a time": (
        f"Kommt die Brücke?\nVon Eva Beispiel und Jan van Muster\n12.05.2023, 14.30 Uhr\n{PROSE}",
        ("Kommt die Brücke?", "Eva Beispiel und Jan van Muster", date(2023, 5, 12), None),
    ),
    "a date of change is none of publication": (
        f"Stadt baut neue Brücke\nStand: 24.03.2022 21:15 Uhr\n{PROSE}",
        ("Stadt baut neue Brücke", None, None, date(2022, 3, 24)),
    ),
    "both dates on a line": (
        f"Stadt baut neue Brücke\nVeröffentlicht am 1.2.2023 | Aktualisiert: 3.2.2023\n{PROSE}",
        ("Stadt baut neue Brücke", None, date(2023, 2, 1), date(2023, 2, 3)),
    ),
    "a date twice without a blank": (
        f"Stadt baut neue Brücke\n30.11.202230. November 2022\n{PROSE}",
        ("Stadt baut neue Brücke", None, date(2022, 11, 30), None),
    ),
    "no byline at all": (f"Stadt baut neue Brücke\n\n{PROSE}", ("Stadt baut neue Brücke", None, None, None)),
    "a place line": (f"Wien (APA) – {PROSE}", ("Der Rat hat am Mittwoch lange beraten", None, None, None)),
    "nothing but prose": (PROSE, ("", None, None, None)),
    "a date in a sentence": (f"Am 30. November 2022 war Sitzung. {PROSE}", ("", None, None, None)),
}


@pytest.mark.parametrize("name", PAGES)
def test_facts_above_the_article(name: str) -> None:
    raw, (title, author, published, updated) = PAGES[name]
    page = clean_scraped(raw)
    assert (page.title, page.author, page.published, page.updated) == (title, author, published, updated)
    assert PROSE in page.text


def test_the_byline_leaves_the_text_but_a_headline_without_one_stays() -> None:
    raw, _ = PAGES["two authors and a time"]
    assert clean_scraped(raw).text == PROSE
    raw, _ = PAGES["no byline at all"]
    assert clean_scraped(raw).text == raw


# Always ------------------------------------------------------------------------------------------------------------

LINES = st.sampled_from(
    [
        *(PROSE, MORE, "", "", "Foto: dpa", "Mehr zum Thema", "Teilen", "Politik", "Von Eva Beispiel", "Anzeige"),
        *("30. November 2022", "Neue Brücke", "Lesen Sie auch: Neues", f"{MORE} © dpa", "Eva Beispiel Redakteurin"),
        *("Stand: 1.2.2023", "Flut – alles im Newsblog", "Zum Inhalt springen", "Dieser Text erschien zuerst auf A."),
    ]
)


@given(st.text() | st.lists(LINES, max_size=12).map("\n".join))
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    cleaned = clean_scraped(text).text
    assert clean_scraped(cleaned).text == cleaned


@given(st.lists(LINES, max_size=12))
def test_no_paragraph_of_prose_is_ever_lost(lines: list[str]) -> None:
    kept = clean_scraped("\n\n".join(lines)).text.split("\n\n")
    if f"{MORE} © dpa" not in lines:  # else its copy is a caption too
        assert kept.count(PROSE) == lines.count(PROSE)
        assert kept.count(MORE) == lines.count(MORE)


def test_news_that_is_clean_already_loses_nothing(shared: Path) -> None:
    corpus = (shared / "benchmarks" / "gnad-qa" / "corpus.jsonl").read_text(encoding="utf-8")
    texts = [tidy(json.loads(line)["text"]) for line in corpus.splitlines()[:300]]
    assert [clean_scraped(text).text for text in texts] == texts


@pytest.mark.parametrize(
    "lines",
    [
        ("Brücke", "Von " + "," * 290_000 + "x"),
        ("Brücke", "1.1.2022 abcdefgh " * 200_000),
        ("a" * 1_000_000, " " * 1_000_000 + "b", "." * 1_000_000 + "x", "([" * 500_000, "Foto: " * 100_000),
    ],
)
def test_endless_lines_are_cleaned_in_linear_time(lines: tuple[str, ...], tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("\n".join([*lines, PROSE]), encoding="utf-8")
    code = "import sys, pathlib, rag.corpus.clean as c; c.clean_scraped(pathlib.Path(sys.argv[1]).read_text('utf-8'))"
    subprocess.run([sys.executable, "-c", code, str(page)], check=True, timeout=90, cwd=PROJECT)
