"""An archive that lives: builds that are killed, go on, follow changes and change the encoder while people ask."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT, make_corpus, write_article
from indexes import contents, ids

from rag.assistant import Desk
from rag.encoder import BUNDLED, StaticEncoder
from rag.errors import BelegError
from rag.index import build as building
from rag.index import generations
from rag.index.build import BuildReport, build
from rag.index.check import check
from rag.index.reader import open_index
from rag.index.watch import watch
from rag.settings import Settings
from rag.types import Answer

QUESTION = "Warum ist der Pegel bei Neuwied gestiegen?"


def write_levels(corpus: Path, level: int) -> None:
    """Two articles that say the same level; an answer that holds two different ones is torn."""
    for town in ("Neuwied", "Koblenz"):
        text = f"Der Pegel bei {town} ist auf {level} Zentimeter gestiegen, weil es in den Alpen lange geregnet hat."
        write_article(corpus, f"{town.lower()}.md", f"Pegel bei {town}", text, "2024-01-01")


class Asker:
    """Asks one question again and again in a thread of its own, and keeps what it was answered."""

    def __init__(self, desk: Desk, look: Callable[[Answer], object]) -> None:
        self._desk, self._look = desk, look
        self.answers: list[object] = []
        self.errors: list[BaseException] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self._stop.wait(0.01):  # a core is left to the builds
            try:
                self.answers.append(self._look(self._desk.assistant.ask(QUESTION)))
            except BaseException as error:
                self.errors.append(error)
                return

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self.errors:
            raise self.errors[0]


def levels(answer: Answer) -> tuple[int, int]:
    """The levels that the articles of an answer say; its quotes must stand where they say they do."""
    articles = {hit.article.article_id: hit.article for hit in answer.hits}
    assert answer.citations
    for citation in answer.citations:
        assert articles[citation.article_id].text[citation.start : citation.end] == citation.quote
    neuwied, koblenz = (
        int(articles[f"{town}.md"].text.split(" Zenti")[0].split()[-1]) for town in ("neuwied", "koblenz")
    )
    return neuwied, koblenz


_KILLER = """
import os, random, signal, sys, time
from pathlib import Path
from rag.encoder import load_encoder
from rag.index.build import build
sys.path.insert(0, "tests")
from test_index_alive import write_levels

corpus, index, kills, chance = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), random.Random(7)
encoder, landed, longest, level = load_encoder(), 0, 0.05, 100
while landed < kills:
    level += 1
    write_levels(corpus, level)
    child = os.fork()
    if not child:
        build(corpus, index, encoder)
        os._exit(0)
    began = time.monotonic()
    time.sleep(chance.uniform(0, longest))
    os.kill(child, signal.SIGKILL)
    killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    landed += killed
    longest *= 1.1 if killed else 0.9
print(level)
"""


def test_killed_at_fifty_moments_no_answer_is_wrong_torn_or_missing(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    write_levels(corpus, 100)
    build(corpus, index, encoder)
    command = [sys.executable, "-c", _KILLER, str(corpus), str(index), "50"]
    with Asker(Desk(Settings(corpus=corpus, index=index)), levels) as asker:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    assert len(asker.answers) > 50
    seen = [level for level, _ in asker.answers]  # type: ignore[misc]
    assert all(neuwied == koblenz for neuwied, koblenz in asker.answers)  # type: ignore[misc]
    assert seen == sorted(seen)
    assert build(corpus, index, encoder).manifest.articles == 5
    assert levels(Desk(Settings(corpus=corpus, index=index)).assistant.ask(QUESTION)) == (int(done.stdout),) * 2
    assert len(list((index / "generations").iterdir())) <= 2
    assert check(index, encoder, None).damage == ()


# Long builds -------------------------------------------------------------------------------------------------------

_DYING = """
import os, signal, sys
from pathlib import Path
from rag.encoder import load_encoder
from rag.index import build, generations

build.STEP, left, keep = 2, int(sys.argv[3]), generations.keep_unfinished

