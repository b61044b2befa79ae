"""``check`` finds whatever is wrong with an index and names the mend; ``build`` mends it from the corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import make_corpus
from test_cli import Capture, run

from rag.encoder import StaticEncoder
from rag.index import generations
from rag.index.build import build
from rag.index.check import check
from rag.index.dense import DenseIndex
from rag.index.lexical import LexicalWriter
from rag.index.store import Store


@pytest.fixture
def places(tmp_path: Path, encoder: StaticEncoder) -> tuple[Path, Path]:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    build(corpus, index, encoder)
    return corpus, index


def said(capsys: Capture, index: Path) -> str:
    """What the command says of a damaged index; it must name a mend."""
    code, out, err = run(capsys, "check", "--index", index)
    assert code == 1
    assert "mend it with `python -m rag build" in err
    assert "Traceback" not in err
    return out + err


def test_a_flipped_byte_a_cut_and_a_loss_are_found_in_every_file(capsys: Capture, places: tuple[Path, Path]) -> None:
    index = places[1]
    files = [path for path in index.rglob("*") if path.is_file() and not path.name.endswith(".lock")]
    assert {"CURRENT", "WITHDRAWN", "manifest.json", "articles.sqlite", "vectors.faiss"} <= {p.name for p in files}
    for path in files:
        content = path.read_bytes()
        damages = {
            content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
            for at in (0, len(content) // 2, -1 % len(content))
        }
        for damaged in [*damages, content[:-1], b"", None]:
            path.unlink(missing_ok=True)
            if damaged is not None:
                path.write_bytes(damaged)
            if path.name == "CURRENT" and (damaged is None or damaged == content[:-1]):
                continue  # no pointer, no index; and a line needs no end
            said(capsys, index)
        path.write_bytes(content)
    assert run(capsys, "check", "--index", index)[0] == 0


def sign_again(index: Path) -> None:
    """Makes all checksums right, so that only a look at what the files hold can find the damage."""
    folder = generations.current(index)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["files"] = {name: generations.file_digest(folder / name) for name in generations._files(folder)}
    path.write_text(json.dumps(manifest), "utf-8")
    (index / "CURRENT").write_text(f"{folder.name} {generations.file_digest(path)}\n", "utf-8")


def foreign_vector(folder: Path) -> None:
    dense = DenseIndex.read(folder / "vectors.faiss", "Flat", writable=True)
    row = dense.rows()[1]
    vector = np.roll(dense.vectors([row]), 5, axis=1)
    dense.remove([row])
    dense.add([row], vector)
    dense.write(folder / "vectors.faiss")


def a_vector_less(folder: Path) -> None:
    dense = DenseIndex.read(folder / "vectors.faiss", "Flat", writable=True)
    dense.remove(dense.rows()[:1])
    dense.write(folder / "vectors.faiss")


def a_vector_of_another_row(folder: Path) -> None:
    dense = DenseIndex.read(folder / "vectors.faiss", "Flat", writable=True)
    row = dense.rows()[0]
    vector = dense.vectors([row])
    dense.remove([row])
    dense.add([999], vector)
    dense.write(folder / "vectors.faiss")


def words_of_another_row(folder: Path) -> None:
    row = Store(folder / "articles.sqlite").passage_rows()[0]
    lexical = LexicalWriter(folder / "lexical")
    lexical.remove([row])
    lexical.add(999, "Fähre", None, None)
    lexical.commit()


@pytest.mark.parametrize("damage", [foreign_vector, a_vector_less, a_vector_of_another_row, words_of_another_row])
def test_what_no_checksum_shows_is_found_and_mended(
    capsys: Capture, places: tuple[Path, Path], encoder: StaticEncoder, damage: object
) -> None:
    corpus, index = places
    damage(generations.current(index))  # type: ignore[operator]
    sign_again(index)
    assert "build --full" in said(capsys, index)
    build(corpus, index, encoder, full=True)
    assert check(index, encoder).damage == ()


def test_all_vectors_are_compared_or_a_sample_or_none(places: tuple[Path, Path], encoder: StaticEncoder) -> None:
    assert check(places[1], encoder, None).compared == 3
    assert check(places[1], encoder, 1).compared == 3 // 3
    assert check(places[1], None).compared == 0
