"""mteb's own harness gives the figures that ``eval retrieval`` gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mteb
import pytest
from mteb_beleg import BelegEncoder, BelegSearch, offline_task

from rag.encoder import load_encoder
from rag.evaluation.datasets import read_retrieval_set
from rag.evaluation.retrieval import cached_index, evaluate
from rag.search import Method

XQUAD = Path(__file__).resolve().parents[3] / "shared" / "benchmarks" / "xquad-de"


def by_mteb(model: Any) -> dict[str, float]:
    done = mteb.evaluate(model, [offline_task("XQuADRetrieval", "de", XQUAD)], cache=None)
    (scores,) = next(iter(done.task_results[0].scores.values()))
    return {"nDCG@10": scores["ndcg_at_10"], "Recall@10": scores["recall_at_10"], "main": scores["main_score"]}


def by_beleg(method: Method) -> dict[str, float]:
    dataset, encoder = read_retrieval_set(XQUAD), load_encoder()
    return evaluate(dataset, cached_index(dataset.corpus, encoder), encoder, method).measures


@pytest.mark.parametrize("method", ["hybrid", "lexical", "dense"])
def test_the_search_scores_the_same_in_both(method: Method, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    theirs, ours = by_mteb(BelegSearch(method)), by_beleg(method)
    assert theirs["nDCG@10"] == theirs["main"] == pytest.approx(ours["nDCG@10"], abs=1e-4)
    assert theirs["Recall@10"] == pytest.approx(ours["Recall@10"], abs=1e-4)


def test_the_encoder_alone_scores_nearly_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # mteb encodes each text whole, Beleg cuts the longest of them into two passages.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert by_mteb(BelegEncoder())["nDCG@10"] == pytest.approx(by_beleg("dense")["nDCG@10"], abs=0.003)
