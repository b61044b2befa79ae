"""One question's whole path on real articles: reasons, quotes, dates, and an honest "not in the archive"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rag.assistant import Assistant, Desk, assemble
from rag.encoder import StaticEncoder
from rag.errors import IndexMissing
from rag.index.build import build, stamp
from rag.index.reader import open_index
from rag.settings import Settings
from rag.types import Answer, Filters, Turn

PATRIOTS = "Warum keine Patriots für die Ukraine?"
QUESTIONS = (
    PATRIOTS,
    "Wann wurden die letzten deutschen Atomkraftwerke abgeschaltet?",
    "Wie hoch ist der Mindestlohn seit Oktober 2022?",
    "Wer ist neuer Verteidigungsminister?",
    "Why did Germany not send Patriots?",
    "patriots ukraine",
    "WIE VIELE MITGLIEDER HAT DIE NATO",
)


def holds(answer: Answer) -> None:
    """What is true of every answer."""
    articles = {hit.article.article_id: hit.article for hit in answer.hits}
    for citation in answer.citations:
        article = articles[citation.article_id]
        assert article.text[citation.start : citation.end] == citation.quote
        assert (citation.title, citation.source, citation.published) == (
            article.title,
            article.source,
            article.published,
        )
    quotes = {citation.number: citation.quote for citation in answer.citations}
    assert [claim.text for claim in answer.claims] == [
        " ".join(quotes[n] for n in claim.citations) for claim in answer.claims
    ]
    assert len(answer.claims) <= 4
    assert sum(len(claim.text.split()) for claim in answer.claims) <= 90
    assert bool(answer.claims) == (answer.status == "answered")
    assert 0 <= answer.confidence <= 1
    assert answer.message


@pytest.fixture(scope="session")
def seed_assistant(
    shared: Path,
    tmp_path_factory: pytest.TempPathFactory,
    encoder: StaticEncoder,
    open_assistant: Callable[[Path], Assistant],
) -> Assistant:
    index = tmp_path_factory.mktemp("seeds")
    build(shared / "seeds", index, encoder)
    return open_assistant(index)


def test_the_first_question_gets_both_reasons_from_the_article_of_november(seed_assistant: Assistant) -> None:
    answer = seed_assistant.ask(PATRIOTS)
    holds(answer)
    assert answer.status == "answered"
    assert {(c.source, c.author, c.published) for c in answer.citations} == {
        ("DW", "Bernd Riegert", date(2022, 11, 30))
    }
    text = " ".join(claim.text for claim in answer.claims)
    for reason in ("NATO-Soldaten", "Kriegspartei", "Luftverteidigung", "Zustimmung", "USA"):
        assert reason in text
    assert answer.as_of == date(2022, 11, 30)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_answer_of_the_demo_archive_is_made_of_quotes(
    demo_index: Path, open_assistant: Callable[[Path], Assistant], question: str
) -> None:
    answer = open_assistant(demo_index).ask(question)
    holds(answer)
    assert answer.status == "answered"
    assert len({hit.article.article_id for hit in answer.hits}) >= 10
    assert set(answer.timings_ms) == {"understand", "search", "compose", "verify"}


@pytest.mark.parametrize(
    ("question", "article", "words"),
    [
        (
            "Wann gingen Isar 2, Emsland und Neckarwestheim 2 vom Netz?",
            "2023-04-16-atomausstieg-vollzogen.md",
            "15. April",
        ),
        ("Wer ist neuer Verteidigungsminister?", "2023-01-19-pistorius-verteidigungsminister.md", "Pistorius"),
        ("Wie viel kostet das Deutschlandticket?", "2023-05-01-deutschlandticket-startet.md", "49 Euro"),
    ],
)
def test_the_answer_stands_in_the_right_article(
    demo_index: Path, open_assistant: Callable[[Path], Assistant], question: str, article: str, words: str
) -> None:
    answer = open_assistant(demo_index).ask(question)
    assert any(c.article_id == article and words in c.quote for c in answer.citations), [
        c.quote for c in answer.citations
    ]


def test_the_answer_changes_with_its_date(demo_index: Path, open_assistant: Callable[[Path], Assistant]) -> None:
    assistant = open_assistant(demo_index)
    early = assistant.ask(PATRIOTS, filters=Filters(until=date(2022, 11, 30)))
    late = assistant.ask(PATRIOTS, filters=Filters(since=date(2023, 4, 1)))
    holds(early)
    holds(late)
    assert all(h.article.published and h.article.published <= date(2022, 11, 30) for h in early.hits)
    assert all(h.article.published and h.article.published >= date(2023, 4, 1) for h in late.hits)
    assert early.as_of != late.as_of


@pytest.mark.parametrize("question", ["", "   ", "?!…", "„“"])
def test_a_question_without_words_is_asked_for_again(
    demo_index: Path, open_assistant: Callable[[Path], Assistant], question: str
) -> None:
    answer = open_assistant(demo_index).ask(question)
    assert (answer.status, answer.message) == ("not_found", "Bitte stellen Sie eine Frage in Worten.")


@pytest.mark.parametrize("question", ["Qwrtzpf Xyvlmn Grmblfx?", "Wie backe ich einen Käsekuchen mit Quark?"])
def test_what_the_archive_does_not_say_is_not_answered(
    demo_index: Path, open_assistant: Callable[[Path], Assistant], question: str
) -> None:
    answer = open_assistant(demo_index).ask(question)
    holds(answer)
    assert answer.status in ("nearest", "not_found")
    assert answer.claims == ()


def test_who_asks_what_somebody_says_gets_what_there_is(
    demo_index: Path, open_assistant: Callable[[Path], Assistant]
) -> None:
    demo = open_assistant(demo_index)
    for verb, name in (("fordert", "Selenskyj"), ("sagt", "Scholz")):
        answer = demo.ask(f"Was {verb} {name}?")
        assert answer.status == "answered"
        assert not answer.message.startswith("Das Archiv sagt etwas anderes")
        assert all(name in claim.text for claim in answer.claims)
    assert demo.ask("Was fordert Macron?").status != "answered"


def test_what_somebody_says_is_told_by_sentences_that_name_who(
    demo_index: Path, open_assistant: Callable[[Path], Assistant]
) -> None:
    demo = open_assistant(demo_index)
    answer = demo.ask("Und was sagt Deutschland dazu?", demo.turns([PATRIOTS]))
    holds(answer)
    assert (answer.status, answer.timeline) == ("answered", True)
    assert all("Deutsch" in claim.text and "Patriots" in claim.text for claim in answer.claims[1:])
    assert "Deutschland" in answer.claims[0].text


def test_a_follow_up_is_searched_with_its_topic(demo_index: Path, open_assistant: Callable[[Path], Assistant]) -> None:
    answer = open_assistant(demo_index).ask("Und was sagte Polen dazu?", (Turn(PATRIOTS, PATRIOTS),))
    assert "Patriots" in answer.query.standalone
    assert any("polen" in hit.article.article_id or "patriot" in hit.article.article_id for hit in answer.hits[:2])


def test_an_english_question_gets_german_quotes_in_an_english_frame(
    demo_index: Path, open_assistant: Callable[[Path], Assistant]
) -> None:
    answer = open_assistant(demo_index).ask("Why does Ukraine not get any Patriots?")
    assert answer.query.language == "en"
    assert "archive" in answer.message


def test_the_desk_takes_up_a_new_generation(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    settings = Settings(corpus=corpus, index=tmp_path / "index")
    with pytest.raises(IndexMissing, match="python -m rag build"):
        _ = Desk(settings).assistant
    build(corpus, settings.index, encoder)
    desk = Desk(settings)
    before = desk.assistant
    assert desk.assistant is before
    (corpus / "neu.md").write_text(
        "---\ntitle: Fähre\n---\nDie Fähre fährt wieder, weil der Motor repariert ist.", "utf-8"
    )
    build(corpus, settings.index, encoder)
    assert desk.assistant is not before
    assert desk.assistant.ask("Warum fährt die Fähre wieder?").citations[0].article_id == "neu.md"
    assert before.ask("Warum ist die Rheinbrücke gesperrt?").citations


def ask_about(tmp_path: Path, encoder: StaticEncoder, texts: dict[str, str], question: str) -> Answer:
    """The answer of an archive of these articles."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, text in texts.items():
        (corpus / name).write_text(f"---\ntitle: {name}\n---\n{text}", "utf-8")
    build(corpus, tmp_path / "index", encoder)
    return assemble(open_index(tmp_path / "index", stamp(encoder)), encoder).ask(question)


