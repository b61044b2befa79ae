"""A sentence is backed if its passage says the same, and not if anything in it was changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import PROJECT
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.corpus.read import Record, scan
from rag.evaluation import checker
from rag.german import sentences
from rag.passages import passages
from rag.support import check
from rag.types import Article, Language, Quote, Verdict

TEXT = (
    "Der Gemeinderat von Neuwied hat am Dienstag den Umbau der Rheinbrücke beschlossen. Er kostet 3,2 Millionen Euro "
    "und soll 14 Monate dauern. „Wir können nicht länger warten“, sagte Bürgermeisterin Petra Lindholz. Der Landrat "
    "Karsten Dombrowski lehnte den Plan ab. "
    "Radfahrer dürfen die Brücke nicht benutzen, solange die Seile ausgetauscht werden."
)
ARTICLE = Article("bruecke", "Umbau der Rheinbrücke", TEXT, published=date(2023, 4, 12), source="Rheinbote")
PASSAGE = Quote("bruecke", "bruecke#0", 0, len(TEXT), TEXT)


def verdict(text: str, language: Language = "de", article: Article = ARTICLE) -> Verdict:
    return check(text, [replace(PASSAGE, text=article.text, end=len(article.text))], [article], language).verdict


@pytest.mark.parametrize(
    "text",
    [
        "Der Umbau der Rheinbrücke kostet 3,2 Mio. Euro und dauert 14 Monate.",
        "Den Umbau hat der Neuwieder Gemeinderat am 11. April 2023 beschlossen.",
        "„Wir können nicht länger warten“, erklärte Petra Lindholz.",
        "Landrat Dombrowski war dagegen und lehnte den Plan ab.",
        "Während die Seile ausgetauscht werden, dürfen Radfahrer die Brücke nicht benutzen.",
    ],
)
def test_the_same_in_other_words_is_backed(text: str) -> None:
    assert verdict(text) == "belegt"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Der Umbau der Rheinbrücke kostet 2,3 Mio. Euro und dauert 14 Monate.", "number"),
        ("Der Umbau der Rheinbrücke kostet 3,2 Mio. Dollar und dauert 14 Monate.", "number"),
        ("Der Umbau der Rheinbrücke kostet 14 Millionen Euro.", "number"),
        ("Den Umbau hat der Neuwieder Gemeinderat am 12. April 2023 beschlossen.", "date"),
        ("Den Umbau hat der Koblenzer Gemeinderat am Dienstag beschlossen.", "name"),
        ("„Wir können noch lange warten“, erklärte Petra Lindholz.", "quote"),
        ("Landrat Dombrowski stimmte dem Plan nicht ab und lehnte ihn 2019 ab.", "number"),
        ("Radfahrer dürfen die Brücke benutzen, solange die Seile ausgetauscht werden.", "negation"),
        ("Landrat Karsten Dombrowski lehnte den Plan nicht ab.", "negation"),
        ("Den Umbau hat der Gemeinderat beschlossen, sagte der Ministerpräsident.", "speaker"),
        ("Eine neue Schule entsteht neben dem Bahnhof.", "words"),
        ("Der Umbau der Rheinbrücke kostet 3,2 Millionen Euro, siehe https://evil.test/", "words"),
        ("![Bild](//evil.test/x.png) Der Umbau der Rheinbrücke kostet 3,2 Millionen Euro.", "words"),
    ],
)
def test_whatever_was_changed_is_not_backed(text: str, missing: str) -> None:
    support = check(text, [PASSAGE], [ARTICLE])
    assert (support.verdict, support.missing) == ("nicht belegt", missing)


NEIGHBOURS = (
    "Im Streit um die Elbfähre ist kein Ende in Sicht. Bürgermeister Jonas Harder hat die Reederei Brandt verklagt. "
    "Er verlangt 40.000 Euro. Sein Plan sieht vor, die Fähre im Sommer durch eine Brücke zu ersetzen. "
    "In Wedel wartet man seit Jahren darauf. In Glückstadt sammelte Anna Tiedje 900 Unterschriften gegen den Plan. "
    "Der Glückstädter Hafenmeister wurde von Tiedje kritisiert. Moskau ist weit, spottete ein Leserbrief. "
    "Die russische Führung schweigt dazu."
)
NEIGHBOUR = Article("faehre", "Streit um die Fähre", NEIGHBOURS, published=date(2023, 4, 12), source="Elbblick")


@pytest.mark.parametrize(
    "text",
    [
        "Harder hat die Reederei Brandt verklagt.",
        "Die Reederei Brandt wurde von Harder verklagt.",
        "Harder will die Fähre im Sommer durch eine Brücke ersetzen.",
        "Tiedje sammelte in Glückstadt 900 Unterschriften gegen den Plan.",
        "Tiedje kritisierte den Glückstädter Hafenmeister.",
        "Moskau schweigt dazu.",  # a capital stands for its state
    ],
)
def test_names_may_be_told_in_another_order_or_for_a_pronoun(text: str) -> None:
    assert verdict(text, article=NEIGHBOUR) != "nicht belegt"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Tiedje will die Fähre im Sommer durch eine Brücke ersetzen.", "name"),  # "sein" is somebody else's
        ("Tiedje sammelte in Wedel 900 Unterschriften gegen den Plan.", "name"),  # another place behind "in"
        ("Tiedje kritisierte den Hamburger Hafenmeister.", "name"),  # another origin before the same noun
        ("Die Reederei Brandt hat Bürgermeister Harder verklagt.", "roles"),
        ("Harder wurde von der Reederei Brandt verklagt.", "roles"),
    ],
)
def test_a_name_of_the_passage_in_the_place_of_another_is_not_backed(text: str, missing: str) -> None:
    support = check(text, [replace(PASSAGE, text=NEIGHBOURS, end=len(NEIGHBOURS))], [NEIGHBOUR])
    assert (support.verdict, support.missing) == ("nicht belegt", missing)


def test_english_sentences_are_held_to_names_and_roles_too() -> None:
    assert verdict("Harder sued the company Brandt.", "en", NEIGHBOUR) != "nicht belegt"
    assert verdict("Tiedje demands 40,000 euros.", "en", NEIGHBOUR) == "nicht belegt"


def test_an_invented_noun_makes_a_sentence_only_partly_backed() -> None:
    assert verdict("Der Umbau der Rheinbrücke kostet 3,2 Millionen Euro Steuergeld.") == "teilweise"


def test_an_english_sentence_is_laid_beside_german_words() -> None:
    assert (
        verdict("The conversion of the bridge costs 3.2 million euros and will last 14 months.", "en") != "nicht belegt"
    )
    assert (
        verdict("The conversion of the bridge costs 3.3 million euros and will last 14 months.", "en") == "nicht belegt"
    )


def test_quotes_are_sentences_of_the_passage_the_best_one_first() -> None:
    support = check("Der Umbau kostet 3,2 Millionen Euro.", [PASSAGE], [ARTICLE])
    assert support.quotes[0].text.startswith("Er kostet 3,2 Millionen Euro")
    assert all(TEXT[q.start : q.end] == q.text for q in support.quotes)


def test_a_weekday_says_nothing_where_the_day_of_publication_is_unknown() -> None:
    text = "Den Umbau hat der Gemeinderat am 11. April 2023 beschlossen."
    assert verdict(text, article=replace(ARTICLE, published=None)) == "nicht belegt"


def test_nothing_backs_a_sentence_without_passages_or_words() -> None:
    assert check("Der Umbau kostet viel.", [], []).verdict == "nicht belegt"
    assert verdict("…") == verdict("") == "nicht belegt"


@pytest.fixture(scope="module")
def demo() -> list[tuple[Article, Quote, str]]:
    """Sentences of the demo corpus with their passages."""
    articles = [record.load() for record in scan(PROJECT / "corpus") if isinstance(record, Record)]
    return [
        (article, Quote(article.article_id, p.passage_id, p.start, p.end, p.text), p.text[start:end])
        for article in articles
        for p in passages(article)
        for start, end in sentences(p.text)
    ]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_sentence_backs_itself_and_no_other_number(
    demo: list[tuple[Article, Quote, str]], data: st.DataObject
) -> None:
    article, passage, text = data.draw(st.sampled_from(demo))
    assert check(text, [passage], [article]).verdict == "belegt"
    changed = f"{text.rstrip('.')}, insgesamt 76.543."
    assert check(changed, [passage], [article]).verdict == "nicht belegt"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_checked(text: str) -> None:
    support = check(text, [PASSAGE], [ARTICLE])
    assert all(TEXT[q.start : q.end] == q.text for q in support.quotes)


def test_the_checker_holds_its_figures_on_the_demo_corpus(tmp_path: Path) -> None:
    """Floors, a little below what `python -m rag eval checker` measures."""
    lines = [line for line in checker.PAIRS.read_text("utf-8").splitlines() if '"corpus": "demo"' in line]
    chosen = tmp_path / "pairs.jsonl"
    chosen.write_text("\n".join(lines[::2]), "utf-8")
    rows = checker.measures(checker.judge(checker.read_pairs(chosen, {"demo": PROJECT / "corpus"})))
    assert rows["number"]["dropped"] >= 0.95
    assert rows["date"]["dropped"] >= 0.95
    assert rows["name"]["not_backed"] >= 0.88
    assert rows["facts"]["dropped"] >= 0.91
    assert rows["true"]["dropped"] <= 0.15


def test_the_pairs_fit_their_articles_and_halves(shared: Path) -> None:
    """Quoted words are offsets; an article is wholly in one half."""
    corpora = {"demo": PROJECT / "corpus", "gnad-qa": shared / "benchmarks" / "gnad-qa" / "corpus.jsonl"}
    pairs = checker.read_pairs(checker.PAIRS, corpora)
    assert len(pairs) >= 600
    assert {pair.half for pair in pairs} == set(checker.HALVES)
    halves = {pair.article.article_id: pair.half for pair in pairs}
    assert all(halves[pair.article.article_id] == pair.half for pair in pairs)
