"""How cost grows with the archive: time, processor time, memory and disk of builds and questions.

    python benchmarks/growth.py make --from ../shared/benchmarks/gnad-qa/corpus.jsonl --out ~/a --articles 10000
    python benchmarks/growth.py measure ~/a... --json benchmarks/results/growth.json
    python benchmarks/growth.py plot benchmarks/results/growth.json docs/pictures/growth.png

The archives are recombined from the sentences of real articles, so that words are as frequent as in real ones; one
article in twenty is a copy of an earlier one in another outlet. They are for measuring alone and stay outside the
project.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from rag.corpus.fields import article_from
from rag.corpus.html import read_html
from rag.corpus.write import markdown
from rag.encoder import bundled
from rag.errors import CorpusError
from rag.evaluation.provenance import provenance
from rag.german import sentences
from rag.index.build import build, stamp
from rag.index.lexical import LexicalWriter
from rag.index.reader import open_index
from rag.passages import indexed_text, passages
from rag.types import Article

PROJECT = Path(__file__).resolve().parent.parent
OUTLETS = [f"Zeitung {number}" for number in range(1, 41)]
COPIES = 0.05
QUESTIONS = (
    "Warum sank der Gewinn des Unternehmens?",
    "Wer gewann das Finale in Wien?",
    "Wie viele Menschen wurden bei dem Unfall verletzt?",
    "Was beschloss der Nationalrat zur Reform der Pensionen?",
)


def make(source: Path, out: Path, count: int, seed: int = 7) -> None:
    """Writes an archive of so many articles; a larger one begins with the articles of a smaller one."""
    chance = random.Random(seed)
    with source.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    stock = [[text[start:end] for start, end in sentences(text)] for text in texts]
    out.mkdir(parents=True)
    bodies: list[list[str]] = []
    for number in range(count):
        if bodies and chance.random() < COPIES:
            body = [sentence for sentence in chance.choice(bodies) if chance.random() > 0.05]
        else:
            body = _recombined(stock, chance)
        if len(bodies) < 5_000:
            bodies.append(body)
        day = date(2019, 1, 1) + timedelta(days=chance.randrange(2_000))
        title = " ".join(body[0].split()[:9]) if body else f"Meldung {number}"
        text = "\n\n".join(" ".join(body[start : start + 4]) for start in range(0, len(body), 4)) or title
        article = Article("", title, text, published=day, source=chance.choice(OUTLETS))
        folder = out / f"{number // 1000:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number:06}.md").write_text(markdown(article), "utf-8")


def _recombined(stock: Sequence[Sequence[str]], chance: random.Random) -> list[str]:
    """Runs of two to four neighbouring sentences of random articles, as many as a random article has."""
    length = len(chance.choice(stock))
    body: list[str] = []
    while len(body) < length:
        article = chance.choice(stock)
        start = chance.randrange(len(article))
        body += article[start : start + chance.randint(2, 4)]
    return body


# Measuring ---------------------------------------------------------------------------------------------------------


def measure(archive: Path) -> dict[str, object]:
    """The cost of a full build, of one new article, of opening and of asking, each in a process of its own."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as place:
        index = Path(place, "index")
        command = ["build", "--corpus", str(archive), "--index", str(index)]
        full = _run(command)
        added: list[dict[str, float]] = []
        new = archive / "neu.md"
        try:
            for number in range(3):
                text = f"Der Ort Lindenau {number} baut im Jahr {2024 + number} eine Halle für zwei Millionen."
                new.write_text(f"---\ntitle: Lindenau baut {number}\n---\n\n{text}\n", "utf-8")
                added.append(_run(command))
        finally:
            new.unlink(missing_ok=True)
        asked = json.loads(_output([sys.executable, str(Path(__file__).resolve()), "ask", str(index)]))
        manifest = open_index(index).manifest
        size = sum(path.stat().st_size for path in open_index(index).folder.rglob("*") if path.is_file())
    return {
        "articles": manifest.articles,
        "passages": manifest.passages,
        "index_mb": round(size / 1e6, 1),
        "full": full,
        "one_more": {name: statistics.median(run[name] for run in added) for name in added[0]},
        "reader": asked,
    }


_COMMAND = """
import sys
from rag.cli import main
code = main(sys.argv[1:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(code)
"""


