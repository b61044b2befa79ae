"""A model that is really served: `transformers serve` with a tiny random one made on the spot, which talks nonsense."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from rag.assistant import Assistant, assemble
from rag.encoder import load_encoder
from rag.generate import Limits, Writer
from rag.index.build import build, stamp
from rag.index.reader import open_index
from rag.messages import NOTES

pytest.importorskip("fastapi", reason="transformers serve needs fastapi: make optional")
PROJECT = Path(__file__).resolve().parent.parent.parent
QUESTION = "Was kostet das Deutschlandticket?"
TEMPLATE = "{% for m in messages %}{{ m['content'] }} {% endfor %}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    [found] = (PROJECT / "models").glob("*/tokenizer.json")
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(found), eos_token="[SEP]", pad_token="[PAD]")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    size = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **size)).save_pretrained(folder)
    return folder


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    process = subprocess.Popen(command, env=os.environ | {"HF_HUB_OFFLINE": "1"}, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            assert process.poll() is None, "transformers serve ended before it was healthy"
            try:
                urllib.request.urlopen(f"{url}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"{url}/v1", process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    index = tmp_path_factory.mktemp("index")
    build(PROJECT / "corpus", index, load_encoder())
    return index


def assistant(index: Path, folder: Path, url: str) -> Assistant:
    encoder = load_encoder()
    writer = Writer(f"openai:{folder}", url, limits=Limits(pause=0))
    return assemble(open_index(index, stamp(encoder)), encoder, writer)


def model(folder: Path, url: str) -> ChatOpenAI:
    return ChatOpenAI(model=str(folder), base_url=url, api_key=SecretStr("none"), max_retries=0)


def test_a_served_model_that_talks_nonsense_is_left_out_stopped_and_outlived(index: Path, folder: Path) -> None:
    """One server for all three, since it takes long to start: nonsense, a reader who stops, a server that dies."""
    notes = NOTES["de"]
    with served(folder) as (url, process):
        pieces = [chunk.text for chunk in model(folder, url).stream("Guten Tag", max_tokens=20)]
        assert sum(map(bool, pieces)) > 1  # it speaks, bit by bit
        beleg = assistant(index, folder, url)
        answer = beleg.ask(QUESTION)
        assert (answer.made_by, answer.status) == ("quotes", "answered")
        assert answer.note in (notes["too_little"], notes["no_answer"])
        *_, stopped = beleg.answers(QUESTION, stop=lambda: True)
        assert stopped is not None
        assert stopped.made_by == "quotes"
        threading.Timer(0.3, process.kill).start()
        died = beleg.ask(QUESTION)
    assert died.made_by == "quotes"
    assert died.claims == answer.claims
    assert notes["instead"] in died.note
    assert died.note not in (notes["too_little"], notes["no_answer"])
