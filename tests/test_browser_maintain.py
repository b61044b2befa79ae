"""The maintainer's side of the archive in a real browser: an uploaded file becomes an answer, and is withdrawn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from test_browser import Visit, visiting

from rag.encoder import load_encoder
from rag.index.build import build
from tests.browser import PROJECT, Server, browser_is_absent, browsing, serving

pytestmark = pytest.mark.skipif(browser_is_absent(), reason="chromium is absent: apt-get install chromium")

TITLE = "<img src=x onerror=hacked=1> **Halle** ![x](http://evil.test/a.png) in Knorkelshausen"
AUTHOR = "</dd><script>hacked=2</script>"
OUTLET = "<b onclick=hacked()>Bote</b>"
SENTENCE = "Die Schwimmhalle in Knorkelshausen kostet 14 Millionen Euro."
ARTICLE = (
    f"---\ntitle: '{TITLE}'\nsource: '{OUTLET}'\nauthor: '{AUTHOR}'\npublished: 2024-05-01\n"
    f"---\n\nDer Gemeinderat hat den Bau beschlossen. {SENTENCE}\n\n<script>window.hacked = 3</script> Offen.\n"
)
BAD = "<img src=x onerror=hacked=4>.png"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("maintain")
    corpus, index = folder / "corpus", folder / "index"
    shutil.copytree(PROJECT / "corpus", corpus)
    build(corpus, index, load_encoder())
    with serving(folder, corpus, index, BELEG_MAINTAIN="1") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as running:
        yield running


@pytest.fixture
def visit(server: Server, browser: Browser) -> Iterator[Visit]:
    yield from visiting(server, browser, viewport={"width": 390, "height": 844})


def test_from_an_uploaded_file_to_an_answer_and_out_again(visit: Visit, server: Server) -> None:
    page = visit.page
    page.get_by_role("link", name="Archiv").click()
    page.get_by_role("button", name="Archiv pflegen").click()
    page.get_by_role("radio", name="Dateien").click()
    page.get_by_role("button", name="Dateien wählen").wait_for()
    page.locator("input[type=file]").set_input_files(
        [
            {"name": "halle.md", "mimeType": "text/markdown", "buffer": ARTICLE.encode()},
            {"name": BAD, "mimeType": "image/png", "buffer": b"\x89PNG"},
        ]
    )
    page.get_by_text("halle.md").wait_for()
    page.wait_for_function("!document.querySelector('[data-testid=stFileChipIconSpinner]')")
    page.get_by_role("button", name="Ansehen").click()
    page.locator("[class*=st-key-seen-]").wait_for()
    assert TITLE in page.locator("[class*=st-key-seen-] .beleg-title").inner_text()
    assert BAD in page.locator(".beleg-refusals").inner_text()
    assert "Diese Art von Datei kann nicht gelesen werden" in page.locator(".beleg-refusals").inner_text()
    facts = page.locator("[class*=st-key-seen-] .beleg-details").inner_text()
    assert OUTLET in facts
    assert AUTHOR in facts
    assert SENTENCE in page.locator("[class*=st-key-seen-] .beleg-text").inner_text()
    assert page.locator(":is([class*=st-key-seen-], .beleg-refusals) :is(script, img, b, a)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    corpus = server.watched.parent / "corpus"
    assert not list(corpus.glob("2024-05-01-*"))
    page.get_by_role("button", name="Aufnehmen: 1 Artikel").click()
    page.locator(".beleg-details dt", has_text="neu").wait_for()
    (file,) = corpus.glob("2024-05-01-*")
    page.get_by_role("button", name="Index erneuern").click()
    page.locator(".beleg-details dt", has_text="Artikel im Index").wait_for()
    assert page.locator(".beleg-details dd", has_text="42").count() == 1
    page.get_by_role("link", name="Fragen").click()
    page.locator(".st-key-ask textarea").wait_for()
    visit.ask("Was kostet die Schwimmhalle in Knorkelshausen?")
    assert SENTENCE in page.locator(".beleg-claim").first.inner_text()
    assert TITLE in page.locator(".beleg-title").first.inner_text()
    page.locator(".beleg-claim .beleg-number").first.hover()
    preview = page.locator(".beleg-preview:visible")
    preview.wait_for()
    assert OUTLET in preview.inner_text()
    assert AUTHOR in preview.inner_text()
    assert page.locator(".beleg-preview :is(script, img, b, a)").count() == 0
    page.get_by_role("link", name="Archiv").click()
    page.get_by_role("button", name=TITLE, exact=True).wait_for()
    held = page.locator("[class*=st-key-held-]").first
    assert OUTLET in held.inner_text()
    assert held.locator(":is(script, img, b, a)").count() == 0
    page.goto(f"{server.url}/archiv?article={file.name}")
    page.get_by_role("button", name="Zurückziehen").click()
    page.get_by_text("Dieser Artikel ist zurückgezogen").wait_for()
    assert page.locator(".beleg-paper").count() == 0
    page.goto(server.url)
    page.locator(".st-key-ask textarea").wait_for()
    visit.ask("Was kostet die Schwimmhalle in Knorkelshausen?")
    assert SENTENCE not in page.locator(".st-key-turns").inner_text()
    assert TITLE not in page.locator(".beleg-title").all_inner_texts()
    page.goto(f"{server.url}/archiv?maintain=1")
    page.get_by_text(file.name).wait_for()
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert "Traceback" not in server.log.read_text("utf-8")
