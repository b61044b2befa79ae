"""The chat in a real browser over a real index: what a person clicks, and what page and server reach for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from rag.encoder import load_encoder
from rag.index.build import build
from tests.browser import PROJECT, Server, ask, serving, settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUESTION = "Warum keine Patriots für die Ukraine?"
HOSTILE_TITLE = "<img src=x onerror=hacked=1> ![Bild](http://evil.test/a.png) :material/home: $x^2$ **fett**"
HOSTILE_PARTS = (
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 2'>",
    "</mark></p><h1>Überschrift</h1>",
    "![Bild](http://evil.test/bild.png)",
    "[Verweis](javascript:window.hacked=3)",
    "$\\frac{1}{2}$ und $$x^2$$",
    ":material/home: :red[rot] :smile:",
    "&lt;b&gt; &#60;i&#62;",
)
HOSTILE_SENTENCE = "Der Zauberwürfel aus Knorkelshausen kostet </mark><b onclick=hacked()> zwölf Euro und fünfzig Cent."
MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
HOME = {"127.0.0.1", "localhost", "::1"}


@dataclass
class Visit:
    """One browser context and everything it asked for."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    dialogs: list[str] = field(default_factory=list)

    def heard(self, address: str) -> None:
        parts = urlsplit(address)
        self.hosts.add(parts.hostname or parts.scheme)

    def ask(self, question: str) -> None:
        answers = self.page.locator(".beleg-answer").count()
        ask(self.page, question)
        self.page.locator(".beleg-answer").nth(answers).wait_for()
        self.settle()

    def settle(self) -> None:
        settle(self.page)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo corpus without its examples, and one hostile article that is the newest of all."""
    folder = tmp_path_factory.mktemp("chat")
    corpus, index = folder / "corpus", folder / "index"
    shutil.copytree(PROJECT / "corpus", corpus, ignore=lambda _, names: [n for n in names if not n.endswith(".md")])
    text = "\n\n".join((*HOSTILE_PARTS[:4], HOSTILE_SENTENCE, *HOSTILE_PARTS[4:]))
    hostile = {"_id": "böse", "title": HOSTILE_TITLE, "text": text, "published": "2024-02-01", "source": "<i>Blatt</i>"}
    (corpus / "hostile.jsonl").write_text(json.dumps(hostile) + "\n", "utf-8")
    build(corpus, index, load_encoder())
    with serving(folder, corpus, index) as running:
        yield running


@pytest.fixture
def visit(server: Server, browser: Browser) -> Iterator[Visit]:
    """A desk at 1280 x 900. Whatever a test does, the page must stay at home."""
    yield from visiting(server, browser, viewport={"width": 1280, "height": 900})


@pytest.fixture
def phone(server: Server, browser: Browser) -> Iterator[Visit]:
    yield from visiting(server, browser, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)


def visiting(server: Server, browser: Browser, **how: Any) -> Iterator[Visit]:
    context = browser.new_context(locale="de-DE", **how)
    context.set_default_timeout(60_000)  # a busy machine fails no test
    visit = Visit(context.new_page())
    context.on("request", lambda request: visit.heard(request.url))
    visit.page.on("websocket", lambda socket: visit.heard(socket.url))
    visit.page.on("dialog", lambda dialog: (visit.dialogs.append(dialog.message), dialog.dismiss()))
    visit.page.goto(server.url)
    visit.page.locator(".st-key-ask textarea").wait_for()
    yield visit
    context.close()
    assert visit.hosts <= HOME | {"data", "blob"}
    assert visit.dialogs == []


def in_sight(page: Page, selector: str) -> bool:
    """Whether an element lies wholly in the window, and on top of whatever else is there."""
    return bool(
        page.evaluate(
            """selector => {
                const box = document.querySelector(selector).getBoundingClientRect();
                const top = document.elementFromPoint(box.left + 3, box.top + box.height / 2);
                return box.top >= 0 && box.bottom <= innerHeight && Boolean(top?.closest(selector));
            }""",
            selector,
        )
    )


def test_from_the_question_to_the_marked_sentence(visit: Visit) -> None:
    page = visit.page
    visit.ask(QUESTION)
    assert page.locator(".beleg-question").inner_text() == QUESTION
    claims = page.locator(".beleg-claim")
    assert claims.count() >= 1
    assert page.locator(".beleg-as-of").inner_text().startswith("Stand: ")
    first = claims.first.inner_text()
    claims.first.locator(".beleg-number").first.click()
    page.locator(".beleg-article").wait_for()
    marked = page.locator("#beleg-active").inner_text()
    assert marked in first
    assert len(marked.split()) >= 3
    page.wait_for_function("document.activeElement.matches('.beleg-article h2')")
    assert in_sight(page, "#beleg-active")
    assert page.locator(".beleg-article h2").inner_text() in page.locator(".beleg-title").all_inner_texts()


def test_each_source_has_a_button_that_opens_it(visit: Visit) -> None:
    page = visit.page
    visit.ask(QUESTION)
    buttons = page.get_by_role("button", name="Im Artikel zeigen", exact=True)
    assert buttons.count() == page.locator(".beleg-title").count() >= 1
    for number in range(buttons.count()):
        title = page.locator(".beleg-title").nth(number).inner_text()
        buttons.nth(number).click()
        page.locator(".beleg-article h2", has_text=title).wait_for()
        page.wait_for_function("document.activeElement.matches('.beleg-article h2')")
        assert in_sight(page, "#beleg-active")
    page.get_by_role("button", name="Schließen").click()
    page.locator(".beleg-article").wait_for(state="detached")


def test_it_works_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit.page
    page.wait_for_function("document.activeElement.matches('.st-key-ask textarea')")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.locator(".beleg-as-of").wait_for()
    number = page.get_by_role("button", name="Beleg 1 im Artikel zeigen").first
    number.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.matches('.beleg-article h2')")
    page.keyboard.press("Escape")
    page.locator(".beleg-article").wait_for(state="detached")
    page.wait_for_function("document.activeElement.matches('.beleg-number')")


def test_a_number_shows_its_quote_before_it_is_followed(visit: Visit) -> None:
    page = visit.page
    visit.ask(QUESTION)
    claim = page.locator(".beleg-claim").last
    number, preview = claim.locator(".beleg-number"), claim.locator(".beleg-preview")
    assert preview.is_hidden()
    number.hover()
    preview.wait_for()
    quote, facts = preview.locator(".beleg-said").inner_text(), preview.locator(".beleg-facts").inner_text()
    assert quote.strip("„“") in claim.inner_text()
    assert facts.startswith("Beleg-Demo · ")
    assert in_sight(page, f"#{preview.get_attribute('id')}")
    page.mouse.move(0, 0)
    preview.wait_for(state="hidden")
    page.keyboard.press("Tab")  # from now on the focus is to be seen
    number.focus()
    preview.wait_for()
    assert number.get_attribute("aria-describedby") == preview.get_attribute("id")
    page.keyboard.press("Escape")
    preview.wait_for(state="hidden")
    assert number.evaluate("number => number === document.activeElement")


def test_a_preview_stands_above_its_number_where_there_is_no_room_below(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 900, "height": 420})
    visit.ask(QUESTION)
    number = page.locator(".beleg-claim .beleg-number").first
    number.evaluate("number => number.scrollIntoView({ block: 'end' })")
    page.locator("[data-testid=stMain]").evaluate("main => main.scrollBy(0, 130)")
    number.hover()
    preview = page.locator(".beleg-preview:visible")
    preview.wait_for()
    below, above = number.bounding_box(), preview.bounding_box()
    assert below is not None
    assert above is not None
    assert above["y"] + above["height"] <= below["y"] + 1
    assert in_sight(page, f"#{preview.get_attribute('id')}")


def test_a_second_question_leaves_the_first_in_place(visit: Visit) -> None:
    page = visit.page
    visit.ask(QUESTION)
    before = page.locator(".beleg-answer").first.inner_text()
    visit.ask("Wann wurden die letzten Atomkraftwerke abgeschaltet?")
    assert page.locator(".beleg-question").count() == page.locator(".beleg-answer").count() == 2
    assert page.locator(".beleg-answer").first.inner_text() == before
    page.wait_for_function("document.querySelector('#beleg-turn-1').getBoundingClientRect().top < 120")
    assert in_sight(page, "#beleg-turn-1")
    page.get_by_role("button", name="Neues Gespräch").click()
    page.locator(".beleg-welcome").wait_for()
    page.wait_for_function(
        "document.querySelectorAll('.beleg-answer').length === 0"
    )  # Streamlit takes old ones away last


def test_no_question_is_lost_when_the_next_comes_before_its_answer(visit: Visit) -> None:
    box = visit.page.locator(".st-key-ask textarea")
    for number, question in enumerate(("Was kostet das Deutschlandticket?", "Wann trat Finnland der NATO bei?")):
        visit.page.wait_for_function("document.querySelector('.st-key-ask textarea').value === ''")
        box.press_sequentially(question, delay=5)  # as a person types
        if box.input_value() != question:
            box.fill(question)
        box.press("Enter")
        visit.page.locator(".beleg-question").nth(number).wait_for()
    visit.page.locator(".beleg-answer").nth(1).wait_for()
    visit.settle()
    asked = visit.page.locator(".beleg-question").all_inner_texts()
    assert asked == ["Was kostet das Deutschlandticket?", "Wann trat Finnland der NATO bei?"]


def test_the_english_frame_keeps_the_conversation(visit: Visit) -> None:
    page = visit.page
    visit.ask(QUESTION)
    german = page.locator(".beleg-claim").all_inner_texts()
    page.get_by_role("radio", name="English").click()
    page.locator(".beleg-as-of", has_text="As of ").wait_for()
    visit.settle()
    assert page.get_by_role("button", name="New chat").count() == 1
    assert page.locator(".beleg-claim").all_inner_texts() == german
    assert page.locator("html").get_attribute("lang") == "en"
    visit.ask("Why no Patriots for Ukraine?")
    assert (
        "original German" in page.locator(".beleg-message").last.inner_text() or page.locator(".beleg-nearest").count()
    )


def test_a_hostile_article_shows_as_it_is_and_does_nothing(visit: Visit) -> None:
    page = visit.page
    assert page.locator(".st-key-example-0 button").inner_text() == f"Was ist bekannt über: {HOSTILE_TITLE}?"
    visit.ask("Was kostet der Zauberwürfel aus Knorkelshausen?")
    card = page.locator("[class*=st-key-card-]", has_text="Zauberwürfel").first
    assert HOSTILE_TITLE in card.inner_text()
    assert "<i>Blatt</i>" in card.inner_text()
    page.locator(".beleg-claim .beleg-number").first.hover()
    preview = page.locator(".beleg-preview:visible")
    preview.wait_for()
    assert "</mark><b onclick=hacked()>" in preview.inner_text()
    assert "<i>Blatt</i>" in preview.inner_text()
    assert preview.locator("img, i, b").count() == 0
    card.get_by_role("button", name="Im Artikel zeigen", exact=True).click()
    page.wait_for_function("document.activeElement.matches('.beleg-article h2')")
    assert page.locator(".beleg-article h2").inner_text() == HOSTILE_TITLE
    shown = page.locator(".beleg-text").inner_text()
    assert [part for part in (*HOSTILE_PARTS, HOSTILE_SENTENCE) if part not in shown] == []
    assert page.locator("#beleg-active").inner_text() in HOSTILE_SENTENCE
    assert in_sight(page, "#beleg-active")
    assert page.locator(".beleg-article :is(script, img, h1, b, i, a), .beleg-card :is(img, i, b)").count() == 0
    assert page.evaluate("typeof window.hacked") == "undefined"


def test_nothing_sticks_out_on_a_phone(phone: Visit) -> None:
    page = phone.page
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 390
    last, first = (page.locator(name).bounding_box() for name in ("[class*=st-key-page-2-]", ".st-key-talks button"))
    assert last is not None
    assert first is not None
    assert last["x"] + last["width"] <= first["x"]
    assert page.get_by_role("button", name="Neues Gespräch").count() == 1  # its name is heard, its icon seen
    phone.ask(QUESTION)
    assert page.evaluate(width) <= 390
    number = page.locator(".beleg-number").first
    number.tap()
    preview = page.locator(".beleg-preview:visible")
    assert "Noch einmal tippen" in preview.evaluate("element => getComputedStyle(element, '::after').content")
    assert in_sight(page, ".beleg-preview")
    assert page.evaluate(width) <= 390
    assert page.locator(".beleg-article").count() == 0
    number.tap()
    page.wait_for_function("document.activeElement.matches('.beleg-article h2')")
    assert page.evaluate(width) <= 390
    box = page.locator(".st-key-article").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    assert in_sight(page, "#beleg-active")
    page.get_by_role("button", name="Schließen").tap()
    page.locator(".beleg-article").wait_for(state="detached")


def test_very_long_and_empty_questions_end_calmly(visit: Visit) -> None:
    visit.ask("?!…")
    assert "Bitte stellen Sie eine Frage" in visit.page.locator(".beleg-answer").inner_text()
    visit.ask("Wort und " * 5_600)
    assert visit.page.locator(".stException").count() == 0


def test_the_address_asks(visit: Visit, server: Server) -> None:
    visit.page.goto(f"{server.url}/?q=Warum%20keine%20Patriots%20f%C3%BCr%20die%20Ukraine%3F&lang=en")
    visit.page.locator(".beleg-as-of").wait_for()
    visit.settle()
    assert visit.page.locator(".beleg-question").all_inner_texts() == [QUESTION]
    assert visit.page.get_by_role("button", name="New chat").count() == 1


def test_the_server_reaches_for_no_other_host(visit: Visit, server: Server) -> None:
    visit.ask(QUESTION)
    first, *reached = server.watched.read_text("utf-8").splitlines()
    assert first == "watching"
    assert {line.split(" ", 1)[1] for line in reached} <= HOME
    assert "Traceback" not in server.log.read_text("utf-8")


def test_a_time_is_a_chip_that_a_click_takes_away(visit: Visit) -> None:
    page = visit.page
    visit.ask("Was beschloss die NATO im März 2022?")
    chip = page.get_by_role("button", name="Zeit: März 2022")
    assert chip.is_visible()
    first = page.locator(".beleg-claim").first.inner_text()
    assert "24. März 2022" in first
    chip.click()
    chip.wait_for(state="detached")
    visit.settle()
    assert page.locator(".beleg-question").count() == 1
    assert page.locator(".beleg-answer").count() == 1


def test_what_changed_stands_by_date_on_a_phone_too(phone: Visit) -> None:
    page = phone.page
    phone.ask("Bekommt die Ukraine Patriots?")
    days = page.locator(".beleg-date").all_inner_texts()
    assert len(days) >= 2
    assert days == sorted(days, key=lambda day: (day.split()[2], MONTHS.index(day.split()[1])), reverse=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_answer_is_copied_with_its_sources_and_judged(visit: Visit, server: Server) -> None:
    page = visit.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.ask(QUESTION)
    page.get_by_role("button", name="Zitieren").click()
    page.locator(".beleg-copy button").first.click()
    page.locator(".beleg-copy button", has_text="Kopiert").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{QUESTION}\n\n")
    assert "[1] „" in copied
    assert f"{server.url}/?q=" in page.locator(".beleg-copy pre").last.inner_text()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Hilfreich?").click()
    page.get_by_role("radio", name="Ja").or_(page.get_by_role("button", name="Ja", exact=True)).first.click()
    page.get_by_role("button", name="Absenden").click()
    page.locator(".beleg-hint", has_text="Danke").wait_for()
    (line,) = (server.watched.parent / "feedback.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["question"] == QUESTION


def test_a_conversation_is_carried_home_and_another_taken_up(visit: Visit) -> None:
    page = visit.page
    visit.ask(QUESTION)
    page.get_by_role("button", name="Neues Gespräch").click()
    page.locator(".beleg-welcome").wait_for()
    visit.settle()
    page.get_by_role("button", name="Gespräche", exact=True).click()
    page.get_by_role("button", name=QUESTION).click()
    page.locator(".beleg-answer").wait_for()
    visit.settle()
    with page.expect_download() as download:
        page.get_by_role("button", name="Als Markdown herunterladen").click()
    text = Path(download.value.path()).read_text("utf-8")
    assert text.startswith("# Warum keine Patriots")
    assert download.value.suggested_filename.endswith(".md")


def test_a_search_is_narrowed_by_words_and_widened_by_a_click(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Eingrenzen").click()
    page.get_by_label("Zeitraum").fill("seit Juni 2023")
    page.keyboard.press("Enter")
    chip = page.get_by_role("button", name="Nur seit 1. Juni 2023")
    chip.wait_for()
    page.keyboard.press("Escape")
    visit.ask("Was beschloss die NATO?")
    assert chip.count() == 2  # what was asked, and what is to come
    assert "2022" not in page.locator(".beleg-answer").inner_text()
    chip.first.click()
    page.wait_for_function("document.querySelectorAll('[class*=-chip-]').length === 1")


def test_what_narrows_a_question_is_whole_in_sight_above_its_button(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Eingrenzen").click()
    page.get_by_label("Zeitraum").wait_for()
    page.wait_for_function(
        """(() => {
            const body = document.querySelector("[data-testid=stPopoverBody]");
            const box = body.getBoundingClientRect();
            return box.top >= 0 && box.bottom <= innerHeight && body.scrollHeight <= body.clientHeight;
        })()"""
    )


def test_the_archive_leads_to_an_article_and_back_to_the_answer_that_cited_it(visit: Visit) -> None:
    page = visit.page
    visit.ask(QUESTION)
    title = page.locator(".beleg-title").first.inner_text()
    page.get_by_role("link", name="Archiv").click()
    page.get_by_label("Im Archiv suchen").fill("Patriots Ukraine")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=title, exact=True).click()
    page.locator(".beleg-paper h1", has_text=title).wait_for()
    page.get_by_role("button", name=QUESTION).click()
    page.locator(".beleg-article").wait_for()
    assert page.locator(".beleg-answer").count() == 1
    visit.settle()


def test_the_archive_and_the_figures_fit_a_phone_and_hold_hostile_titles(phone: Visit, server: Server) -> None:
    page = phone.page
    page.goto(f"{server.url}/archiv")
    page.get_by_role("button", name=HOSTILE_TITLE, exact=True).wait_for()
    phone.settle()  # while the list is drawn, another title may stand first for a moment
    first = page.locator("[class*=st-key-article-] button").first
    assert first.inner_text() == HOSTILE_TITLE
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    first.tap()
    assert page.locator(".beleg-paper h1").inner_text() == HOSTILE_TITLE
    assert page.locator(".beleg-paper :is(script, img, b, i, a)").count() == 0
    page.goto(f"{server.url}/qualitaet?lang=en")
    page.locator("[class*=st-key-section-] img").first.wait_for()
    assert "The newest article is" in page.locator(".beleg-reason").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.evaluate("typeof window.hacked") == "undefined"


def test_why_a_passage_was_found_can_be_read_in_the_dark(server: Server, browser: Browser) -> None:
    for visit in visiting(server, browser, viewport={"width": 390, "height": 844}, color_scheme="dark"):
        visit.ask(QUESTION)
        visit.page.get_by_role("button", name="Warum diese Stelle?").first.click()
        line = visit.page.locator("[data-testid=stPopoverBody] .beleg-prose p").first
        assert "auf Platz" in line.inner_text()
        assert line.evaluate("element => getComputedStyle(element).color") == "rgb(233, 230, 223)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(server: Server, browser: Browser, scheme: str) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="pip install -r requirements-dev.txt")
    axe = (Path(package.__file__).parent / "axe.min.js").read_text("utf-8")

    def faults(page: Page) -> list[tuple[str, list[str]]]:
        page.evaluate(axe)
        for _ in range(5):  # a colour that is just changing is no fault
            found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
            if not found:
                break
            page.wait_for_timeout(300)
        return [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found]

    for visit in visiting(server, browser, viewport={"width": 1280, "height": 900}, color_scheme=scheme):
        page = visit.page
        visit.settle()
        assert faults(page) == []
        visit.ask(QUESTION)
        assert faults(page) == []
        page.get_by_role("button", name="Warum diese Stelle?").first.click()
        page.locator("[data-testid=stPopoverBody]").wait_for()
        assert faults(page) == []
        page.keyboard.press("Escape")
        page.locator(".beleg-number").first.click()
        page.locator(".beleg-article").wait_for()
        assert faults(page) == []
        for address, drawn in (
            ("archiv", ".beleg-plot img"),
            ("archiv?article=2022-11-30-bukarest-keine-patriots.md", ".beleg-paper"),
            ("qualitaet?lang=en", ".beleg-plot img"),
        ):
            page.goto(f"{server.url}/{address}")
            page.locator(drawn).first.wait_for()
            visit.settle()
            assert faults(page) == []
