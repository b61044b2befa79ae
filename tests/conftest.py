"""What several test modules share: the folder of benchmarks beside the project, and small real indexes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from rag.assistant import Assistant, assemble
from rag.encoder import BUNDLED, StaticEncoder
from rag.index.build import build, stamp
from rag.index.reader import open_index
from tests.browser import browser_is_absent, browsing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

settings.register_profile("beleg", deadline=None)  # a busy machine fails no test
settings.load_profile("beleg")
PROJECT = Path(__file__).resolve().parent.parent

ARTICLES = {
    "brand.md": (
        "Feuerwehr löscht Brand in der Altstadt",
        "2023-03-02",
        "Stadtanzeiger",
        "In der Altstadt von Wernigerode ist am Mittwoch ein Fachwerkhaus ausgebrannt. Die Feuerwehr rückte mit "
        "60 Kräften an, weil die Flammen auf das Nachbarhaus überzugreifen drohten. Verletzt wurde niemand.\n\n"
        "Die Ursache war nach Angaben der Polizei ein defektes Ladegerät. Der Schaden beträgt rund 400.000 Euro.",
    ),
    "bruecke.md": (
        "Rheinbrücke bleibt bis Juni gesperrt",
        "2023-04-12",
        "Rheinbote",
        "Die Rheinbrücke bei Neuwied bleibt bis Ende Juni gesperrt. Ingenieure hatten Risse in zwei Tragseilen "
        "entdeckt. "
        "Deshalb müssen die Seile ausgetauscht werden. Pendler weichen auf die Fähre aus.\n\n"
        "Das Land rechnet mit Kosten von 3,2 Millionen Euro.",
    ),
    "wolf.md": (
        "Wolf im Westerwald nachgewiesen",
        None,
        None,
        "Im Westerwald ist erstmals seit 2019 wieder ein Wolf nachgewiesen worden. Eine Wildkamera nahm das Tier in "
        "der Nähe von Hachenburg auf. Schäfer fordern nun höhere Zuschüsse für Schutzzäune, um ihre Herden zu sichern.",
    ),
}


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ``../shared``; without it a test skips, but in CI it fails."""
    folder = PROJECT.parent / "shared"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("../shared is absent")
        pytest.skip("../shared is absent")
    return folder


@pytest.fixture(scope="session")
def encoder() -> StaticEncoder:
    """The bundled encoder."""
    return StaticEncoder(BUNDLED)


def write_article(
    folder: Path, name: str, title: str, text: str, published: str | None = None, source: str | None = None
) -> Path:
    """A Markdown article with front matter."""
    facts = {"title": f'"{title}"', "published": published, "source": source}
    front = "".join(f"{key}: {value}\n" for key, value in facts.items() if value)
    path = folder / name
    path.write_text(f"---\n{front}---\n\n{text}\n", "utf-8")
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with three short articles; one bears no date and no outlet."""
    return make_corpus(tmp_path / "corpus")


def make_corpus(folder: Path) -> Path:
    folder.mkdir()
    for name, (title, published, source, text) in ARTICLES.items():
        write_article(folder, name, title, text, published, source)
    return folder


@pytest.fixture(scope="session")
def small_index(tmp_path_factory: pytest.TempPathFactory, encoder: StaticEncoder) -> Path:
    """The index of the three articles; tests must not change it."""
    folder = tmp_path_factory.mktemp("small")
    build(make_corpus(folder / "corpus"), folder / "index", encoder)
    return folder / "index"


@pytest.fixture(scope="session")
def demo_index(tmp_path_factory: pytest.TempPathFactory, encoder: StaticEncoder) -> Path:
    """The index of the demo corpus; tests must not change it."""
    folder = tmp_path_factory.mktemp("demo")
    build(PROJECT / "corpus", folder / "index", encoder)
    return folder / "index"


@pytest.fixture(scope="session")
def open_assistant(encoder: StaticEncoder) -> Callable[[Path], Assistant]:
    """Index folder → assistant."""
    return lambda index: assemble(open_index(index, stamp(encoder)), encoder)


@pytest.fixture(scope="module")  # no longer: while Playwright runs, no test can have an event loop of its own
def browser() -> Iterator[Browser]:
    """A real browser; without one a test skips, but in CI it fails."""
    if browser_is_absent():
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is absent: apt-get install chromium")
        pytest.skip("chromium is absent: apt-get install chromium")
    with browsing() as running:
        yield running
