"""Corpus → a new generation of the index; what did not change is neither parsed nor encoded again.

Knows the order of a build. Reading articles, cutting, storing and encoding are done elsewhere.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path, PurePosixPath

from rag.corpus.copies import bands, shingles
from rag.corpus.read import Record, Refused, scan
from rag.corpus.versions import fingerprint, keep, versions
from rag.corpus.withdrawn import withdrawn
from rag.errors import CorpusError, IndexDamaged, IndexMismatch, IndexMissing, NotFound
from rag.index import generations
from rag.index.dense import DenseIndex, kind_for
from rag.index.generations import EncoderStamp, Manifest
from rag.index.lexical import LexicalWriter, documents
from rag.index.lexical import copy as lexical_copy
from rag.index.reader import open_index
from rag.index.reports import Reports
from rag.index.store import Store, StoreWriter
from rag.index.withdraw import carry_over
from rag.passages import indexed_text, passages
from rag.types import Article, Encoder, Passage

Progress = Callable[[str, int, int], None]
STEP = 10_000  # articles after which a long build is kept, so that a kill costs no more than these
_CHUNK = 128  # articles encoded together
_DELETED = 0.1  # share of the word index that may be deleted documents, which still count for the length of a text


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. ``refused`` are the files and records that were not taken, each with its reason.

    ``grouped`` are the added and changed articles that are copies of others, ``removed`` and ``unchanged`` count
    articles, ``withdrawn`` those that were passed over; ``size`` is that of the serving generation in bytes.
    """

    manifest: Manifest
    added: int
    changed: int
    removed: int
    unchanged: int
    withdrawn: int
    grouped: tuple[str, ...]
    refused: tuple[Refused, ...]
    seconds: float
    size: int
    fresh: str | None = None  # why everything was made anew, if it was


_Known = dict[str, tuple[str, str]]  # article id → digest, origin


@dataclass(frozen=True, slots=True)
class _Base:
    folder: Path
    manifest: Manifest
    known: _Known
    store: Store
    serves: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    to_read: tuple[Record, ...]
    gone: tuple[str, ...]
    moved: tuple[tuple[str, str], ...]  # article id, origin
    unchanged: int
    digest: str


_Loaded = tuple[Article, Record, list[Passage]]


