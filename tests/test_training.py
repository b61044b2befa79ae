"""Training on a handful of texts: the whole path from files to models that load."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rag.comparison import COMPARISON
from rag.encoder import BUNDLED as BUNDLED_ENCODER
from rag.encoder import StaticEncoder
from rag.errors import BelegError, DatasetError
from rag.features import NAMES
from rag.german import words
from rag.index.reader import Index
from rag.question import understand
from rag.ranker import READ, Ranker, leading
from rag.reader import BODY, TOKENIZER, TOWERS, Body, Reader
from rag.reader import BUNDLED as BUNDLED_READER
from rag.rerank import PassageRanker
from rag.search import HybridSearch
from rag.terms import Array
from rag.training import encoder as encoder_training
from rag.training import ranker as ranker_training
from rag.training.comparison import ComparisonTraining
from rag.training.comparison import Recipe as ComparisonRecipe
from rag.training.descent import held_out
from rag.training.examples import Example, index_texts, load_examples, shortened, small_archives
from rag.training.lexicon import Recipe as LexiconRecipe
from rag.training.lexicon import align
from rag.training.pairs import Stream, inverse_cloze, load_streams, mixed, read_jsonl
from rag.training.passages import Recipe as PassageRecipe
from rag.training.passages import train_passages
from rag.training.questions import MENTIONED, OWN, digest, mentioned_questions, own_questions, strange_questions
from rag.training.reader import ReaderTraining, save_towers
from rag.training.reader import Recipe as ReaderRecipe
from rag.training.run import train
from rag.training.teacher import lessons

TOPICS = {
    "Brücke": "Die Brücke führt über den Fluss. Ihre Seile tragen die Fahrbahn. Weil sie rosten, ist sie gesperrt.",
    "Wolf": "Der Wolf lebt im Rudel. Er jagt vor allem Rehe. Schäfer schützen ihre Herden, weil er auch Schafe reißt.",
    "Feuer": "Das Feuer brach in der Nacht aus. Die Feuerwehr löschte es. Alle flohen, weil das Dach einstürzte.",
    "Hafen": "Der Hafen liegt an der Küste. Schiffe bringen Getreide. Er wächst, weil der Handel zunimmt.",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All training files in miniature."""
    folder = tmp_path_factory.mktemp("training")
    lined = [{"title": t, "text": x.replace(". ", ".\n")} for t, x in TOPICS.items()]
    pairs = [
        {"title": t, "query": f"Was ist über {t} bekannt, Frage {i}?", "positive": x}
        for t, x in TOPICS.items()
        for i in range(8)
    ]
    strange = [{"title": t, "query": f"Wo lebt der {t}?", "positive": f"Ein {t} lebt hier."} for t in ("Yeti", "Alb")]
    evidence = [
        {
            "id": f"{t}{i}",
            "doc": t,
            "title": t,
            "text": x,
            "question": question,
            "evidence": [x.split(". ")[2]] if answerable else [],
            "answerable": answerable,
        }
        for t, x in TOPICS.items()
        for i, (question, answerable) in enumerate(
            [(f"Warum ist das so beim Thema {t}?", True), (f"Wie alt ist {t}?", False), (f"Weshalb {t}?", True)]
        )
    ]
    files = {
        "wikidpr-questions": [*pairs, *strange],
        "wikidpr-imperatives": pairs,
        "klexikon-wikipedia": [{**r, "text": r["text"].replace("\n", " ") + " " + r["text"] * 3} for r in lined],
        "klexikon-children": lined,
        "bundestag-speeches": [{"sitting": "1", "text": x} for x in TOPICS.values()],
        "bundestag-proceedings": [{"title": t, "text": x} for t, x in TOPICS.items()],
        "parallel-de-en": [{"de": "Der Wolf", "en": "The wolf", "source": "x"}],
        "answer-sentences": evidence,
    }
    for name, records in files.items():
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return folder