def _run(verb: Sequence[str]) -> dict[str, float]:
    """Time and memory of a command. The count that the system keeps would begin with the memory of this process."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([sys.executable, "-c", _COMMAND, *verb], cwd=PROJECT, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        said.seek(0)
        lines = said.read().splitlines()
    if status:
        raise SystemExit(f"{' '.join(verb)} failed: {lines[-1:]}")
    return {
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(int(lines[-1]) * 1.024 / 1000, 1),
    }


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return done.stdout.decode()


def ask(index: Path) -> dict[str, float]:
    """What one process that answers needs: memory after opening and asking, and the time of an answer."""
    from rag.assistant import assemble

    began = time.monotonic()
    assistant = assemble(open_index(index, stamp(bundled())), bundled())
    opened = time.monotonic() - began
    spent = []
    for _ in range(6):
        for question in QUESTIONS:
            started = time.perf_counter()
            assistant.ask(question)
            spent.append((time.perf_counter() - started) * 1000)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "open_seconds": round(opened, 2),
        "answer_ms": round(statistics.median(spent[len(QUESTIONS) :]), 1),
        "memory_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1),
    }


def rates(archive: Path, count: int = 600) -> dict[str, float]:
    """Articles a second in one process: pages cleaned, words indexed, passages encoded, whole builds."""
    files = sorted(archive.rglob("*.md"))[:count]
    from rag.corpus.markdown import read_markdown

    articles = [article_from(path.name, read_markdown(path.read_text("utf-8"), path.name)) for path in files]
    pages = [_page(article) for article in articles[:200]]
    cut = [(article, passage) for article in articles for passage in passages(article)]
    texts = [indexed_text(article, passage) for article, passage in cut]
    with tempfile.TemporaryDirectory() as place:
        writer = LexicalWriter(Path(place, "words"))

        def index_words() -> None:
            for row, text in enumerate(texts):
                writer.add(row, text, None, None)
            writer.commit()

        corpus = Path(place, "corpus")
        corpus.mkdir()
        for path in files:
            shutil.copy(path, corpus / path.name)
        return {
            "cleaned": _rate(len(pages), lambda: [_cleaned(page) for page in pages]),
            "indexed": _rate(len(articles), index_words),
            "encoded": _rate(len(articles), lambda: bundled().encode_passages(texts)),
            "built": _rate(len(articles), lambda: build(corpus, Path(place, "index"), bundled())),
        }


def _cleaned(page: str) -> None:
    with suppress(CorpusError):  # a few of the recombined articles are too short to be one
        read_html(page)


def _rate(count: int, work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return round(count / (time.process_time() - began), 1)


def _page(article: Article) -> str:
    links = "".join(f'<li><a href="/{number}">Weitere Meldung Nummer {number}</a></li>' for number in range(60))
    body = "".join(f"<p>{paragraph}</p>" for paragraph in article.text.split("\n\n"))
    return (
        f"<html lang='de'><head><title>{article.title}</title><meta property='article:published_time' content="
        f"'{article.published}'></head><body><nav><ul>{links}</ul></nav><article><h1>{article.title}</h1>{body}"
        f"</article><aside><ul>{links}</ul></aside><footer>Impressum</footer></body></html>"
    )


def plot(results: Path, picture: Path) -> None:
    """Four curves over the size of the archive, both axes logarithmic."""
    import matplotlib.pyplot as plt

    sizes = json.loads(results.read_text("utf-8"))["sizes"]
    articles = [size["articles"] for size in sizes]
    curves = {
        "full build, processor seconds": [size["full"]["cpu_seconds"] for size in sizes],
        "one more article, processor seconds": [size["one_more"]["cpu_seconds"] for size in sizes],
        "build, peak memory in MB": [size["full"]["peak_mb"] for size in sizes],
        "index on disk, MB": [size["index_mb"] for size in sizes],
        "one answer, ms": [size["reader"]["answer_ms"] for size in sizes],
    }
    figure, axes = plt.subplots(figsize=(9, 4.2))
    for name, values in curves.items():
        axes.plot(articles, values, marker="o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="articles")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    p = verbs.add_parser("make")
    p.add_argument("--from", dest="source", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--articles", type=int, required=True)
    p = verbs.add_parser("measure")
    p.add_argument("archives", type=Path, nargs="+")
    p.add_argument("--json", type=Path, required=True)
    p = verbs.add_parser("ask")
    p.add_argument("index", type=Path)
    p = verbs.add_parser("plot")
    p.add_argument("results", type=Path)
    p.add_argument("picture", type=Path)
    options = parser.parse_args()
    if options.verb == "make":
        make(options.source, options.out, options.articles)
    elif options.verb == "measure":
        found = {**provenance(None), "articles_a_second": rates(options.archives[0])}
        found["sizes"] = [measure(archive.resolve()) for archive in options.archives]
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    elif options.verb == "ask":
        print(json.dumps(ask(options.index)))
    else:
        plot(options.results, options.picture)


if __name__ == "__main__":
    main()
