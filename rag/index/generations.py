"""Generations of an index: a build writes a new one beside the old and swaps a pointer last.

``DIR/CURRENT`` holds the name of the serving folder under ``DIR/generations/`` and the checksum of its manifest, which
holds those of all other files. A crash at any moment leaves the old one serving. ``DIR/UNFINISHED`` points in the same
way to what a long build has made so far.
Knows files and checksums, not what is in them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from rag import disk
from rag.errors import BelegError, BuildLocked, IndexDamaged, IndexMismatch, IndexMissing, unwritable
from rag.german import ANALYZER_VERSION

FORMAT_VERSION = 5  # raise it, too, when the same text gives other keys of copies
MANIFEST = "manifest.json"
STORE = "articles.sqlite"
LEXICAL = "lexical"
DENSE = "vectors.faiss"
_POINTER = "CURRENT"
_UNFINISHED = "UNFINISHED"
_LOCK = "build.lock"
_FULL = "mend it with `python -m rag build --full`"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EncoderStamp:
    """Which encoder made the vectors."""

    name: str
    fingerprint: str
    dimension: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is: versions, encoder, counts, and the checksum of every file (SHA-256, by relative path)."""

    encoder: EncoderStamp
    corpus_digest: str
    articles: int
    passages: int
    dense_kind: str
    built: str
    format: int = FORMAT_VERSION
    analyzer: int = ANALYZER_VERSION
    files: dict[str, str] = field(default_factory=dict)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[str]:
    """Every file of a generation but the manifest and lock files, relative, sorted."""
    names = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return sorted(name for name in names if name != MANIFEST and not name.endswith(".lock"))


def _pointer(index: Path, unfinished: bool = False) -> tuple[str, str]:
    """The name of the serving generation and its manifest's checksum, which format 1 had not ("")."""
    path = index / (_UNFINISHED if unfinished else _POINTER)
    try:
        name, *rest = path.read_text("utf-8").split()
        (digest,) = rest or [""]
        if name.startswith(".") or Path(name).name != name:
            raise ValueError("no name of a generation")
    except FileNotFoundError as error:
        raise IndexMissing(f"There is no index in {index}; make one with `python -m rag build`.") from error
    except (OSError, ValueError) as error:
        raise IndexDamaged(f"The pointer {path} cannot be read; {_FULL}.") from error
    return name, digest


def serving(index: Path, read: Callable[[Path, str], T], *, unfinished: bool = False) -> T:
    """What ``read`` makes of the serving generation's folder and its manifest's checksum.

    It is called again if the pointer moved on meanwhile: two builds later the folder is gone. Raises IndexMissing or
    IndexDamaged, and whatever ``read`` raises.
    """
    while True:
        pointer = _pointer(index, unfinished)
        folder = index / "generations" / pointer[0]
        try:
            if not os.path.isdir(folder):  # unlike Path.is_dir, False where it may not be looked at
                raise IndexDamaged(f"The pointer {index / _POINTER} names a generation that is not there; {_FULL}.")
            return read(folder, pointer[1])
        except IndexDamaged:
            if _pointer(index, unfinished) == pointer:
                raise


def current(index: Path) -> Path:
    """The folder of the serving generation. Raises IndexMissing or IndexDamaged."""
    return serving(index, lambda folder, _: folder)