def dying(*arguments):
    global left
    done = keep(*arguments)
    left -= 1
    return done if left else os.kill(os.getpid(), signal.SIGKILL)

generations.keep_unfinished = dying
build.build(Path(sys.argv[1]), Path(sys.argv[2]), load_encoder(), full=True)
"""


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is encoded from now on."""
    texts: list[str] = []
    original = StaticEncoder.encode_passages
    monkeypatch.setattr(
        StaticEncoder, "encode_passages", lambda self, chunk: texts.extend(chunk) or original(self, chunk)
    )
    return texts


def test_a_long_build_that_was_killed_goes_on_where_it_was(
    tmp_path: Path, encoder: StaticEncoder, encoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    build(corpus, index, encoder)
    for number in range(4):
        write_article(corpus, f"neu{number}.md", f"Neu {number}", f"Meldung Nummer {number} aus Neuwied.")
    command = [sys.executable, "-c", _DYING, str(corpus), str(index), "2"]
    assert subprocess.run(command, cwd=PROJECT, capture_output=True).returncode == -signal.SIGKILL
    assert ids(index) == {"bruecke.md", "brand.md", "wolf.md"}  # the old one serves until the new one is whole
    assert open_index(index, unfinished=True).manifest.articles == 4
    (corpus / "neu0.md").unlink()
    write_article(corpus, "brand.md", "Feuer", "Das Feuer in Wernigerode ist gelöscht.")
    encoded.clear()
    monkeypatch.setattr(building, "STEP", 2)
    report = build(corpus, index, encoder)
    assert len(encoded) == 4  # brand, which has changed, and three that the killed build had not come to
    assert report.manifest.articles == 6
    build(corpus, tmp_path / "full", encoder, full=True)
    assert contents(open_index(index)) == contents(open_index(tmp_path / "full"))
    assert check(index, encoder).damage == ()
    (corpus / "wolf.md").unlink()
    assert build(corpus, index, encoder).unchanged == 5
    assert len(list((index / "generations").iterdir())) == 2


def test_a_long_build_keeps_no_more_than_its_last_step(
    tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    for number in range(5):
        write_article(corpus, f"neu{number}.md", f"Neu {number}", f"Meldung Nummer {number} aus Neuwied.")
    kept: list[int] = []
    keep = generations.keep_unfinished

    def counting(*arguments: object) -> generations.Manifest:
        kept.append(len(list((index / "generations").iterdir())))
        return keep(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(building, "STEP", 2)
    monkeypatch.setattr(generations, "keep_unfinished", counting)
    assert build(corpus, index, encoder).manifest.articles == 8
    assert kept == [1, 2, 2]  # the one that is made, and the step before it
    assert len(list((index / "generations").iterdir())) == 1
    assert not (index / "UNFINISHED").exists()


def test_a_full_build_begins_anew_and_a_damaged_rest_is_not_built_upon(
    tmp_path: Path, encoder: StaticEncoder, encoded: list[str]
) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    write_article(corpus, "neu.md", "Neu", "Eine neue Fähre verkehrt zwischen Neuwied und Weißenthurm.")
    for full, damage in ((True, False), (False, True)):
        shutil.rmtree(index, ignore_errors=True)
        subprocess.run([sys.executable, "-c", _DYING, str(corpus), str(index), "1"], cwd=PROJECT, capture_output=True)
        if damage:
            (open_index(index, unfinished=True).folder / "vectors.faiss").write_bytes(b"")
        encoded.clear()
        assert build(corpus, index, encoder, full=full).manifest.articles == 4
        assert len(encoded) == 4


# Another encoder ---------------------------------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path) -> StaticEncoder:
    """An encoder whose cosines are those of the bundled one, though no vector is."""
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "encoder"
    shutil.copytree(BUNDLED, folder)
    (path,) = folder.rglob("*.safetensors")
    table = load_file(str(path))["embedding.weight"]
    save_file({"embedding.weight": np.ascontiguousarray(np.roll(table, 7, axis=1))}, str(path))
    return StaticEncoder(folder)


def test_a_changed_encoder_is_built_beside_and_followed_while_people_ask(
    tmp_path: Path, encoder: StaticEncoder, other: StaticEncoder
) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    write_levels(corpus, 100)
    build(corpus, index, encoder)
    desk = Desk(Settings(corpus=corpus, index=index))
    with Asker(desk, lambda answer: [(c.article_id, c.quote) for c in answer.citations]) as asker:
        report = build(corpus, index, other)
        after = len(asker.answers)
        while len(asker.answers) < after + 3 and not asker.errors:
            time.sleep(0.01)
    assert report.fresh is not None
    assert report.manifest.encoder.fingerprint == other.fingerprint
    assert all(answer == asker.answers[0] for answer in asker.answers)
    assert desk.assistant.index.manifest.encoder.fingerprint == other.fingerprint


# Watching ----------------------------------------------------------------------------------------------------------


@contextmanager
def watching(corpus: Path, index: Path, encoder: StaticEncoder) -> Iterator[list[BuildReport | BelegError]]:
    told: list[BuildReport | BelegError] = []
    stop = threading.Event()
    thread = threading.Thread(
        target=watch, args=(corpus, lambda: build(corpus, index, encoder), told.append, stop, 0.02)
    )
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


def wait_for(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


def test_watching_builds_after_every_change_and_says_an_error_once(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    with watching(corpus, index, encoder) as told:
        wait_for(lambda: len(told) == 1)
        write_article(corpus, "neu.md", "Neu", "Eine neue Fähre verkehrt.")
        wait_for(lambda: (index / "CURRENT").exists() and "neu.md" in ids(index))
        corpus.rename(tmp_path / "away")
        wait_for(lambda: isinstance(told[-1], BelegError))
        time.sleep(0.5)
        assert sum(isinstance(outcome, BelegError) for outcome in told) == 1
        (tmp_path / "away").rename(corpus)
        (corpus / "wolf.md").unlink()
        wait_for(lambda: "wolf.md" not in ids(index))
    assert ids(index) == {"bruecke.md", "brand.md", "neu.md"}


def test_the_watching_command_ends_when_it_is_told_to(tmp_path: Path) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    command = [
        sys.executable,
        "-m",
        "rag",
        "build",
        "--watch",
        "--json",
        "--corpus",
        str(corpus),
        "--index",
        str(index),
    ]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    assert '"added": 3' in process.stdout.readline()
    process.terminate()
    process.stdout.close()
    assert process.wait(timeout=30) == 0


# Clocks and files --------------------------------------------------------------------------------------------------


def test_a_clock_that_stands_or_runs_backwards_loses_nothing(
    tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    hours = iter([12, 12, 12, 3, 3])

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2024, 1, 1, next(hours), tzinfo=UTC)

    monkeypatch.setattr(generations, "datetime", Clock)
    for number in range(5):
        path = write_article(corpus, f"neu{number}.md", "Neu", f"Meldung Nummer {number} aus Neuwied.")
        os.utime(path, (1, 1))
        assert build(corpus, index, encoder).added == (4 if number == 0 else 1)
        assert f"neu{number}.md" in ids(index)


def test_a_file_that_changes_between_the_look_and_the_reading_keeps_its_old_version(
    tmp_path: Path, encoder: StaticEncoder
) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    build(corpus, index, encoder)
    write_article(corpus, "wolf.md", "Wolf", "Der Wolf ist weitergezogen.")

    def meanwhile(stage: str, done: int, total: int) -> None:
        if stage == "read" and done == 3:
            write_article(corpus, "wolf.md", "Wolf", "Halb geschrie")

    report = build(corpus, index, encoder, progress=meanwhile)
    assert [(found.where, "changed while" in found.reason) for found in report.refused] == [("wolf.md", True)]
    assert "Wildkamera" in open_index(index).store.article("wolf.md").text
    write_article(corpus, "wolf.md", "Wolf", "Der Wolf ist weitergezogen.")
    assert build(corpus, index, encoder).changed == 1
