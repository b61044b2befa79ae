"""Copies of one report: found at any size, grouped whatever the order, and named only where the words stand too."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from conftest import write_article
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.corpus.copies import are_copies, bands, resemblance, shingles
from rag.encoder import StaticEncoder
from rag.index.build import build
from rag.index.reader import open_index

AGENCY = (
    "Bei einem Brand in einem Sägewerk bei Tannroda ist in der Nacht zum Dienstag ein Schaden von zwei Millionen Euro "
    "entstanden. Nach Angaben der Feuerwehr brach das Feuer kurz nach Mitternacht in der Trockenkammer aus und griff "
    "rasch auf die Halle über. Rund 120 Einsatzkräfte waren bis zum Morgen beschäftigt, um ein Übergreifen auf den "
    "nahen Wald zu verhindern. Verletzt wurde niemand. Die Ursache ist noch unklar, die Polizei ermittelt."
)
OWN = (
    "Der Chef des Sägewerks steht am Morgen vor schwarzen Balken und zählt, was geblieben ist. Dreißig Leute arbeiten "
    "hier, manche seit der Lehre. Ob die Halle noch einmal gebaut wird, weiß er nicht, denn Holz ist teuer geworden "
    "und die Versicherung schweigt. Ein Nachbar bringt Kaffee und fragt, ob er helfen kann."
)


def variants() -> dict[str, str]:
    first, second, *rest = AGENCY.split(". ")
    return {
        "agentur": AGENCY,
        "mit-ortsmarke": f"Tannroda (dpa) - {AGENCY}",
        "gekuerzt": ". ".join([first, second, rest[0]]) + ".",
        "mit-vorspann": f"In Tannroda hat es gebrannt. {AGENCY} Das Werk besteht seit 1921.",
        "eigener-bericht": OWN,
    }


def write(corpus: Path, names: list[str]) -> None:
    corpus.mkdir(exist_ok=True)
    for name in names:
        write_article(corpus, f"{name}.md", "Brand im Sägewerk", variants()[name], "2024-02-06", name.title())


def reports(index: Path) -> dict[str, str | None]:
    return {a.article_id.removesuffix(".md"): a.report for a in open_index(index).store.newest(99)}


def test_agency_copies_are_one_report_and_a_report_of_ones_own_is_none(tmp_path: Path, encoder: StaticEncoder) -> None:
    write(tmp_path / "corpus", list(variants()))
    report = build(tmp_path / "corpus", tmp_path / "index", encoder)
    copies = {"agentur", "mit-ortsmarke", "gekuerzt", "mit-vorspann"}
    assert reports(tmp_path / "index") == {**dict.fromkeys(copies, "agentur.md"), "eigener-bericht": None}
    assert report.grouped == tuple(sorted(f"{name}.md" for name in copies))


def test_another_outlet_is_named_only_if_the_words_stand_there_too(tmp_path: Path, encoder: StaticEncoder) -> None:
    write(tmp_path / "corpus", list(variants()))
    build(tmp_path / "corpus", tmp_path / "index", encoder)
    store = open_index(tmp_path / "index").store
    assert store.also_in("agentur.md", "Verletzt wurde niemand.") == ("Mit-Ortsmarke", "Mit-Vorspann")
    assert store.also_in("agentur.md", AGENCY.split(". ")[0]) == ("Gekuerzt", "Mit-Ortsmarke", "Mit-Vorspann")
    assert store.also_in("mit-vorspann.md", "Das Werk besteht seit 1921.") == ()
    assert store.also_in("eigener-bericht.md", "und") == store.also_in("fehlt.md", "und") == ()


def test_a_report_falls_apart_when_what_joined_it_goes(tmp_path: Path, encoder: StaticEncoder) -> None:
    words = [f"wort{n}" for n in range(220)]
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, start in (("a", 0), ("b", 35), ("c", 70)):  # a resembles b, b resembles c, a does not resemble c
        write_article(corpus, f"{name}.md", "Meldung", " ".join(words[start : start + 140]) + ".")
    build(corpus, tmp_path / "index", encoder)
    assert reports(tmp_path / "index") == dict.fromkeys("abc", "a.md")
    (corpus / "b.md").unlink()
    build(corpus, tmp_path / "index", encoder)
    assert reports(tmp_path / "index") == {"a": None, "c": None}


NAMES = st.lists(st.tuples(st.sampled_from([*variants()]), st.sampled_from([*variants(), None])), max_size=5)


@given(NAMES, NAMES)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reports_do_not_depend_on_the_order_of_builds(
    encoder: StaticEncoder,
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[str, str | None]],
    then: list[tuple[str, str | None]],
) -> None:
    folder = tmp_path_factory.mktemp("reports")
    corpus = folder / "corpus"
    write(corpus, ["eigener-bericht", "gekuerzt"])
    write_article(corpus, "rest.md", "Rest", "Die Fähre fährt.")
    for edits in (first, then):
        for name, text in edits:
            if text is None:
                (corpus / f"{name}.md").unlink(missing_ok=True)
            else:
                write_article(corpus, f"{name}.md", "Brand", variants()[text])
        build(corpus, folder / "index", encoder)
    build(corpus, folder / "full", encoder)
    assert reports(folder / "index") == reports(folder / "full")
    shutil.rmtree(folder)


def test_of_many_texts_nearly_all_copies_share_a_key_and_hardly_any_strangers() -> None:
    chance = random.Random(7)
    vocabulary = [f"wort{n}" for n in range(3_000)]
    texts = [chance.choices(vocabulary, k=chance.randint(80, 400)) for _ in range(300)]
    found = strangers = wanted = 0
    keys = [set(bands(shingles(" ".join(text)))) for text in texts]
    for number, text in enumerate(texts):
        copy = list(text)
        for place in chance.sample(range(len(copy)), len(copy) // 40):
            copy[place] = chance.choice(vocabulary)
        runs = shingles(" ".join(copy))
        if are_copies(runs, shingles(" ".join(text))):
            wanted += 1
            found += bool(set(bands(runs)) & keys[number])
        strangers += sum(not keys[number].isdisjoint(other) for n, other in enumerate(keys) if n != number)
    assert wanted > 250
    assert found >= 0.99 * wanted
    assert strangers <= 4


@given(st.lists(st.sampled_from("abcdef"), max_size=60), st.lists(st.sampled_from("abcdef"), max_size=60))
def test_resemblance_has_no_direction_and_the_same_words_are_copies(one: list[str], other: list[str]) -> None:
    first, second = shingles(" ".join(one)), shingles(" ".join(other))
    assert resemblance(first, second) == resemblance(second, first)
    assert are_copies(first, first)
    assert are_copies(first, second) == are_copies(second, first)
    assert bands(first) == bands(shingles(" ".join(one).upper()))
