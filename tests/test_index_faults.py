"""What can befall an index: damage, kills, full disks, no leave, readers overtaken by builds."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from conftest import PROJECT, make_corpus, write_article
from faults import as_nobody, file_limit
from indexes import ids, ranking

from rag import disk
from rag.encoder import StaticEncoder
from rag.errors import BelegError, BuildLocked, CorpusError, IndexDamaged, IndexMismatch, IndexUnwritable
from rag.index import generations, reader
from rag.index.build import build, stamp
from rag.index.dense import DenseIndex
from rag.index.reader import open_index
from rag.search import HybridSearch
from rag.types import Query


def test_two_builds_at_once_are_refused_but_a_dead_ones_lock_is_not(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    with (index / "build.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BuildLocked):
            build(corpus, index, encoder)
    build(corpus, index, encoder)


def test_an_open_index_answers_on_after_its_folder_is_gone(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    build(corpus, tmp_path / "index", encoder)
    opened = open_index(tmp_path / "index", stamp(encoder))
    shutil.rmtree(opened.folder)
    found: list[int] = []

    def work() -> None:
        question = "Warum ist die Rheinbrücke gesperrt?"
        found.append(len(HybridSearch(opened, encoder)(Query(question, question))))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3] * 8


def test_a_reader_overtaken_by_builds_opens_the_newest(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    store, overtaking = reader.Store, iter([1, 2])

    def slow(*place: object) -> object:
        for number in overtaking:
            write_article(corpus, f"neu{number}.md", "Neu", f"Meldung Nummer {number}.")
            with monkeypatch.context() as context:
                context.setattr(reader, "Store", store)
                build(corpus, index, encoder)
        return store(*place)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "Store", slow)
    assert open_index(index).manifest.articles == 5


class _Renamed(StaticEncoder):
    name = "another"  # type: ignore[assignment]
    fingerprint = "0000"  # type: ignore[assignment]


def test_another_encoder_or_analyzer_stops_with_the_command_that_mends_it(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag.encoder import BUNDLED

    index, other = tmp_path / "index", _Renamed(BUNDLED)
    build(corpus, index, encoder)
    with pytest.raises(IndexMismatch, match="python -m rag build"):
        open_index(index, stamp(other))
    report = build(corpus, index, other)
    assert report.fresh
    assert open_index(index, stamp(other)).manifest.articles == 3
    monkeypatch.setattr(generations, "ANALYZER_VERSION", 99)
    with pytest.raises(IndexMismatch, match="python -m rag build"):
        open_index(index, stamp(other))


@pytest.mark.parametrize("how", ["flip", "truncate", "remove"])
def test_every_damage_is_found_and_mended(corpus: Path, tmp_path: Path, encoder: StaticEncoder, how: str) -> None:
    sound = tmp_path / "sound"
    build(corpus, sound, encoder)
    names = sorted(generations.serving(sound, generations.read_manifest).files)
    assert {"articles.sqlite", "vectors.faiss"} <= set(names)
    for number, name in enumerate(names):
        index = tmp_path / f"index{number}"
        shutil.copytree(sound, index)
        _damage(generations.current(index) / name, how)
        found = generations.damage(index)
        assert len(found) == 1, name
        assert name in found[0]
        assert build(corpus, index, encoder).fresh
        assert generations.damage(index) == []


def _damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "remove":
        path.unlink()
    elif how == "truncate":
        path.write_bytes(content[:-1])
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


@pytest.mark.parametrize("content", ["", "nonsense", "{}", '{"format": 1}', '{"format": 999}'])
def test_a_broken_manifest_or_pointer_is_one_clear_line(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, content: str
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    for path in (generations.current(index) / "manifest.json", index / "CURRENT"):
        path.write_text(content, "utf-8")
        with pytest.raises((IndexDamaged, IndexMismatch), match="python -m rag build") as caught:
            open_index(index)
        assert "\n" not in str(caught.value)
    build(corpus, index, encoder)
    assert open_index(index).manifest.articles == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("dense_kind", 5), ("dense_kind", "IVF"), ("files", []), ("files", {"a": 1}), ("built", None)),
        *(("articles", "3"), ("articles", 4), ("passages", True), ("encoder", "x"), ("encoder", {"name": "x"})),
        ("analyzer", "1"),
    ],
)
def test_a_manifest_with_a_wrong_value_is_damage_even_where_its_checksum_is_right(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, field: str, value: object
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    path = generations.current(index) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {field: value}), "utf-8")
    with pytest.raises(IndexDamaged):
        generations.damage(index)
    (index / "CURRENT").write_text(f"{path.parent.name} {generations.file_digest(path)}\n", "utf-8")
    with pytest.raises(IndexDamaged, match="python -m rag build") as caught:
        open_index(index)
    assert "\n" not in str(caught.value)
    assert build(corpus, index, encoder).fresh
    assert open_index(index).manifest.articles == 3


def test_an_index_of_the_first_format_is_made_anew(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    folder = generations.current(index)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 1}), "utf-8")
    (index / "CURRENT").write_text(f"{folder.name}\n", "utf-8")
    with pytest.raises(IndexMismatch, match=r"has format 1, .*python -m rag build"):
        open_index(index)
    assert "format 1" in str(build(corpus, index, encoder).fresh)
    assert ids(index) == {"bruecke.md", "brand.md", "wolf.md"}


def test_a_file_without_leave_to_read_is_damage(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    digest = generations.file_digest

    def refusing(path: Path) -> str:
        if path.name == "vectors.faiss":
            raise PermissionError(13, "Permission denied", str(path))
        return digest(path)

    monkeypatch.setattr(generations, "file_digest", refusing)
    assert generations.damage(index) == [
        f"{generations.current(index) / 'vectors.faiss'} cannot be read (Permission denied)"
    ]


@pytest.mark.parametrize("pointer", ["", "..", ". x", "gone", "a/b", "a b c", "\udc80"])
def test_a_damaged_pointer_costs_no_sound_generation(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, pointer: str
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    served = generations.current(index)
    unfinished = served.parent / "20200101T000000.0"
    unfinished.mkdir()
    (index / "CURRENT").write_text(pointer, "utf-8", "surrogateescape")
    with pytest.raises(CorpusError):
        build(tmp_path / "missing", index, encoder)
    build(corpus, index, encoder)
    assert served.exists()
    assert not unfinished.exists()
    build(corpus, index, encoder, full=True)
    assert not served.exists()


def test_all_that_is_published_is_brought_to_disk(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, synced = tmp_path / "index", list[Path]()
    monkeypatch.setattr(disk, "to_disk", synced.append)
    build(corpus, index, encoder)
    folder = generations.current(index)
    expected = {p for p in folder.rglob("*") if p.suffix != ".lock"} | {folder, folder.parent, index}
    assert expected | {index / ".CURRENT.new", index / ".WITHDRAWN.new"} == set(synced)
    assert synced.index(folder / "lexical") < synced.index(folder) < synced.index(folder.parent) < synced.index(index)


@pytest.mark.parametrize("part", ["articles.sqlite", "vectors.faiss", "lexical"])
def test_a_file_broken_anywhere_is_one_clear_line_or_nothing(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, part: str
) -> None:
    index, chance = tmp_path / "index", random.Random(part)
    build(corpus, index, encoder)
    (corpus / "wolf.md").unlink()
    build(corpus, index, encoder)
    path = generations.current(index) / part
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    said = []
    for _ in range(150):
        broken = chance.choice([file for file in files if file.suffix != ".lock"])
        content = broken.read_bytes()
        start = chance.randrange(len(content) or 1)
        junk = chance.randbytes(chance.choice([1, 40]))
        broken.unlink()  # what is mapped into memory must not be cut short
        broken.write_bytes(chance.choice([content[:start], content[:start] + junk + content[start + len(junk) :]]))
        try:
            opened = open_index(index)
            HybridSearch(opened, encoder)(Query("x", "Warum ist die Rheinbrücke gesperrt?"))
            opened.lexical.idf("stems", "rheinbruck")
            opened.store.newest(9)
        except BelegError as error:
            said.append(str(error))
        broken.unlink()
        broken.write_bytes(content)
    assert len(said) > 20
    assert not any("\n" in line for line in said)


def test_an_error_that_cannot_be_decoded_is_damage(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    """SQLite puts bytes of a broken schema into its message, which Python then cannot decode."""
    build(corpus, tmp_path / "index", encoder)
    opened = open_index(tmp_path / "index")

    class Broken:
        def execute(self, *_: object) -> None:
            raise UnicodeDecodeError("utf-8", b"\xf4", 0, 1, "invalid continuation byte")

    opened.store._connection = Broken()  # type: ignore[assignment]
    with pytest.raises(IndexDamaged, match="python -m rag build"):
        opened.store.count()


def test_a_row_that_only_one_part_knows_is_damage(small_index: Path) -> None:
    opened = open_index(small_index)
    for look in (opened.store.ids, opened.store.passages, opened.dense.vectors):
        with pytest.raises(IndexDamaged, match="python -m rag build"):
            look([1, 999])


def test_an_error_of_another_kind_is_not_called_damage(small_index: Path) -> None:
    opened = open_index(small_index)
    with pytest.raises(TypeError):
        opened.lexical.search("stems", "Brücke", "drei")  # type: ignore[arg-type]


def test_a_vector_less_is_noticed(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    build(corpus, tmp_path / "index", encoder)
    path = generations.current(tmp_path / "index") / "vectors.faiss"
    dense = DenseIndex.read(path, "Flat", writable=True)
    dense.remove(dense.rows()[:1])
    dense.write(path)
    with pytest.raises(IndexDamaged, match="python -m rag build"):
        open_index(tmp_path / "index", stamp(encoder))


def test_a_folder_that_cannot_be_written_is_one_clear_line(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BelegError) as caught:
        build(corpus, tmp_path / "file" / "index", encoder)
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_one_clear_line_and_the_old_index_serves_on(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    index, said = tmp_path / "index", set[str]()
    build(corpus, index, encoder)
    before = generations.current(index)
    for number in range(400):
        write_article(corpus, f"masse{number}.md", f"Meldung {number}", f"Meldung {number} über Fähre {number * 7}.")
    for full in (False, True):
        for size in (0, 10, 3_000, 30_000, 120_000, 300_000, 400_000):
            with file_limit(size), pytest.raises(IndexUnwritable, match="build again") as caught:
                build(corpus, index, encoder, full=full)
            assert "\n" not in str(caught.value)
            said.add(str(caught.value).split(" cannot")[0].rsplit("/")[-1])
            assert list(before.parent.iterdir()) == [before]
            assert generations.damage(index) == []
    assert {"articles.sqlite", "lexical", "vectors.faiss"} <= said
    assert ids(index) == {"bruecke.md", "brand.md", "wolf.md"}


def test_an_error_behind_the_swap_of_the_pointer_removes_nothing(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"

    def failing(path: Path) -> None:
        if path == index:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(disk, "to_disk", failing)
    with pytest.raises(IndexUnwritable):
        build(corpus, index, encoder)
    assert generations.damage(index) == []
    assert open_index(index).manifest.articles == 3


def test_the_command_says_a_full_disk_in_one_line(corpus: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rag", "build", "--corpus", str(corpus), "--index", str(tmp_path / "index")]
    with file_limit(9_000):
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("beleg: ")
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "index" / "generations").iterdir()) == []


def test_an_index_that_may_not_be_written_is_read_and_not_built(encoder: StaticEncoder) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # tmp_path is closed to others
    corpus, index = make_corpus(folder / "corpus"), folder / "index"
    build(corpus, index, encoder)
    before = ranking(open_index(index), encoder, "Wolf im Westerwald")
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o555 if path.is_dir() else 0o444) if index in (path, *path.parents) else 0o755)

    def work() -> None:
        assert ranking(open_index(index, stamp(encoder)), encoder, "Wolf im Westerwald") == before
        with pytest.raises(BelegError, match="cannot be written") as caught:
            build(corpus, index, encoder, full=True)
        assert "\n" not in str(caught.value)

    try:
        as_nobody(work)
        (index / "build.lock").chmod(0o666)  # now the folder of generations is in the way
        as_nobody(work)
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(folder)


def test_a_killed_build_leaves_the_old_index_answering(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    build(corpus, index, encoder)
    before = ranking(open_index(index, stamp(encoder)), encoder, "Warum ist die Rheinbrücke gesperrt?")
    for number in range(3_000):
        write_article(
            corpus,
            f"masse{number}.md",
            f"Meldung {number}",
            f"Die Meldung {number} handelt von Fähre und Brücke. " * 30,
        )
    command = [sys.executable, "-m", "rag", "build", "--corpus", str(corpus), "--index", str(index)]
    torn = 0
    for delay in (0.0, 0.3, 0.8):
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started = time.monotonic()
        while (
            len(list((index / "generations").iterdir())) < 2
            and process.poll() is None
            and time.monotonic() - started < 60
        ):
            time.sleep(0.01)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        torn += process.wait() == -signal.SIGKILL
        assert generations.damage(index) == []
        assert ranking(open_index(index, stamp(encoder)), encoder, "Warum ist die Rheinbrücke gesperrt?") == before
    assert torn == 3
    for path in corpus.glob("masse*.md"):
        path.unlink()
    write_article(corpus, "neu.md", "Neue Fähre", "Eine neue Fähre verkehrt zwischen Neuwied und Weißenthurm.")
    assert build(corpus, index, encoder).manifest.articles == 4
    assert len(list((index / "generations").iterdir())) == 2


_DYING = """
import os, signal, sys
from rag import cli, disk

left = int(sys.argv[1])

def dying(work):
    def step(*arguments):
        global left
        left -= 1
        return work(*arguments) if left >= 0 else os.kill(os.getpid(), signal.SIGKILL)
    return step

disk.to_disk, os.replace = dying(disk.to_disk), dying(os.replace)
sys.exit(cli.main(sys.argv[2:]))
"""


def test_a_build_killed_while_it_publishes_leaves_a_whole_index(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    index, served = tmp_path / "index", set[Path]()
    build(corpus, index, encoder)
    verb = ["build", "--full", "--corpus", str(corpus), "--index", str(index)]
    for step in (0, 4, 8, 12, 13, 14, 15, 16, 99):
        done = subprocess.run([sys.executable, "-c", _DYING, str(step), *verb], cwd=PROJECT, capture_output=True)
        assert done.returncode == (0 if step == 99 else -signal.SIGKILL), done.stderr
        assert generations.damage(index) == []
        assert ids(index) == {"bruecke.md", "brand.md", "wolf.md"}
        served.add(generations.current(index))
    assert len(served) == 3  # the first, that of the build killed behind the swap, the last
    assert len(list((index / "generations").iterdir())) == 2
