"""The chat in a real browser with a language model behind it, that is slow, fails, or is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from model_server import ModelServer, Reply, serving_model

from rag.encoder import load_encoder
from rag.index.build import build
from tests.browser import PROJECT, Server, ask, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUESTION = "Was kostet das Deutschlandticket?"
PRICE = "Das Deutschlandticket kostet 49 Euro im Monat."
SINCE = "Das Deutschlandticket gilt seit dem 1. Mai 2023."
WRONG = "Das Deutschlandticket kostet 59 Euro im Monat."


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with serving_model() as running:
        yield running


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory, model: ModelServer) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("written")
    build(PROJECT / "corpus", folder / "index", load_encoder())
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("BELEG_LLM", "openai:test")
        environ.setenv("BELEG_LLM_URL", f"{model.url}/v1")
        with serving(folder, PROJECT / "corpus", folder / "index") as running:
            yield running


@pytest.fixture(scope="module")
def tab(chat: Server, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="de-DE", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    tab = context.new_page()
    tab.goto(chat.url)
    tab.locator(".st-key-ask textarea").wait_for()
    yield tab
    context.close()


@pytest.fixture
def page(tab: Page, model: ModelServer) -> Page:
    """An empty conversation in German, and a model that nobody has asked yet."""
    tab.get_by_role("radio", name="Deutsch").click()
    tab.get_by_role("button", name="Neues Gespräch").click()
    tab.locator(".beleg-welcome").wait_for()
    tab.wait_for_function("document.querySelectorAll('.beleg-answer').length === 0")
    model.requests.clear()
    model.gone.clear()
    return tab


def replies(model: ModelServer, reply: Reply) -> None:
    model.replies[:] = [reply]


def test_a_sentence_appears_while_the_next_is_still_being_written(page: Page, model: ModelServer) -> None:
    replies(model, Reply(f"{PRICE} [1] {WRONG} [1] {SINCE} [1]", pause=0.2))
    ask(page, QUESTION)
    page.locator(".beleg-claim", has_text=PRICE).wait_for()
    assert page.locator(".beleg-writing").count() == 1
    page.locator(".beleg-made", has_text="Formuliert von openai:test").wait_for()
    page.locator(".beleg-writing").wait_for(state="detached")
    shown = page.locator(".beleg-claim").all_inner_texts()
    assert [PRICE in shown[0], SINCE in shown[1], len(shown)] == [True, True, 2]
    assert page.locator(".beleg-note").inner_text().startswith("Ein Satz des Sprachmodells war nicht belegt")
    assert page.get_by_role("button", name="Anhalten").count() == 0
    page.locator(".beleg-claim .beleg-number").first.click()
    page.locator(".beleg-article").wait_for()
    assert "49 Euro" in page.locator("#beleg-active").inner_text()


def test_stop_keeps_what_was_checked_and_the_model_is_left_alone(page: Page, model: ModelServer) -> None:
    replies(model, Reply(f"{PRICE} [1] Und dann", then="hang"))
    ask(page, QUESTION)
    page.locator(".beleg-claim", has_text=PRICE).wait_for()
    page.get_by_role("button", name="Anhalten").click()
    page.locator(".beleg-note", has_text="angehalten").wait_for()
    assert PRICE in page.locator(".beleg-claim").first.inner_text()
    assert model.gone.wait(5)


def test_a_click_elsewhere_does_not_end_what_is_being_written(page: Page, model: ModelServer) -> None:
    replies(model, Reply(f"{PRICE} [1] {SINCE} [1]", pause=0.3))
    ask(page, QUESTION)
    page.locator(".beleg-claim", has_text=PRICE).wait_for()
    page.get_by_role("radio", name="English").click()
    page.locator(".beleg-made", has_text="Written by openai:test").wait_for()
    assert page.locator(".beleg-question").count() == 1
    assert len(model.requests) == 1


def test_the_time_read_from_a_question_can_be_taken_away_from_a_written_answer(page: Page, model: ModelServer) -> None:
    replies(model, Reply(f"{PRICE} [1]"))
    ask(page, "Was kostet das Deutschlandticket seit Mai 2023?")
    page.locator(".beleg-made").wait_for()
    replies(model, Reply(f"{SINCE} [1] Und dann", then="hang"))
    page.locator(".st-key-time-0 button:visible").click()
    page.locator(".beleg-claim", has_text=SINCE).wait_for()  # written before the reader's eyes, and can be stopped
    page.get_by_role("button", name="Anhalten").click()
    page.locator(".beleg-note", has_text="angehalten").wait_for()
    assert page.locator(".st-key-time-0").count() == 0
    assert page.locator(".beleg-question").count() == 1
    assert PRICE not in page.locator(".beleg-turn, .st-key-turn-0").first.inner_text()


def test_the_page_goes_to_a_question_while_its_answer_is_being_written(page: Page, model: ModelServer) -> None:
    replies(model, Reply(status=500))
    for number in range(2):
        ask(page, "Warum keine Patriots für die Ukraine?")
        page.locator(".beleg-note").nth(number).wait_for()
    replies(model, Reply(f"{PRICE} [1] Und dann", then="hang"))
    ask(page, QUESTION)
    page.locator(".beleg-claim", has_text=PRICE).wait_for()
    page.wait_for_function("document.querySelector('#beleg-turn-2').getBoundingClientRect().top < 200")
    page.get_by_role("button", name="Anhalten").click()
    page.locator(".beleg-note", has_text="angehalten").wait_for()


def test_a_model_that_fails_leaves_the_quotes_and_a_line(page: Page, model: ModelServer) -> None:
    replies(model, Reply(status=500))
    ask(page, QUESTION)
    page.locator(".beleg-note", has_text="meldet einen Fehler").wait_for()
    assert "besteht die Antwort aus Zitaten" in page.locator(".beleg-note").inner_text()
    assert page.locator(".beleg-made").count() == 0
    assert page.locator(".beleg-claim").count() >= 1
    assert len(model.requests) == 2


def test_an_english_question_is_answered_in_english(page: Page, model: ModelServer) -> None:
    replies(model, Reply("The ticket costs 49 euros a month. [1]"))
    page.get_by_role("radio", name="English").click()
    ask(page, "How much does the Deutschlandticket cost?")
    page.locator(".beleg-made", has_text="Written by").wait_for()
    claim = page.locator(".beleg-claim").first
    assert "The ticket costs 49 euros a month." in claim.inner_text()
    assert claim.get_attribute("lang") == "en"
    assert "auf Englisch" in model.told


def test_markup_of_a_model_is_no_markup(page: Page, model: ModelServer, chat: Server) -> None:
    replies(model, Reply(f"{PRICE} [1] ![x](http://evil.test/a.png) <img src=x> {SINCE} [1]"))
    ask(page, QUESTION)
    page.locator(".beleg-made").wait_for()
    assert page.locator(".beleg-answer :is(img, a)").count() == 0
    first, *reached = chat.watched.read_text("utf-8").splitlines()
    assert first == "watching"
    assert {line.split(" ", 1)[1] for line in reached} <= {"127.0.0.1", "localhost", "::1"}
    assert "Traceback" not in Path(chat.log).read_text("utf-8")