def read_manifest(folder: Path, digest: str) -> Manifest:
    """The manifest of a generation, which must have this checksum.

    Raises IndexDamaged if it is missing or broken, IndexMismatch if of another format.
    """
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        if digest and hashlib.sha256(content).hexdigest() != digest:
            raise ValueError("its checksum differs")
        values: dict[str, Any] = json.loads(content)
        if values["format"] != FORMAT_VERSION:
            raise IndexMismatch(
                f"The index in {folder.parent.parent} has format {values['format']!r}, this Beleg reads "
                f"{FORMAT_VERSION}; make it anew with `python -m rag build`."
            )
        if not digest:
            raise ValueError("its checksum is not known")
        return _manifest(values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IndexDamaged(f"The manifest {path} is missing or broken; {_FULL}.") from error


def _manifest(values: dict[str, Any]) -> Manifest:
    """Raises TypeError or AttributeError if a value is not of its type."""
    made = Manifest(**{**values, "encoder": EncoderStamp(**values["encoder"])})
    encoder, files = made.encoder, made.files
    texts = (
        encoder.name,
        encoder.fingerprint,
        made.corpus_digest,
        made.dense_kind,
        made.built,
        *files,
        *files.values(),
    )
    numbers = (encoder.dimension, made.articles, made.passages, made.format, made.analyzer)
    if {type(text) for text in texts} != {str} or {type(number) for number in numbers} != {int}:
        raise TypeError("a value is of another type")
    return made


def require_match(manifest: Manifest, encoder: EncoderStamp, index: Path) -> None:
    """Raises IndexMismatch, with the command that mends it, unless analyzer and encoder are those of the index."""
    if manifest.analyzer != ANALYZER_VERSION:
        raise IndexMismatch(
            f"The index in {index} was made by analyzer {manifest.analyzer}, this Beleg has {ANALYZER_VERSION}; "
            "make it anew with `python -m rag build`."
        )
    if manifest.encoder != encoder:
        made, here = manifest.encoder, encoder
        raise IndexMismatch(
            f"The index in {index} was made with encoder {made.name} ({made.fingerprint}), but {here.name} "
            f"({here.fingerprint}) is set; set BELEG_ENCODER to the former, or make the index anew with "
            "`python -m rag build`."
        )


@contextmanager
def build_lock(index: Path) -> Iterator[None]:
    """Held by the one running build; the system frees it when the process dies. Raises BuildLocked."""
    try:
        index.mkdir(parents=True, exist_ok=True)
        file = (index / _LOCK).open("a")
    except OSError as error:
        raise BelegError(
            f"The index folder {index} cannot be written ({error.strerror}); name another with --index."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BuildLocked(f"Another build of {index} is running; wait for it to end, then build again.") from error
        yield


@contextmanager
def new_generation(index: Path) -> Iterator[Path]:
    """An empty folder for a generation, after removing those that nothing points to.

    It is removed if the block raises before it is pointed to. An OSError in the block becomes IndexUnwritable.
    """
    with unwritable(f"The index in {index}", OSError):
        (index / "generations").mkdir(parents=True, exist_ok=True)
        _remove_leftovers(index)
        folder = index / "generations" / _new_name(index / "generations")
        folder.mkdir()
        try:
            yield folder
        except BaseException:
            if folder.name not in _pointed_to(index):
                shutil.rmtree(folder, ignore_errors=True)
            raise


def _new_name(folder: Path) -> str:
    """The time of day for people to read; nothing depends on it, since a clock may run backwards."""
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    while (folder / name).exists():
        name += "x"
    return name


def _remove_leftovers(index: Path) -> None:
    """Without a sound pointer any finished generation may be the one worth keeping; only unfinished ones go then."""
    keep = _pointed_to(index)
    serves = _serving_name(index)
    for folder in (index / "generations").iterdir():
        if folder.name not in keep and (serves or not (folder / MANIFEST).exists()):
            shutil.rmtree(folder, ignore_errors=True)


def _serving_name(index: Path, unfinished: bool = False) -> str | None:
    try:
        return serving(index, lambda folder, _: folder.name, unfinished=unfinished)
    except BelegError:
        return None


def _pointed_to(index: Path) -> set[str | None]:
    return {_serving_name(index), _serving_name(index, unfinished=True)}


Before = tuple[Path, Manifest] | None  # the generation that one builds upon; it was found sound


def publish(index: Path, folder: Path, manifest: Manifest, before: Before = None) -> Manifest:
    """Writes the manifest with all checksums, brings everything to disk, then swaps the pointer."""
    complete = _complete(index, folder, manifest, before, _POINTER)
    forget_unfinished(index)
    return complete


def keep_unfinished(index: Path, folder: Path, manifest: Manifest, before: Before = None) -> Manifest:
    """Keeps a generation that does not serve yet, as ``publish`` does with one that will."""
    return _complete(index, folder, manifest, before, _UNFINISHED)


def forget_unfinished(index: Path) -> None:
    """The next build begins with what serves; what was kept is removed by it."""
    (index / _UNFINISHED).unlink(missing_ok=True)


def _complete(index: Path, folder: Path, manifest: Manifest, before: Before, pointer_name: str) -> Manifest:
    names = _files(folder)
    old = {name for name in names if before and name in before[1].files and _is_same(before[0] / name, folder / name)}
    digests = {name: before[1].files[name] if before and name in old else file_digest(folder / name) for name in names}
    complete = Manifest(**{**asdict(manifest), "encoder": manifest.encoder, "files": digests})
    (folder / MANIFEST).write_text(json.dumps(asdict(complete), indent=2, ensure_ascii=False) + "\n", "utf-8")
    files = [folder / name for name in (*digests, MANIFEST) if name not in old]
    folders = {parent for file in files for parent in file.parents if parent.is_relative_to(folder.parent)}
    for path in [*files, *sorted(folders, reverse=True)]:
        disk.to_disk(path)
    disk.replace_file(index / pointer_name, f"{folder.name} {file_digest(folder / MANIFEST)}\n".encode())
    disk.to_disk(index)
    return complete


def _is_same(one: Path, other: Path) -> bool:
    """Whether two names are those of one file."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def size(index: Path) -> int:
    """The bytes of the serving generation."""
    return sum(path.stat().st_size for path in current(index).rglob("*") if path.is_file())


def damage(index: Path, *, unfinished: bool = False) -> list[str]:
    """Every file of a generation that is missing, changed or too many, one line each; none if it is sound.

    Raises IndexMissing, IndexMismatch, or IndexDamaged if the pointer or the manifest is.
    """
    while True:
        pointer = _pointer(index, unfinished)
        found = serving(index, _damage, unfinished=unfinished)
        if not found or _pointer(index, unfinished) == pointer:
            return found


def _damage(folder: Path, manifest_digest: str) -> list[str]:
    manifest = read_manifest(folder, manifest_digest)
    found: list[str] = []
    for name, digest in manifest.files.items():
        path = folder / name
        try:
            if file_digest(path) != digest:
                found.append(f"{path} is not what was written: its checksum differs")
        except FileNotFoundError:
            found.append(f"{path} is missing")
        except OSError as error:
            found.append(f"{path} cannot be read ({error.strerror})")
    found += [f"{folder / name} does not belong to the index" for name in _files(folder) if name not in manifest.files]
    return found