def test_the_encoder_learns_and_loads(data: Path, tmp_path: Path) -> None:
    recipe = encoder_training.Recipe(vocabulary=300, dimension=16, batch=16, steps=60)
    encoder_training.train_encoder(data, Body(BUNDLED_READER), tmp_path, recipe)
    made, texts = StaticEncoder(tmp_path), list(TOPICS.values())
    cosines = (
        made.encode_queries([f"Was ist über {topic} bekannt?" for topic in TOPICS]) @ made.encode_passages(texts).T
    )
    assert list(cosines.argmax(axis=1)) == list(range(len(texts)))


def test_lessons_know_what_no_pair_says() -> None:
    text = "Angriff Attacke Krankenhaus Klinik Regen"
    streams = [Stream("questions", [(f"Was geschah am {day}. Mai?", f"{text} {day}") for day in range(1, 30)], 1.0)]
    taught = lessons(streams, Body(BUNDLED_READER), 16, 5, 10, 0.25, random.Random(1))
    assert set(taught.texts[:5]) == set(text.lower().split())
    assert all(question.startswith("Was geschah") for question in taught.texts[5:])
    assert taught.vectors.shape == (15, 16)
    assert np.linalg.norm(taught.vectors, axis=1) == pytest.approx(np.ones(15), abs=1e-5)
    assert [taught.shares.sum(), taught.shares[:5].sum()] == pytest.approx([1, 0.25])
    like = taught.vectors[:5] @ taught.vectors[:5].T
    words = {word: i for i, word in enumerate(taught.texts[:5])}
    for word, near in (("angriff", "attacke"), ("krankenhaus", "klinik")):
        others = [like[words[word], i] for other, i in words.items() if other not in (word, near)]
        assert like[words[word], words[near]] > max(others)


@pytest.fixture(scope="module")
def records(data: Path) -> list[dict[str, Any]]:
    return list(read_jsonl(data / "answer-sentences.jsonl.gz"))


