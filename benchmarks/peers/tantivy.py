"""tantivy, the library below Beleg's word index too, with its own German analyzer."""

from __future__ import annotations

from pathlib import Path

import tantivy

from benchmarks.peers.peer import DEPTH, Ranking, Texts


class Tantivy:
    """Stock is words, lower case, Snowball stems; best may add its stop words and fold accents."""

    kept_seconds = 0.0

    def __init__(self, stopwords: bool = False, fold: bool = False) -> None:
        builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        builder = builder.filter(tantivy.Filter.remove_long(40)).filter(tantivy.Filter.lowercase())
        if stopwords:
            builder = builder.filter(tantivy.Filter.stopword("german"))
        builder = builder.filter(tantivy.Filter.stemmer("german"))
        if fold:
            builder = builder.filter(tantivy.Filter.ascii_fold())
        self._analyzer = builder.build()

    def build(self, texts: Texts, folder: Path) -> None:
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("id", stored=True, tokenizer_name="raw")
        schema.add_text_field("text", tokenizer_name="german")
        index = tantivy.Index(schema.build(), path=str(folder))
        index.register_tokenizer("german", self._analyzer)
        writer = index.writer(heap_size=128_000_000, num_threads=1)
        for name, text in texts.items():
            writer.add_document(tantivy.Document(id=name, text=text))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._index, self._searcher = index, index.searcher()

    def search(self, question: str) -> Ranking:
        words = " ".join("".join(c if c.isalnum() else " " for c in question).split())
        query = self._index.parse_query(words.lower(), ["text"])
        hits = self._searcher.search(query, DEPTH, count=False).hits
        return [(self._searcher.doc(address)["id"][0], float(points)) for points, address in hits]
