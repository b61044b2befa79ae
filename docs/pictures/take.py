"""Takes the pictures of every page and state: ``make pictures``.

Builds an index of the demo corpus in a temporary folder, so that the pictures show what the repository holds. It
borrows server and browser from the tests, and nothing imports it. ``take.py FOLDER [NAME...]`` takes only these.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from PIL import Image

from rag.encoder import load_encoder
from rag.index.build import build
from tests.browser import PROJECT, ask, browsing, serving, settle

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    Act = Callable[[Page], None]

QUESTION = "Warum keine Patriots für die Ukraine?"
ENGLISH = "Why no Patriots for Ukraine?"
NEAREST = "Welche Farbe hat der Bürgermeister von Bielefeld gern?"
NOT_FOUND = "Xylophon Quastenflosser?"
LONG = "Was bekommt Erdoğan für sein Nachgeben?"
ARTICLE = "2022-11-30-bukarest-keine-patriots.md"
NARROWED = f"?q={quote(QUESTION)}&since=2022-03-01&until=2022-12-31"

DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
DARK: dict[str, Any] = {**DESK, "color_scheme": "dark"}
PHONE: dict[str, Any] = {
    **{"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
}
DARK_PHONE: dict[str, Any] = {**PHONE, "color_scheme": "dark"}


def asks(question: str) -> Act:
    """Asks, and waits until the answer is whole."""

    def act(page: Page) -> None:
        answers = page.locator(".beleg-answer").count()
        ask(page, question)
        page.locator(".beleg-answer").nth(answers).wait_for()
        settle(page)

    return act


def presses(name: str) -> Act:
    """Presses the first button of this name."""
    return lambda page: page.get_by_role("button", name=name).first.click()


def touches(selector: str) -> Act:
    """Puts the finger there."""
    return lambda page: page.locator(selector).first.tap()


def points(selector: str) -> Act:
    """Puts the pointer there."""
    return lambda page: page.locator(selector).first.hover()


def follows(page: Page) -> None:
    """Opens the article of the first number."""
    page.locator(".beleg-number").first.click()
    page.locator(".beleg-article").wait_for()
    page.mouse.move(0, 0)


def searches(words: str) -> Act:
    """Looks for words in the archive."""

    def act(page: Page) -> None:
        page.locator(".st-key-archive-words input").fill(words)
        page.keyboard.press("Enter")
        settle(page)

    return act


def pastes(text: str, way: str, look: str) -> Act:
    """Looks at a text on the maintainer's side, and takes nothing of it in."""

    def act(page: Page) -> None:
        page.locator(".st-key-way").get_by_text(way, exact=True).click()
        page.locator(".st-key-pasted textarea").fill(text)
        page.get_by_role("button", name=look).click()
        page.locator(".st-key-take").wait_for()

    return act


def scrolls(pixels: int) -> Act:
    """Scrolls the page."""
    return lambda page: page.locator("[data-testid=stMain]").evaluate("(main, by) => main.scrollBy(0, by)", pixels)


@dataclass(frozen=True)
class Shot:
    """One picture: what is opened, on which screen, and what is done there."""

    name: str
    screen: dict[str, Any]
    address: str = ""
    acts: Sequence[Act] = ()