@pytest.fixture(scope="module")
def texts(records: list[dict[str, Any]], encoder: StaticEncoder, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """The index of the texts that the questions are about."""
    return index_texts(records, tmp_path_factory.mktemp("texts"), encoder)


def test_the_sentence_ranker_learns_loads_and_tells_evidence_from_the_rest(
    records: list[dict[str, Any]], texts: Index, tmp_path: Path, encoder: StaticEncoder
) -> None:
    search, rng = HybridSearch(texts, encoder), random.Random(1)
    examples = load_examples(records, texts, search, encoder, rng, 0.3, lambda line: None)
    recipe = ranker_training.Recipe(hidden=8, epochs=40, batch=4, folds=2, dropout=0.0)
    folds = ranker_training.folds_of(examples, recipe)
    look = ranker_training.train_first_look(examples, folds, recipe)
    towers = ReaderTraining(examples, Body(BUNDLED_READER), ReaderRecipe(epochs=2, batch=4))
    cosines = held_out(towers.fit, towers.cosines, range(len(examples)), folds, lambda line: None)
    seen = [np.stack([own, np.zeros_like(own)], axis=1) for own in cosines]
    readings = [own[leading(scores)] for own, scores in zip(seen, look.scores, strict=True)]
    made_for = {"encoder": encoder.fingerprint, "reader": "1111"}
    scores = ranker_training.train_ranker(examples, look, readings, folds, [], made_for, tmp_path, recipe)
    assert set(scores) == {"first", "three", "auroc"}
    ranker = Ranker(encoder.fingerprint, "1111", tmp_path)
    judged = [
        (ranker.judge(e.rows, lambda chosen, first, own=own: own[list(chosen)]), e)
        for e, own in zip(examples, seen, strict=True)
        if e.gold.any()
    ]
    assert sum(e.gold[j.scores.argmax()] for j, e in judged) > 0.7 * len(judged)
    assert all(0 <= j.confidence <= 1 for j, _ in judged)
    for encoder_, reader in (("0000", "1111"), (encoder.fingerprint, "0000")):
        with pytest.raises(BelegError, match="another encoder"):
            Ranker(encoder_, reader, tmp_path)


def test_the_sentence_ranker_learns_what_questions_on_other_texts_look_like(
    records: list[dict[str, Any]], texts: Index, tmp_path: Path, encoder: StaticEncoder
) -> None:
    search, rng, reader = HybridSearch(texts, encoder), random.Random(1), Reader()
    examples = load_examples(records, texts, search, encoder, rng, 0.0, lambda line: None)
    nothing = {"doc": "", "answerable": False, "evidence": []}
    nowhere = [{**nothing, "question": f"Wer gewann den Pokal im Jahr {year}?"} for year in range(1990, 2010)]
    strangers = load_examples(nowhere, texts, search, encoder, rng, 0.0, lambda line: None)
    recipe = ranker_training.Recipe(hidden=8, epochs=20, batch=4, folds=2, dropout=0.0)
    folds = ranker_training.folds_of(examples, recipe)
    look = ranker_training.train_first_look(examples, folds, recipe)

    def read(example: Example, chosen: Sequence[int], first: Array) -> Array:
        return reader.read(example.question, [example.texts[i] for i in chosen], first)

    readings = [read(e, leading(s).tolist(), s[leading(s)]) for e, s in zip(examples, look.scores, strict=True)]
    made_for = {"encoder": encoder.fingerprint, "reader": reader.fingerprint}
    confidence = []
    for learned in (strangers[:0], strangers[::2]):
        strange = ranker_training.as_read(learned, look, reader.read)
        ranker_training.train_ranker(examples, look, readings, folds, strange, made_for, tmp_path, recipe)
        ranker = Ranker(encoder.fingerprint, reader.fingerprint, tmp_path)
        confidence.append([ranker.judge(e.rows, partial(read, e)).confidence for e in strangers[1::2]])
    assert np.mean(confidence[1]) < np.mean(confidence[0])


def test_scores_are_in_units_of_the_usual_lead_however_sure_the_network_is() -> None:
    rng = np.random.default_rng(3)
    lists = [rng.normal(size=(6, 4)).astype(np.float32) for _ in range(40)]
    gold = [np.arange(6) == 2 for _ in lists]
    rows = torch.from_numpy(np.concatenate(lists))
    network = ranker_training.Perceptron(rows, 8, 0.0, 1)
    with torch.no_grad():
        network.last.weight *= 50
        said = [network(torch.from_numpy(own)).numpy() for own in lists]
        network, scores = ranker_training.in_usual_leads(network, said, gold)
        again = [network(torch.from_numpy(own)).numpy() for own in lists]
    leads = [np.diff(np.sort(s)[-2:])[0] for s in scores if s.argmax() == 2]
    assert leads
    assert np.median(leads) == pytest.approx(1)
    assert np.allclose(np.concatenate(scores), np.concatenate(again), atol=1e-5)
    assert [s.argmax() for s in scores] == [s.argmax() for s in said]


def test_what_weighs_nothing_is_not_learned(
    records: list[dict[str, Any]], texts: Index, tmp_path: Path, encoder: StaticEncoder
) -> None:
    search, rng = HybridSearch(texts, encoder), random.Random(1)
    recipe = ranker_training.Recipe(hidden=8, epochs=20, batch=4, folds=2, dropout=0.0)
    confidence = []
    for weight in (1.0, 0.0):  # of the questions that no text answers
        weighed = [{**record, "weight": 1.0 if record["answerable"] else weight} for record in records]
        examples = load_examples(weighed, texts, search, encoder, rng, 0.0, lambda line: None)
        folds = ranker_training.folds_of(examples, recipe)
        look = ranker_training.train_first_look(examples, folds, recipe)
        unread = [np.zeros((len(leading(scores)), 2), np.float32) for scores in look.scores]
        ranker_training.train_ranker(
            examples, look, unread, folds, [], {"encoder": "0", "reader": "1"}, tmp_path, recipe
        )
        ranker = Ranker("0", "1", tmp_path)
        judged = [ranker.judge(e.rows, lambda chosen, first: np.zeros((len(chosen), 2), np.float32)) for e in examples]
        confidence.append([j.confidence for j, e in zip(judged, examples, strict=True) if not e.gold.any()])
    assert np.mean(confidence[1]) > np.mean(confidence[0]) + 0.1


def test_towers_learn_what_answers_and_numpy_reads_as_torch_does(
    records: list[dict[str, Any]], texts: Index, tmp_path: Path, encoder: StaticEncoder
) -> None:
    search, rng = HybridSearch(texts, encoder), random.Random(1)
    examples = load_examples(records, texts, search, encoder, rng, 0.0, lambda line: None)
    training = ReaderTraining(examples, Body(BUNDLED_READER), ReaderRecipe(epochs=20, batch=4, learning_rate=1e-3))
    towers = training.fit(range(len(examples)))
    for name in (TOKENIZER, BODY):
        (tmp_path / name).symlink_to(BUNDLED_READER / name)
    save_towers(towers, tmp_path)
    (tmp_path / COMPARISON).symlink_to(BUNDLED_READER / COMPARISON)
    reader = Reader(tmp_path)
    for number, example in enumerate(examples):
        own = reader.read(example.question, example.texts, np.zeros(len(example.texts), np.float32))[:, 0]
        assert own == pytest.approx(training.cosines(towers, number), abs=0.03)
        assert not example.gold.any() or example.gold[own.argmax()]


def test_a_comparison_learns_what_answers_and_numpy_compares_as_torch_does(
    records: list[dict[str, Any]], texts: Index, tmp_path: Path, encoder: StaticEncoder
) -> None:
    search, rng = HybridSearch(texts, encoder), random.Random(1)
    examples = load_examples(records, texts, search, encoder, rng, 0.0, lambda line: None)
    nothing = [np.zeros(len(e.texts), np.float32) for e in examples]
    bundled = Reader()
    cosines = [bundled.read(e.question, e.texts, own)[:, 0] for e, own in zip(examples, nothing, strict=True)]
    recipe = ComparisonRecipe(epochs=30, batch=4, learning_rate=3e-3, axes=24, dropout=0.0)
    training = ComparisonTraining(examples, nothing, cosines, Body(BUNDLED_READER), recipe)
    network = training.fit(range(len(examples)))
    for name in (TOKENIZER, BODY, TOWERS):
        (tmp_path / name).symlink_to(BUNDLED_READER / name)
    training.save(network, tmp_path)
    reader = Reader(tmp_path)
    for number, example in enumerate(examples):
        own = training.logits(network, number)
        assert own.shape == (min(READ, len(example.texts)),)
        read = reader.read(example.question, example.texts[: len(own)], np.zeros(len(own), np.float32))
        assert read[:, 1] == pytest.approx(own, abs=0.1)
        answered = example.gold[: len(own)]
        assert answered[own.argmax()] if answered.any() else own.max() < 0


def test_the_verb_leaves_models_that_fit_each_other_with_their_cards(data: Path, tmp_path: Path) -> None:
    for folder, names in ((BUNDLED_ENCODER, None), (BUNDLED_READER, (TOKENIZER, BODY))):
        (tmp_path / folder.name).mkdir()
        for file in folder.iterdir() if names is None else (folder / name for name in names):
            (tmp_path / folder.name / file.name).symlink_to(file)
    train("ranker", data, tmp_path, lambda line: None)
    encoder, reader = StaticEncoder(tmp_path / BUNDLED_ENCODER.name), Reader(tmp_path / BUNDLED_READER.name)
    Ranker(encoder.fingerprint, reader.fingerprint, tmp_path / "beleg-ranker-de")
    PassageRanker(encoder, tmp_path / "beleg-passages-de")
    for folder in ("beleg-reader-de", "beleg-ranker-de", "beleg-passages-de"):
        assert (tmp_path / folder / "README.md").read_text("utf-8").count(f"# {folder}") == 1


def test_the_passage_ranker_learns_loads_and_ranks_better(
    records: list[dict[str, Any]], texts: Index, tmp_path: Path, encoder: StaticEncoder
) -> None:
    answerable = [r for r in records if r["answerable"]]
    scores = train_passages(answerable, texts, encoder, tmp_path, PassageRecipe(epochs=30), lambda line: None)
    assert 0 < scores["before"] <= scores["after"] <= 1
    search = HybridSearch(texts, encoder, ranker=PassageRanker(encoder, tmp_path))
    assert search.rank(understand("Warum ist die Brücke gesperrt?"))[0].article_id == "Brücke"


def test_a_question_without_its_text_has_no_evidence(
    records: list[dict[str, Any]], texts: Index, encoder: StaticEncoder
) -> None:
    search, rng = HybridSearch(texts, encoder), random.Random(1)
    examples = load_examples(records, texts, search, encoder, rng, 1.0, lambda line: None)
    assert len(examples) == 8 * 2 + 4
    assert sum(bool(e.gold.any()) for e in examples) == 8
    assert all(e.rows.shape == (len(e.gold), len(NAMES)) for e in examples)


def test_small_archives_hold_every_question_once_beside_all_others_on_its_text(records: list[dict[str, Any]]) -> None:
    groups = list(small_archives(records, 3, random.Random(1)))
    documents = [{record["doc"] for record in group} for group in groups]
    assert [len(own) for own in documents] == [3, 1]
    assert not documents[0] & documents[1]
    assert sorted(record["id"] for group in groups for record in group) == sorted(record["id"] for record in records)


def test_a_missing_or_broken_ranker_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BelegError, match="python -m rag train ranker") as caught:
        Ranker("0000", "0000", tmp_path)
    assert "\n" not in str(caught.value)


