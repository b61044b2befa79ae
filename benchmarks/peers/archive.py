"""Archives of any size: the passages of wikidpr-de, or the first of them, among paragraphs of the training files.

The questions are those of wikidpr-de whose passage is there; nobody was trained on them.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from rag.evaluation.datasets import digest_of


def documents_of(corpus: Path) -> dict[str, str]:
    """The documents of a BEIR corpus, title and text as one."""
    with corpus.open(encoding="utf-8") as lines:
        found = map(json.loads, lines)
        return {d["_id"]: f"{d.get('title', '')}\n{d['text']}".strip() for d in found}


def archive(shared: Path, folder: Path, size: int) -> Path:
    """A BEIR folder of ``size`` passages outside the project, made once. A smaller one is the beginning of a larger."""
    source = shared / "benchmarks" / "wikidpr-de"
    out = folder / f"{size}-passages-{digest_of(source)[:12]}"
    if not out.exists():
        new = out.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        (new / "qrels").mkdir(parents=True)
        shutil.copyfile(source / "queries.jsonl", new / "queries.jsonl")
        own = (source / "corpus.jsonl").read_text("utf-8").splitlines()[:size]
        known = {json.loads(line)["_id"]: json.loads(line)["text"] for line in own}
        texts = set(known.values())
        others = (text for text in _paragraphs(shared / "training") if text not in texts)
        with (new / "corpus.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in own)
            for i, text in zip(range(size - len(own)), others, strict=False):
                file.write(json.dumps({"_id": f"other-{i}", "title": "", "text": text}, ensure_ascii=False) + "\n")
        header, *judged = (source / "qrels" / "dev.tsv").read_text("utf-8").splitlines()
        there = [line for line in judged if line.split("\t")[1] in known]
        (new / "qrels" / "dev.tsv").write_text("\n".join([header, *there]) + "\n", "utf-8")
        new.rename(out)
    return out


def _paragraphs(training: Path) -> Iterator[str]:
    for name, field in (
        ("wikidpr-questions", "positive"),
        ("klexikon-wikipedia", "text"),
        ("bundestag-speeches", "text"),
    ):
        seen: set[str] = set()
        with gzip.open(training / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                for paragraph in json.loads(line)[field].split("\n\n"):
                    text = paragraph.replace("\n", " ").strip()
                    if len(text) > 200 and text not in seen:
                        seen.add(text)
                        yield text