SHOTS = (
    Shot("empty", DESK),
    Shot("empty-phone", PHONE),
    Shot("empty-dark", DARK),
    Shot("empty-english", DESK, "?lang=en"),
    Shot("chat-answer", DESK, acts=[asks(QUESTION)]),
    Shot("preview", DESK, acts=[asks(QUESTION), points(".beleg-number")]),
    Shot("preview-phone", PHONE, acts=[asks(QUESTION), touches(".beleg-number")]),
    Shot("article-open", DESK, acts=[asks(QUESTION), follows]),
    Shot("dark", DARK, acts=[asks(QUESTION), follows]),
    Shot("article-phone", PHONE, acts=[asks(QUESTION), presses("Im Artikel zeigen")]),
    Shot("english", DESK, "?lang=en", [asks(ENGLISH)]),
    Shot("phone", PHONE, acts=[asks(QUESTION)]),
    Shot("phone-dark", DARK_PHONE, acts=[asks(QUESTION)]),
    Shot("sources", DESK, acts=[asks(QUESTION), scrolls(430)]),
    Shot("why", DESK, acts=[asks(QUESTION), presses("Warum diese Stelle?")]),
    Shot("cite", DESK, NARROWED, [presses("Zitieren")]),
    Shot("cite-phone", PHONE, NARROWED, [presses("Zitieren")]),
    Shot("opinion", DESK, acts=[asks(QUESTION), presses("Hilfreich?")]),
    Shot("narrow", DESK, acts=[presses("Eingrenzen")]),
    Shot("talks", DESK, acts=[asks(QUESTION), presses("Gespräche")]),
    Shot("timeline", DESK, acts=[asks("Wie viele Mitglieder hat die NATO?")]),
    Shot("long-answer", DESK, acts=[asks(LONG)]),
    Shot("long-answer-phone", PHONE, acts=[asks(LONG)]),
    Shot("nearest", DESK, acts=[asks(NEAREST)]),
    Shot("not-found", DESK, acts=[asks(NOT_FOUND)]),
    Shot("not-found-phone", DARK_PHONE, acts=[asks(NOT_FOUND)]),
    Shot("follow-up", DESK, acts=[asks(QUESTION), asks("Und was sagt Deutschland dazu?")]),
    Shot("archive", DESK, "archiv"),
    Shot("archive-dark", DARK, "archiv"),
    Shot("archive-english", DESK, "archiv?lang=en"),
    Shot("archive-phone", PHONE, "archiv"),
    Shot("archive-search", DESK, "archiv", [searches("NATO Gipfel")]),
    Shot("archive-nothing", DESK, "archiv", [searches("Quastenflosser")]),
    Shot("archive-article", DESK, f"archiv?article={ARTICLE}"),
    Shot("archive-article-phone", PHONE, f"archiv?article={ARTICLE}"),
    Shot("quality", DESK, "qualitaet"),
    Shot("quality-plots", DESK, "qualitaet", [scrolls(900)]),
    Shot("quality-dark", DARK, "qualitaet", [scrolls(900)]),
    Shot("quality-english", DESK, "qualitaet?lang=en"),
    Shot("quality-phone", PHONE, "qualitaet", [scrolls(900)]),
)
PASTED = """---
title: Lindenau baut eine Schwimmhalle
published: 2024-05-01
source: Lindenauer Bote
---

Der Gemeinderat von Lindenau hat am Montag den Bau einer neuen Schwimmhalle beschlossen.

Die Halle kostet 14 Millionen Euro und soll in drei Jahren fertig sein. Das alte Bad bleibt so lange offen.
"""
MAINTAINED = (
    Shot("maintain", DESK, "archiv?maintain=1", [pastes(PASTED, "Text", "Ansehen")]),
    Shot("maintain-dark", DARK, "archiv?maintain=1&lang=en", [pastes(PASTED, "Text", "Look at it")]),
    Shot("maintain-phone", PHONE, "archiv?maintain=1", [pastes(PASTED, "Text", "Ansehen")]),
)
WITHOUT_ARCHIVE = (Shot("no-archive", DESK), Shot("no-archive-phone", DARK_PHONE))


def take(folder: Path, names: Sequence[str] = ()) -> None:
    """All pictures, or those named, into a folder."""
    with tempfile.TemporaryDirectory() as temporary, browsing() as browser:
        index = Path(temporary, "index")
        build(PROJECT / "corpus", index, load_encoder())
        maintained = {"BELEG_MAINTAIN": "1"}
        for shots, archive, settings in (
            (SHOTS, index, {}),
            (MAINTAINED, index, maintained),
            (WITHOUT_ARCHIVE, Path("no-index"), {}),
        ):
            wanted = [shot for shot in shots if not names or shot.name in names]
            if not wanted:
                continue
            with serving(Path(temporary), PROJECT / "corpus", archive, **settings) as server:
                for screen in (DESK, DARK, PHONE, DARK_PHONE):  # one after the other: what is loaded once is kept
                    context = browser.new_context(**screen)
                    for shot in wanted:
                        if shot.screen is screen:
                            _picture(context, f"{server.url}/{shot.address}", shot, folder / f"{shot.name}.png")
                    context.close()


def _picture(context: BrowserContext, url: str, shot: Shot, path: Path) -> None:
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(url)
    page.locator(".st-key-ask textarea, .beleg-page, .beleg-paper, .beleg-trouble").first.wait_for()
    settle(page)
    for act in shot.acts:
        act(page)
    settle(page)
    page.wait_for_timeout(700)
    page.screenshot(path=path)
    page.close()
    with Image.open(path) as picture:
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)  # under half the size
    print(path, f"{path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    given = sys.argv[1:]
    take(Path(given[0]) if given else PROJECT / "docs" / "pictures", given[1:])