def test_the_lexicon_finds_which_word_translates_which() -> None:
    pairs = [("the wolf sleeps", "der Wolf schläft"), ("the bridge", "die Brücke"), ("a wolf", "ein Wolf")]
    pairs += [
        ("the bridge sleeps", "die Brücke schläft"),
        ("the dog", "der Hund"),
        ("a bridge", "eine Brücke"),
        ("a dog sleeps", "ein Hund schläft"),
    ]
    lexicon = align(pairs, LexiconRecipe(translations=1))
    assert (lexicon["wolf"], lexicon["bridge"], lexicon["sleeps"]) == (["wolf"], ["brücke"], ["schläft"])
    assert align([("", "x"), ("x", ""), ("", "")], LexiconRecipe()) == {}


def test_own_questions_find_their_texts_and_quote_them(data: Path, tmp_path: Path) -> None:
    given = list(read_jsonl(data / "answer-sentences.jsonl.gz"))
    article, speech = next(read_jsonl(data / "klexikon-wikipedia.jsonl.gz")), TOPICS["Wolf"]
    start, end = article["text"].index("."), len(article["text"]) - 3
    asked = {"klexikon-wikipedia": (article["title"], article["text"][start:end], start)}
    asked |= {"bundestag-speeches": (digest(speech), speech, 0), "answer-sentences": ("Wolf", TOPICS["Wolf"], 0)}
    lines = [
        {"source": source, "key": key, "start": at, "end": at + len(text), "digest": digest(text)}
        | {"questions": [["Wie viele?", "number", [[2, 9]]], ["Warum nicht?", "why", []]]}
        for source, (key, text, at) in asked.items()
    ]
    own = tmp_path / "own.jsonl"
    own.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    found = own_questions(data, given, own)
    assert [r["answerable"] for r in found] == [True, False] * 3
    assert all((r["weight"] < 1) != r["answerable"] for r in found)
    for record, (_, text, _) in zip(found[::2], asked.values(), strict=True):
        assert record["text"] == text
        assert record["evidence"] == [text[2:9]]
    assert found[-1]["doc"] == "Wolf"  # one document, whoever asks
    moved = [{**line, "start": line["start"] + 1} for line in lines]
    own.write_text("".join(json.dumps(line) + "\n" for line in [*moved, {**lines[0], "key": "Yeti"}]), "utf-8")
    assert own_questions(data, given, own) == []