def test_a_sentence_too_long_to_quote_is_the_nearest_place_not_nothing(tmp_path: Path, encoder: StaticEncoder) -> None:
    long = (
        "Die Rheinbrücke ist gesperrt, weil " + "und ".join(f"der Bolzen {i} gebrochen ist " for i in range(30)) + "."
    )
    answer = ask_about(tmp_path, encoder, {"lang.md": long}, "Warum ist die Rheinbrücke gesperrt?")
    holds(answer)
    assert answer.status == "nearest"
    assert answer.citations[0].quote == " ".join(long.split()[:90])


def test_a_list_without_sentences_is_shown_as_the_nearest_place(tmp_path: Path, encoder: StaticEncoder) -> None:
    texts = {"liste.md": "Mindestlohn 2022\n\nMindestlohn ab Oktober zwölf Euro", "z.md": "Die Fähre fährt wieder."}
    answer = ask_about(tmp_path, encoder, texts, "Wie hoch ist der Mindestlohn ab Oktober 2022?")
    holds(answer)
    assert answer.status == "nearest"
    assert answer.citations[0].article_id == "liste.md"


def test_what_is_told_of_one_year_does_not_answer_for_another(tmp_path: Path, encoder: StaticEncoder) -> None:
    texts = {
        "wahl.md": "Bei der Bürgermeisterwahl in Altmünde gewann 2015 Karin Brandt mit 53 Prozent der Stimmen.",
        "see.md": "Der See bei Altmünde ist im Sommer 21 Grad warm. Viele Gäste baden dort.",
    }
    asked = "Wer gewann {} die Bürgermeisterwahl in Altmünde?"
    (tmp_path / "then").mkdir()
    (tmp_path / "later").mkdir()
    assert ask_about(tmp_path / "then", encoder, texts, asked.format(2015)).status == "answered"
    later = ask_about(tmp_path / "later", encoder, texts, asked.format(2021))
    holds(later)
    assert later.status == "nearest"
    assert later.citations[0].article_id == "wahl.md"


def test_no_sentence_is_quoted_twice(tmp_path: Path, encoder: StaticEncoder) -> None:
    speech = (
        "Minister Meier antwortete: „Die Lage der Brücke ist ernst in unserem Land. Wir brauchen schnell neue Seile. "
        "Sonst bleibt die Brücke gesperrt, weil sie nicht trägt.“ Dann ging er."
    )
    answer = ask_about(tmp_path, encoder, {"rede.md": speech}, "Was sagte Meier über die Seile der Brücke?")
    holds(answer)
    spans = sorted((c.start, c.end) for c in answer.citations)
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))
