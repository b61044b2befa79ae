"""Readers at once: how the chat bears them, and how soon it is there.

    python benchmarks/load.py --json benchmarks/results/load.json

Starts the real chat over the demo articles on loopback. Most readers speak Streamlit's own messages over a websocket of
their own, as a browser does, since twenty browsers would keep two cores busy by themselves; one is a real browser and
says what a person waits. Each asks questions of ``benchmarks/demo-qa`` with time to think between, and after a few of
them closes the tab and opens another. The readers share the machine's cores with the server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.encoder import load_encoder
from rag.evaluation.provenance import provenance
from rag.index.build import build
from tests.browser import PROJECT, Server, browsing, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from websockets.asyncio.client import ClientConnection

QUESTIONS = PROJECT / "benchmarks" / "demo-qa" / "questions.jsonl"
THINK = (2.0, 8.0)  # seconds between an answer and the next question
VISIT = (3, 6)  # questions in one conversation
PATIENCE = 60.0  # seconds after which an answer is an error
EVERY = 15.0  # seconds between two looks at the server's memory


@dataclass
class Seen:
    """What all readers saw; times in seconds."""

    pages: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)  # from the question to the first sentence
    whole: list[float] = field(default_factory=list)  # from the question to the end of the page's run
    errors: list[str] = field(default_factory=list)
    browser: list[float] = field(default_factory=list)  # from Enter to the answer on screen


@dataclass(frozen=True)
class Cold:
    """Seconds from the start of the server's process."""

    listening: float
    usable: float
    processor: float  # what the server itself has worked by then
    first_answer: float  # from Enter, of the very first question


class Reader:
    """One tab, as the server sees it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._box = ""
        self._turns = 0

    async def open(self) -> float:
        """Loads the page. Seconds until it is drawn."""
        began = time.perf_counter()
        await self._run(None)
        if not self._box:
            raise RuntimeError("the page came without its question box")
        return time.perf_counter() - began

    async def ask(self, question: str) -> tuple[float, float]:
        """Seconds until the first sentence stands there, and until the page is drawn to its end."""
        began = time.perf_counter()
        first = await self._run(question)
        if first is None:
            raise RuntimeError(f"no answer to: {question}")
        self._turns += 1
        return first - began, time.perf_counter() - began

    async def _run(self, question: str | None) -> float | None:
        """One run of the page; the time at which the answer to ``question`` began to be there."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asking = BackMsg()
        asking.rerun_script.query_string = ""
        if question is not None:
            asking.rerun_script.widget_states.widgets.add(id=self._box).chat_input_value.data = question
        await self._socket.send(asking.SerializeToString())
        asked, first = False, None
        while True:
            said = ForwardMsg.FromString(await self._socket.recv())
            element = said.delta.new_element
            if element.HasField("exception"):
                raise RuntimeError(f"the page shows an error: {element.exception.message}")
            if element.HasField("chat_input"):
                self._box = element.chat_input.id
            asked = asked or f'id="beleg-turn-{self._turns}"' in element.html.body
            if asked and first is None and 'class="beleg-answer"' in element.html.body:
                first = time.perf_counter()
            if said.WhichOneof("type") == "script_finished":
                if said.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                return first


@asynccontextmanager
async def tab(server: Server) -> AsyncIterator[Reader]:
    """A new session of the chat."""
    from websockets.asyncio.client import connect

    address = server.url.replace("http", "ws", 1) + "/_stcore/stream"
    async with connect(address, subprotocols=["streamlit"], max_size=None, compression=None) as socket:  # type: ignore[list-item]
        yield Reader(socket)


async def read(server: Server, questions: Sequence[str], until: float, seen: Seen, chance: random.Random) -> None:
    """One person: visit after visit until the time is over."""
    await asyncio.sleep(chance.uniform(0, THINK[1]))
    while time.perf_counter() < until:
        try:
            async with tab(server) as reader:
                seen.pages.append(await asyncio.wait_for(reader.open(), PATIENCE))
                for _ in range(chance.randint(*VISIT)):
                    await asyncio.sleep(chance.uniform(*THINK))
                    if time.perf_counter() >= until:
                        return
                    first, whole = await asyncio.wait_for(reader.ask(chance.choice(questions)), PATIENCE)
                    seen.first.append(first)
                    seen.whole.append(whole)
        except Exception as error:
            seen.errors.append(f"{type(error).__name__}: {error}"[:200])
            await asyncio.sleep(1)


def look(page: Page, questions: Sequence[str], until: float, seen: Seen, chance: random.Random) -> None:
    """The reader with a real browser: visit after visit, with an article opened now and then."""
    while time.perf_counter() < until:
        try:
            page.reload()
            page.locator(".st-key-ask textarea").wait_for()
            for turn in range(chance.randint(*VISIT)):
                page.wait_for_timeout(1000 * chance.uniform(*THINK))
                if time.perf_counter() >= until:
                    return
                seen.browser.append(seconds_to_answer(page, chance.choice(questions), turn))
                if page.locator(".beleg-number").count() and chance.random() < 0.5:
                    page.locator(".beleg-number").last.click()
                    page.locator(".beleg-article").wait_for()
        except Exception as error:
            seen.errors.append(f"browser: {type(error).__name__}: {error}"[:200])
            time.sleep(1)