def test_strange_questions_are_on_what_no_record_is_about(data: Path) -> None:
    records = [{"title": title} for title in TOPICS]
    strange = strange_questions(data, records, random.Random(1))
    assert {r["question"] for r in strange} == {"Wo lebt der Yeti?", "Wo lebt der Alb?"}
    assert not any(r["answerable"] or r["evidence"] or r["doc"] for r in strange)


def test_questions_on_what_is_mentioned_belong_to_a_text_and_are_answered_by_none(tmp_path: Path) -> None:
    lines = [{"doc": doc, "questions": [f"Wie alt ist der {doc}?", f"Wo ist der {doc}?"]} for doc in ("Wolf", "Yeti")]
    path = tmp_path / "mentioned.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    found = mentioned_questions([{"doc": topic} for topic in TOPICS], path)
    assert [(r["question"], r["doc"]) for r in found] == [
        ("Wie alt ist der Wolf?", "Wolf"),
        ("Wo ist der Wolf?", "Wolf"),
    ]
    assert not any(r["answerable"] or r["evidence"] for r in found)


def test_own_questions_are_each_asked_once_and_quote_within_their_text() -> None:
    lines = [json.loads(line) for line in OWN.read_text("utf-8").splitlines()]
    asked = [(line["key"], question.lower()) for line in lines for question, _, _ in line["questions"]]
    assert len(set(asked)) == len(asked)
    for line in lines:
        length = line["end"] - line["start"]
        assert all(0 <= a < b <= length for _, _, spans in line["questions"] for a, b in spans)
        kinds = {bool(spans) for _, _, spans in line["questions"]}
        assert kinds == {True, False}, line["key"]  # the text alone must not tell whether it answers
    named = [json.loads(line) for line in MENTIONED.read_text("utf-8").splitlines()]
    mentioned = [question.lower() for line in named for question in line["questions"]]
    assert len(set(mentioned)) == len(mentioned)
    assert not set(mentioned) & {question for _, question in asked}


