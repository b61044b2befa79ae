"""Generations of an index: a build writes a new one beside the old and swaps a pointer last.

``DIR/CURRENT`` names the serving folder under ``DIR/generations/``. A crash at any moment leaves the old one serving.
Knows files and checksums, not what is in them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import BelegError, BuildLocked, IndexDamaged, IndexMismatch, IndexMissing
from rag.german import ANALYZER_VERSION

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
STORE = "articles.sqlite"
LEXICAL = "lexical"
DENSE = "vectors.faiss"
_POINTER = "CURRENT"
_LOCK = "build.lock"
_FULL = "mend it with `python -m rag build --full`"


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


def current(index: Path) -> Path:
    """The folder of the serving generation. Raises IndexMissing or IndexDamaged."""
    pointer = index / _POINTER
    try:
        name = pointer.read_text("utf-8").strip()
    except FileNotFoundError as error:
        raise IndexMissing(f"There is no index in {index}; make one with `python -m rag build`.") from error
    except (OSError, ValueError) as error:
        raise IndexDamaged(f"The pointer {pointer} cannot be read; {_FULL}.") from error
    folder = index / "generations" / name
    if not name or Path(name).name != name or not folder.is_dir():
        raise IndexDamaged(f"The pointer {pointer} names a generation that is not there; {_FULL}.")
    return folder


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation. Raises IndexDamaged if missing or broken, IndexMismatch if of another format."""
    path = folder / MANIFEST
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if values["format"] != FORMAT_VERSION:
            raise IndexMismatch(
                f"The index in {folder.parent.parent} has format {values['format']}, this Beleg reads "
                f"{FORMAT_VERSION}; make it anew with `python -m rag build --full`."
            )
        return Manifest(**{**values, "encoder": EncoderStamp(**values["encoder"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(f"The manifest {path} is missing or broken; {_FULL}.") from error


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


def new_generation(index: Path, name: str) -> Path:
    """An empty folder for a generation, after removing those that nothing points to."""
    generations = index / "generations"
    generations.mkdir(parents=True, exist_ok=True)
    serving = _serving_name(index)
    for folder in generations.iterdir():
        if folder.name != serving:
            shutil.rmtree(folder, ignore_errors=True)
    folder = generations / name
    folder.mkdir()
    return folder


def _serving_name(index: Path) -> str | None:
    try:
        return current(index).name
    except BelegError:
        return None


def publish(index: Path, folder: Path, manifest: Manifest) -> Manifest:
    """Writes the manifest with all checksums, brings everything to disk, then swaps the pointer."""
    digests = {name: file_digest(folder / name) for name in _files(folder)}
    complete = Manifest(**{**asdict(manifest), "encoder": manifest.encoder, "files": digests})
    (folder / MANIFEST).write_text(json.dumps(asdict(complete), indent=2, ensure_ascii=False) + "\n", "utf-8")
    for path in [folder / MANIFEST, *(folder / name for name in digests), folder, folder.parent]:
        _to_disk(path)
    pointer = index / f"{_POINTER}.new"
    pointer.write_text(folder.name + "\n", "utf-8")
    _to_disk(pointer)
    os.replace(pointer, index / _POINTER)
    _to_disk(index)
    return complete


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def damage(index: Path) -> list[str]:
    """Every file of the serving generation that is missing, changed or too many, one line each; none if it is sound."""
    folder = current(index)
    manifest = read_manifest(folder)
    found: list[str] = []
    for name, digest in manifest.files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{path} is missing")
        elif file_digest(path) != digest:
            found.append(f"{path} is not what was written: its checksum differs")
    found += [f"{folder / name} does not belong to the index" for name in _files(folder) if name not in manifest.files]
    return found
