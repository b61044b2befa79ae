"""A real server of the chat and a real browser, for the browser tests and the pictures of the docs.

Knows how to start and end both, and how to keep a record of what either reaches for; nothing of what is tested.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROJECT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
# Runs in the server before anything else, and writes down every host that it asks for or connects to.
_WATCH = """
import os, sys
def _write(*words):
    with open(os.environ["BELEG_WATCHED"], "a") as file:
        print(*words, file=file)
def _watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        target = args[1] if event in ("socket.connect", "socket.sendto") else args[0]
        _write(event, target[0] if isinstance(target, tuple) else target)
sys.addaudithook(_watch)
_write("watching")
"""


@dataclass(frozen=True)
class Server:
    """A chat that serves; ``watched`` is the file with all hosts that its process reached for.

    ``began`` is the monotonic clock at its start, ``seconds`` how long it took until it listened.
    """

    url: str
    watched: Path
    log: Path
    pid: int
    began: float
    seconds: float


def browser_is_absent() -> bool:
    return not Path(CHROMIUM).exists()


@contextmanager
def serving(folder: Path, corpus: Path, index: Path, **settings: str) -> Iterator[Server]:
    """The chat over an index, as ``streamlit run app.py`` in a process of its own; ``folder`` takes its records,
    ``settings`` is what else its environment holds."""
    hook = folder / "hook"
    hook.mkdir(parents=True, exist_ok=True)
    (hook / "sitecustomize.py").write_text(_WATCH, "utf-8")
    watched, log = folder / "watched.txt", folder / "server.log"
    environ = {
        **os.environ,
        "PYTHONPATH": f"{hook}{os.pathsep}{PROJECT}",
        "BELEG_WATCHED": str(watched),
        "BELEG_CORPUS": str(corpus),
        "BELEG_INDEX": str(index),
        "BELEG_FEEDBACK": str(folder / "feedback.jsonl"),
        **settings,
    }
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    began = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(url, process, log)
        yield Server(url, watched, log, process.pid, began, time.monotonic() - began)
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def browsing() -> Iterator[Browser]:
    """A headless Chromium of the system."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def ask(page: Page, question: str) -> None:
    """Types a question and sends it."""
    box = page.locator(".st-key-ask textarea")
    box.fill(question)
    box.press("Enter")


def settle(page: Page) -> None:
    """Waits until the page is drawn to its end."""
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path, patience: float = 60) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the chat did not start: {log.read_text('utf-8')}")
