"""A file is replaced whole, or the one before stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from faults import file_limit

from rag.disk import replace_file


def test_a_file_is_replaced(tmp_path: Path) -> None:
    place = tmp_path / "liste.txt"
    replace_file(place, b"erste")
    replace_file(place, b"zweite")
    assert place.read_bytes() == b"zweite"
    assert list(tmp_path.iterdir()) == [place]


def test_where_it_cannot_be_written_the_one_before_stays(tmp_path: Path) -> None:
    place = tmp_path / "liste.txt"
    replace_file(place, b"erste")
    with file_limit(100), pytest.raises(OSError, match="too large"):
        replace_file(place, b"zweite" * 100)
    assert place.read_bytes() == b"erste"
    assert list(tmp_path.iterdir()) == [place]


def test_a_crash_before_the_swap_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, crashed = tmp_path / "liste.txt", list[bytes]()
    replace_file(place, b"erste")

    def crash(unfinished: Path, target: Path) -> None:
        crashed.append(target.read_bytes() + b" " + unfinished.read_bytes())
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="Input/output"):
        replace_file(place, b"zweite")
    assert crashed == [b"erste zweite"]
    assert place.read_bytes() == b"erste"
