"""Corpus → a new generation of the index; what did not change is neither parsed nor encoded again.

Knows the order of a build. Reading articles, cutting, storing and encoding are done elsewhere.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

from rag.corpus.read import Record, Refused, scan
from rag.errors import CorpusError, IndexDamaged, IndexMismatch, IndexMissing
from rag.index import generations
from rag.index.dense import DenseIndex, kind_for
from rag.index.generations import EncoderStamp, Manifest
from rag.index.lexical import LexicalWriter
from rag.index.reader import open_index
from rag.index.store import StoreWriter
from rag.passages import passages
from rag.types import Article, Encoder, Passage

Progress = Callable[[str, int, int], None]
_CHUNK = 128  # articles encoded together


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. ``refused`` are the files and records that were not taken, each with its reason."""

    manifest: Manifest
    added: int
    changed: int
    removed: int
    unchanged: int
    refused: tuple[Refused, ...]
    seconds: float
    fresh: str | None = None  # why everything was made anew, if it was


@dataclass(frozen=True, slots=True)
class _Plan:
    to_read: tuple[Record, ...]
    gone: tuple[str, ...]
    unchanged: int
    digest: str


_Loaded = tuple[Article, str, list[Passage]]


def stamp(encoder: Encoder) -> EncoderStamp:
    """The identity of an encoder as the manifest keeps it."""
    return EncoderStamp(encoder.name, encoder.fingerprint, encoder.dimension)


def indexed_text(article: Article, passage: Passage) -> str:
    """What is searched for a passage: the title of its article, then its words."""
    if not article.title or passage.text.startswith(article.title):
        return passage.text
    return f"{article.title}\n{passage.text}"


