"""Takes the pictures of the chat that the README shows: ``make pictures``.

Builds an index of the demo corpus in a temporary folder, so that the pictures show what the repository holds. It
borrows server and browser from the tests, and nothing imports it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from rag.encoder import load_encoder
from rag.index.build import build
from tests.browser import PROJECT, browsing, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUESTION = "Warum keine Patriots für die Ukraine?"
ENGLISH = "Why no Patriots for Ukraine?"
ARTICLE = "2022-11-30-bukarest-keine-patriots.md"
NARROWED = "q=Warum%20keine%20Patriots%20f%C3%BCr%20die%20Ukraine%3F&since=2022-03-01&until=2022-12-31"
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}


def take(folder: Path) -> None:
    """All pictures, into a folder."""
    with tempfile.TemporaryDirectory() as temporary:
        index = Path(temporary, "index")
        build(PROJECT / "corpus", index, load_encoder())
        with serving(Path(temporary), PROJECT / "corpus", index) as server, browsing() as browser:
            _picture(browser, server.url, folder / "empty.png", DESK)
            _picture(browser, server.url, folder / "chat-answer.png", DESK, QUESTION)
            _picture(browser, server.url, folder / "article-open.png", DESK, QUESTION, article=True)
            _picture(browser, server.url, folder / "dark.png", {**DESK, "color_scheme": "dark"}, QUESTION, article=True)
            _picture(browser, f"{server.url}/?lang=en", folder / "english.png", DESK, ENGLISH)
            _picture(browser, server.url, folder / "phone.png", {**PHONE, "is_mobile": True}, QUESTION)
            _picture(browser, f"{server.url}/archiv", folder / "archive.png", DESK)
            _picture(browser, f"{server.url}/archiv?article={ARTICLE}", folder / "archive-article.png", DESK)
            _picture(browser, f"{server.url}/qualitaet", folder / "quality.png", DESK)
            _picture(browser, f"{server.url}/archiv", folder / "archive-phone.png", {**PHONE, "is_mobile": True})
            _picture(browser, f"{server.url}/?{NARROWED}", folder / "cite.png", DESK, opens="Zitieren")


def _picture(
    browser: Browser,
    url: str,
    path: Path,
    how: dict[str, Any],
    question: str | None = None,
    *,
    article: bool = False,
    opens: str | None = None,
) -> None:
    context = browser.new_context(**how)
    page = context.new_page()
    page.goto(url)
    page.locator(".st-key-ask textarea, .beleg-page, .beleg-paper").first.wait_for()
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for()
    if question:
        _ask(page, question)
    if article:
        page.locator(".beleg-number").first.click()
        page.locator(".beleg-article").wait_for()
        page.mouse.move(0, 0)
    if opens:
        page.get_by_role("button", name=opens).click()
    page.wait_for_timeout(4000 if "archiv" in url else 700)  # the plot of the archive is a large script
    page.screenshot(path=path)
    context.close()
    with Image.open(path) as picture:
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)  # under half the size
    print(path, f"{path.stat().st_size // 1000} kB")


def _ask(page: Page, question: str) -> None:
    box = page.locator(".st-key-ask textarea")
    box.fill(question)
    box.press("Enter")
    page.locator(".beleg-as-of").wait_for()


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "docs" / "pictures")