def stamp(encoder: Encoder) -> EncoderStamp:
    """The identity of an encoder as the manifest keeps it."""
    return EncoderStamp(encoder.name, encoder.fingerprint, encoder.dimension)


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
    index, BuildLocked while another build runs, IndexUnwritable if it cannot be written.
    """
    began = time.monotonic()
    with generations.build_lock(index):
        carry_over(corpus, index)  # first: without it nothing can be opened, and so nothing built upon
        base, fresh = (None, "--full") if full else _base(index, encoder)
        if base is None:
            generations.forget_unfinished(index)
        run = _Run(corpus, index, encoder, progress)
        records, passed_over = run.scan()
        plan = _plan(records, run.refused, base.known if base else {})
        manifest = run.carry_out(plan, base)
        return BuildReport(
            manifest=manifest,
            added=run.added,
            changed=run.changed,
            removed=len(plan.gone),
            unchanged=plan.unchanged,
            withdrawn=passed_over,
            grouped=tuple(sorted(run.grouped)),
            refused=tuple(run.refused),
            seconds=time.monotonic() - began,
            size=generations.size(index),
            fresh=fresh,
        )


class _Run:
    """The work of one build: where it reads and writes, and what it has refused, added and changed so far."""

    def __init__(self, corpus: Path, index: Path, encoder: Encoder, progress: Progress) -> None:
        self._corpus, self._index, self._encoder, self._progress = corpus, index, encoder, progress
        self.refused: list[Refused] = []
        self.added = self.changed = 0
        self.grouped: set[str] = set()

    def scan(self) -> tuple[list[Record], int]:
        """The records to index, and how many articles are passed over because they are withdrawn."""
        records: list[Record] = []
        hidden, passed_over = withdrawn(self._corpus), 0
        for found in scan(self._corpus):
            if isinstance(found, Refused):
                self.refused.append(found)
            elif found.article_id in hidden:
                passed_over += 1
            else:
                records.append(found)
                self._progress("read", len(records), 0)
        return records, passed_over

    def carry_out(self, plan: _Plan, base: _Base | None) -> Manifest:
        """Makes the new generation, a long one in steps, and swaps the pointer to it; nothing to do leaves the old one.

        Each step is a whole generation that the next one builds upon, kept as unfinished: a build that was killed goes
        on from there.
        """
        loaded = self._load(plan.to_read)
        ahead = next(loaded, None)
        if base and base.serves and ahead is None and not plan.gone and not plan.moved:
            return base.manifest
        while True:
            part = chain([ahead] if ahead else [], islice(loaded, STEP - 1))
            with generations.new_generation(self._index) as folder:
                manifest = self._write(folder, base, plan, part)
                ahead = next(loaded, None)
                manifest = self._complete(folder, manifest, base, is_last=ahead is None)
            if base and not base.serves:
                shutil.rmtree(base.folder, ignore_errors=True)  # an earlier step, which this one holds whole
            if not ahead:
                return manifest
            known = base.known if base else {}
            base = _Base(folder, manifest, known, Store(folder / generations.STORE), serves=False)
            plan = replace(plan, gone=(), moved=())

    def _load(self, records: Sequence[Record]) -> Iterator[_Loaded]:
        """The articles of the records, cut into passages; what cannot be read is refused."""
        for record in records:
            try:
                article = record.load()
            except CorpusError as error:
                self.refused.append(Refused(record.article_id, str(error)))
                continue
            cut = passages(article)
            if cut:
                yield article, record, cut
            else:
                self.refused.append(Refused(record.article_id, "holds no text; add its text or remove the file."))

    def _complete(self, folder: Path, manifest: Manifest, base: _Base | None, *, is_last: bool) -> Manifest:
        """Keeps a step as unfinished; the last one serves from now on."""
        before = (base.folder, base.manifest) if base else None
        if not is_last:
            return generations.keep_unfinished(self._index, folder, manifest, before)
        if manifest.articles == 0:
            raise CorpusError(_nothing_taken(self._corpus, self.refused))
        carry_over(self._corpus, self._index)  # before the swap: what is withdrawn later is noted by whoever does it
        return generations.publish(self._index, folder, manifest, before)

    def _write(self, folder: Path, base: _Base | None, plan: _Plan, loaded: Iterable[_Loaded]) -> Manifest:
        """The files of a generation: those of the base, less what is gone, with the articles ``loaded``."""
        dense = _copied(base, folder) if base else DenseIndex.create(self._encoder.dimension)
        lexical = LexicalWriter(folder / generations.LEXICAL)
        with StoreWriter(folder / generations.STORE) as store:
            known: _Known = base.known if base else {}
            reports = Reports(store, [*plan.gone, *(r.article_id for r in plan.to_read if r.article_id in known)])
            _remove(plan.gone, store, lexical, dense)
            store.move(plan.moved)
            articles = iter(loaded)
            while chunk := list(islice(articles, _CHUNK)):
                replaced = [article.article_id for article, _, _ in chunk if article.article_id in known]
                if base:
                    _keep_versions(self._corpus, chunk, base.store)
                _remove(replaced, store, lexical, dense)
                dense = _add(chunk, store, reports, lexical, dense, self._encoder)
                self.changed += len(replaced)
                self.added += len(chunk) - len(replaced)
                self._progress("index", self.added + self.changed, len(plan.to_read))
            self.grouped.update(reports.finish())
            count, passage_count = store.count()
        lexical.commit()
        held, deleted = documents(folder / generations.LEXICAL)
        if deleted > _DELETED * held:
            _write_words_anew(folder, self._progress)
        dense.write(folder / generations.DENSE)
        built = datetime.now(UTC).isoformat(timespec="seconds")
        return Manifest(stamp(self._encoder), plan.digest, count, passage_count, dense.kind, built)


def _copied(base: _Base, folder: Path) -> DenseIndex:
    """The files of the base as they stand, to write into; its vectors are held in memory and written last."""
    shutil.copyfile(base.folder / generations.STORE, folder / generations.STORE)
    lexical_copy(base.folder / generations.LEXICAL, folder / generations.LEXICAL)
    return DenseIndex.read(base.folder / generations.DENSE, base.manifest.dense_kind, writable=True)


def _nothing_taken(corpus: Path, refused: Sequence[Refused]) -> str:
    reason = f"{refused[0].where}: {refused[0].reason}" if refused else "it is empty; put articles into it."
    return f"No article in {corpus} could be taken: {reason}"


def _base(index: Path, encoder: Encoder) -> tuple[_Base | None, str | None]:
    """The generation to build upon, that of a killed build before the serving one; or why there is none."""
    why: str | None = None
    for unfinished in (True, False):
        try:
            if broken := generations.damage(index, unfinished=unfinished):
                why = broken[0]
                continue
            opened = open_index(index, stamp(encoder), unfinished=unfinished)  # its parts hold the same passages
            return _Base(opened.folder, opened.manifest, opened.store.known(), opened.store, not unfinished), None
        except IndexMissing:
            continue
        except (IndexDamaged, IndexMismatch) as error:
            why = str(error)
    return None, why


def _plan(records: Sequence[Record], refused: Sequence[Refused], known: _Known) -> _Plan:
    """What is new or gone. An article whose file cannot be read whole just now is not gone: its old version stays."""
    present = {record.article_id: record.origin for record in records}
    unread = {found.origin for found in refused if found.origin}
    to_read = tuple(r for r in records if r.article_id not in known or known[r.article_id][0] != r.digest)
    digest = hashlib.sha256()
    for record in sorted(records, key=lambda r: r.article_id):
        digest.update(f"{record.article_id}\0{record.digest}\n".encode())
    return _Plan(
        to_read=to_read,
        gone=tuple(
            article_id
            for article_id, (_, origin) in known.items()
            if article_id not in present and unread.isdisjoint(_with_folders(origin))
        ),
        moved=tuple(
            (article_id, present[article_id])
            for article_id, (_, origin) in known.items()
            if present.get(article_id, origin) != origin
        ),
        unchanged=len(records) - len(to_read),
        digest=digest.hexdigest(),
    )


def _with_folders(origin: str) -> set[str]:
    return {origin, *map(str, PurePosixPath(origin).parents)}


def _keep_versions(corpus: Path, chunk: Iterable[_Loaded], former: Store) -> None:
    """Keeps what changed Markdown files of a corpus folder said before, as the index still knows it."""
    for new, record, _ in chunk:
        if record.origin == record.article_id and record.origin.endswith(".md") and corpus.is_dir():
            with suppress(NotFound, CorpusError):  # new, or withdrawn; or a folder that may only be read
                old = former.article(record.article_id)
                if fingerprint(old) == fingerprint(new):
                    continue
                kept = versions(corpus, record.article_id)  # perhaps by ``add``, which may run more often than a build
                if fingerprint(old) not in map(fingerprint, kept):
                    keep(corpus / record.origin, old)


def _write_words_anew(folder: Path, progress: Progress) -> None:
    """The word index of a generation from its store: tantivy cannot be told to drop deleted documents."""
    shutil.rmtree(folder / generations.LEXICAL)
    lexical = LexicalWriter(folder / generations.LEXICAL)
    store = Store(folder / generations.STORE)
    rows = store.passage_rows()
    for start in range(0, len(rows), _CHUNK):
        for row, (article, passage) in sorted(store.passages(rows[start : start + _CHUNK]).items()):
            lexical.add(row, indexed_text(article, passage), article.published, article.source)
        progress("words", min(start + _CHUNK, len(rows)), len(rows))
    lexical.commit()


def _remove(article_ids: Iterable[str], store: StoreWriter, lexical: LexicalWriter, dense: DenseIndex) -> None:
    rows = [row for article_id in article_ids for row in store.remove(article_id)]
    lexical.remove(rows)
    dense.remove(rows)


def _add(
    chunk: Sequence[_Loaded],
    store: StoreWriter,
    reports: Reports,
    lexical: LexicalWriter,
    dense: DenseIndex,
    encoder: Encoder,
) -> DenseIndex:
    """Takes the articles in; gives the vector index back, which may have grown into another kind."""
    rows: list[int] = []
    texts: list[str] = []
    for article, record, cut in chunk:
        runs = shingles(article.text)
        keys = bands(runs)
        new = store.add(article, record.digest, record.origin, cut, keys)
        reports.add(article.article_id, runs, keys)
        for row, passage in zip(new, cut, strict=True):
            text = indexed_text(article, passage)
            lexical.add(row, text, article.published, article.source)
            texts.append(text)
        rows += new
    if dense.is_outgrown_by(len(dense) + len(rows)):
        dense = dense.grown(kind_for(len(dense) + len(rows)))
    dense.add(rows, encoder.encode_passages(texts))
    return dense