def build(
    corpus: Path,
    index: Path,
    encoder: Encoder,
    *,
    full: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> BuildReport:
    """Brings the index up to date with the corpus and returns what was done.

    The serving generation stays as it is until the last step. Everything is made anew if ``full`` is set, if there is
    no sound index yet, or if format, analyzer or encoder have changed. Raises CorpusError if there is no article to
    index, BuildLocked while another build runs.
    """
    began = time.monotonic()
    with generations.build_lock(index):
        base, fresh = (None, "--full") if full else _base(index, encoder)
        known = _known(base)
        records, refused = _scan(corpus, progress)
        plan = _plan(records, refused, known)
        loaded = _load(plan.to_read, refused)
        first = next(loaded, None)
        if base and first is None and not plan.gone:
            manifest, changes = generations.read_manifest(base), _Changes()
        else:
            folder = generations.new_generation(index, datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f"))
            new = chain([first] if first else [], loaded)
            manifest, changes = _write(folder, base, plan, new, known, encoder, progress)
            if manifest.articles == 0:
                shutil.rmtree(folder)
                raise CorpusError(_nothing_taken(corpus, refused))
            manifest = generations.publish(index, folder, manifest)
        return BuildReport(
            manifest=manifest,
            added=changes.added,
            changed=changes.changed,
            removed=len(plan.gone),
            unchanged=plan.unchanged,
            refused=tuple(refused),
            seconds=time.monotonic() - began,
            fresh=fresh,
        )


@dataclass(slots=True)
class _Changes:
    """Counts while a build runs."""

    added: int = 0
    changed: int = 0


def _nothing_taken(corpus: Path, refused: Sequence[Refused]) -> str:
    reason = f"{refused[0].where}: {refused[0].reason}" if refused else "it is empty; put articles into it."
    return f"No article in {corpus} could be taken: {reason}"


def _base(index: Path, encoder: Encoder) -> tuple[Path | None, str | None]:
    """The generation to build upon, or why there is none."""
    try:
        folder = generations.current(index)
        generations.require_match(generations.read_manifest(folder), stamp(encoder), index)
        broken = generations.damage(index)
        if not broken:
            open_index(index)  # its parts hold the same passages
    except IndexMissing:
        return None, None
    except (IndexDamaged, IndexMismatch) as error:
        return None, str(error)
    return (None, broken[0]) if broken else (folder, None)


def _known(base: Path | None) -> dict[str, str]:
    if base is None:
        return {}
    with StoreWriter(base / generations.STORE) as store:
        return store.digests()


def _scan(corpus: Path, progress: Progress) -> tuple[list[Record], list[Refused]]:
    records: list[Record] = []
    refused: list[Refused] = []
    for found in scan(corpus):
        if isinstance(found, Refused):
            refused.append(found)
        else:
            records.append(found)
            progress("read", len(records), 0)
    return records, refused


def _plan(records: Sequence[Record], refused: Sequence[Refused], known: dict[str, str]) -> _Plan:
    """What is new or gone. An article whose file cannot be read just now is not gone: its old version stays."""
    present = {record.article_id for record in records} | {found.where for found in refused}
    to_read = tuple(record for record in records if known.get(record.article_id) != record.digest)
    digest = hashlib.sha256()
    for record in sorted(records, key=lambda r: r.article_id):
        digest.update(f"{record.article_id}\0{record.digest}\n".encode())
    return _Plan(
        to_read=to_read,
        gone=tuple(article_id for article_id in known if article_id not in present),
        unchanged=len(records) - len(to_read),
        digest=digest.hexdigest(),
    )


def _load(records: Sequence[Record], refused: list[Refused]) -> Iterator[_Loaded]:
    """The articles of the records, cut into passages; what cannot be read goes to ``refused``."""
    for record in records:
        try:
            article = record.load()
        except CorpusError as error:
            refused.append(Refused(record.article_id, str(error)))
            continue
        cut = passages(article)
        if cut:
            yield article, record.digest, cut
        else:
            refused.append(Refused(record.article_id, "holds no text; add its text or remove the file."))


def _write(
    folder: Path,
    base: Path | None,
    plan: _Plan,
    loaded: Iterable[_Loaded],
    known: dict[str, str],
    encoder: Encoder,
    progress: Progress,
) -> tuple[Manifest, _Changes]:
    dense = DenseIndex.create(encoder.dimension)
    if base:
        shutil.copyfile(base / generations.STORE, folder / generations.STORE)
        shutil.copytree(base / generations.LEXICAL, folder / generations.LEXICAL)
        dense = DenseIndex.read(base / generations.DENSE, generations.read_manifest(base).dense_kind, writable=True)
    lexical = LexicalWriter(folder / generations.LEXICAL)
    changes = _Changes()
    articles = iter(loaded)
    with StoreWriter(folder / generations.STORE) as store:
        _remove(plan.gone, store, lexical, dense)
        while chunk := list(islice(articles, _CHUNK)):
            replaced = [article.article_id for article, _, _ in chunk if article.article_id in known]
            _remove(replaced, store, lexical, dense)
            dense = _add(chunk, store, lexical, dense, encoder)
            changes.changed += len(replaced)
            changes.added += len(chunk) - len(replaced)
            progress("index", changes.added + changes.changed, len(plan.to_read))
        count, passage_count = store.count()
    lexical.commit()
    dense.write(folder / generations.DENSE)
    built = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(stamp(encoder), plan.digest, count, passage_count, dense.kind, built), changes


def _remove(article_ids: Iterable[str], store: StoreWriter, lexical: LexicalWriter, dense: DenseIndex) -> None:
    rows = [row for article_id in article_ids for row in store.remove(article_id)]
    lexical.remove(rows)
    dense.remove(rows)


def _add(
    chunk: Sequence[_Loaded], store: StoreWriter, lexical: LexicalWriter, dense: DenseIndex, encoder: Encoder
) -> DenseIndex:
    """Takes the articles in; gives the vector index back, which may have grown into another kind."""
    rows: list[int] = []
    texts: list[str] = []
    for article, digest, cut in chunk:
        new = store.add(article, digest, cut)
        for row, passage in zip(new, cut, strict=True):
            text = indexed_text(article, passage)
            lexical.add(row, text, article.published, article.source)
            texts.append(text)
        rows += new
    if dense.is_outgrown_by(len(dense) + len(rows)):
        dense = dense.grown(kind_for(len(dense) + len(rows)))
    dense.add(rows, encoder.encode_passages(texts))
    return dense