def seconds_to_answer(page: Page, question: str, turn: int) -> float:
    """From Enter to the frame in which the answer number ``turn`` begins to be drawn, by the page's clock."""
    page.evaluate(
        """turn => {
            const began = new Promise(done => document.addEventListener(
                "keydown", event => event.key === "Enter" && done(performance.now()), { capture: true, once: true }));
            const come = new Promise(done => {
                const seen = () => document.querySelectorAll(".beleg-answer").length > turn;
                const watch = new MutationObserver(() => seen() && requestAnimationFrame(() => {
                    watch.disconnect(); done(performance.now());
                }));
                watch.observe(document.body, { childList: true, subtree: true });
            });
            window.waited = Promise.all([began, come]).then(([from, to]) => to - from);
        }""",
        turn,
    )
    box = page.locator(".st-key-ask textarea")
    box.fill(question)
    box.press("Enter")
    waited = float(page.evaluate("window.waited"))
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for()
    return waited / 1000


def cold(server: Server, page: Page, question: str) -> Cold:
    """The first visit to a server that has just been started."""
    page.goto(server.url)
    page.locator(".st-key-ask textarea:enabled").wait_for()
    page.locator("[class*=st-key-example-] button").first.wait_for()
    usable = time.monotonic() - server.began
    return Cold(server.seconds, usable, processor(server), seconds_to_answer(page, question, 0))


def memory(server: Server) -> float:
    """What the server's process holds in memory, in MB."""
    for line in Path(f"/proc/{server.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the server is gone")


def processor(server: Server) -> float:
    """Seconds that the server's process has worked."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def watch(server: Server, until: float) -> list[tuple[float, float]]:
    """The server's memory every few seconds: (seconds, MB)."""
    began = time.perf_counter()
    found = [(0.0, memory(server))]
    while (left := until - time.perf_counter()) > 0:
        await asyncio.sleep(min(EVERY, left))
        found.append((round(time.perf_counter() - began), memory(server)))
        print(f"{found[-1][0]:5.0f} s  {found[-1][1]:6.0f} MB", file=sys.stderr)
    return found


async def crowd(
    server: Server, questions: Sequence[str], readers: int, seconds: float, seed: int, seen: Seen
) -> list[tuple[float, float]]:
    """All readers but the browser, and the server's memory meanwhile."""
    until = time.perf_counter() + seconds
    people = [read(server, questions, until, seen, random.Random(f"{seed} {number}")) for number in range(readers)]
    grown, *_ = await asyncio.gather(watch(server, until), *people)
    return grown


def measure(readers: int, seconds: float, seed: int, folder: Path) -> dict[str, Any]:
    """Everything, as it is written to the results file."""
    with QUESTIONS.open(encoding="utf-8") as lines:
        questions = [json.loads(line)["question"] for line in lines]
    build(PROJECT / "corpus", folder / "index", load_encoder())
    seen = Seen()
    with browsing() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        with serving(folder, PROJECT / "corpus", folder / "index") as server:
            start = cold(server, page, questions[0])
            print(f"cold start: usable after {start.usable:.1f} s", file=sys.stderr)
            worked, until = processor(server), time.perf_counter() + seconds
            with ThreadPoolExecutor(1) as pool:  # Playwright stays in the thread that began it
                others = pool.submit(asyncio.run, crowd(server, questions, readers - 1, seconds, seed, seen))
                look(page, questions, until, seen, random.Random(seed))
                grown = others.result()
            worked = processor(server) - worked
            log = server.log.read_text("utf-8")
    return {
        **provenance(None),
        "readers": readers,
        "seconds": seconds,
        "cold": asdict(start),
        "errors": seen.errors + (["a traceback in the server's log"] if "Traceback" in log else []),
        "answers": len(seen.first) + len(seen.browser),
        "answers_per_second": round((len(seen.first) + len(seen.browser)) / seconds, 2),
        "processor_ms_per_answer": round(1000 * worked / max(len(seen.whole) + len(seen.browser), 1), 1),
        "load_average": os.getloadavg()[1],
        "first_sentence": spread(seen.first),
        "whole_answer": spread(seen.whole),
        "in_the_browser": spread(seen.browser),
        "page": spread(seen.pages),
        "memory_mb": grown,
    }


def spread(times: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and highest, in seconds."""
    if len(times) < 2:
        return {}
    hundredths = statistics.quantiles(times, n=100, method="inclusive")
    return {
        "count": len(times),
        "p50": round(hundredths[49], 3),
        "p95": round(hundredths[94], 3),
        "highest": round(max(times), 3),
    }


def told(result: dict[str, Any]) -> str:
    """The result as lines for a person."""
    start, grown = result["cold"], result["memory_mb"]
    lines = [
        f"cold start: listening after {start['listening']:.1f} s, page usable after {start['usable']:.1f} s, "
        f"first answer {start['first_answer']:.2f} s after Enter; the server worked {start['processor']:.1f} s by then",
        f"{result['readers']} readers, {result['seconds']:.0f} s: {result['answers']} answers, "
        f"{result['answers_per_second']} a second, {len(result['errors'])} errors, "
        f"{result['processor_ms_per_answer']:.0f} ms of the server's processor each, pages and clicks included",
    ]
    for name in ("in_the_browser", "first_sentence", "whole_answer", "page"):
        if found := result[name]:
            lines.append(
                f"{name:15} p50 {found['p50']:.2f} s  p95 {found['p95']:.2f} s  highest {found['highest']:.2f} s"
            )
    lines.append("memory, MB: " + ", ".join(f"{megabytes:.0f}" for _, megabytes in grown))
    return "\n".join([*lines, *result["errors"][:10]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where the figures go")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(given.readers, given.seconds, given.seed, Path(folder))
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(told(result))
    return 1 if result["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