def test_training_files_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="klexikon-wikipedia"):
        load_streams(tmp_path, random.Random(1))
    (tmp_path / "x.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(DatasetError):
        list(read_jsonl(tmp_path / "x.jsonl.gz"))


def test_training_files_that_are_cut_off_corrupt_or_nested_without_end_are_named(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"a": "Bruecke und Fluss"}\n' * 100)
    broken = {
        "cut off": whole[:-12],
        "corrupt": whole[:12] + bytes(b ^ 255 for b in whole[12:]),
        "no JSON": gzip.compress(b"{\n"),
        "nested": gzip.compress(b"[" * 100_000),
    }
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DatasetError, match=name):
            list(read_jsonl(tmp_path / name))


@given(st.lists(st.text(alphabet="abc ", min_size=20, max_size=60), min_size=3, max_size=8), st.integers())
def test_inverse_cloze_takes_one_sentence_out(parts: list[str], seed: int) -> None:
    text = " ".join(f"Satz {i} {' '.join(part.split())} und mehr dazu." for i, part in enumerate(parts))
    pair = inverse_cloze(text, random.Random(seed))
    assert pair is not None
    query, rest = pair
    assert query in text
    assert query not in rest
    assert sorted(words(query + " " + rest)) == sorted(words(text))


def test_the_mix_repeats_and_thins_streams() -> None:
    streams = [
        Stream("a", [("q", str(i)) for i in range(10)], 2.5),
        Stream("b", [("p", str(i)) for i in range(10)], 0.5),
    ]
    epoch = mixed(streams, random.Random(1))
    assert sum(query == "q" for query, _ in epoch) == 25
    assert sum(query == "p" for query, _ in epoch) == 5


def test_shortened_questions_keep_their_question_word_and_topic() -> None:
    question = "Warum wurde die Brücke bei Neuwied im Mai gesperrt?"
    for seed in range(20):
        first, *rest = shortened(question, random.Random(seed)).rstrip("?").split()
        assert first == "Warum"
        assert 1 <= len(rest) <= 3
        assert set(rest) <= {"Brücke", "Neuwied", "Mai"}
    assert shortened("Was ist das?", random.Random(1)) == "Was ist das?"


def test_without_the_body_of_the_reader_no_training_begins(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(BelegError, match="python -m rag train body"):
        train("all", tmp_path, tmp_path / "models", said.append)
    assert said == []
