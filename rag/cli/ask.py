"""The verbs that read the archive: search, ask, show."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from rag.cli import arguments
from rag.cli.arguments import add_verb, filters_of
from rag.cli.output import facts, print_json, say
from rag.contract import answer_json, article_json, search_json
from rag.settings import Settings
from rag.types import Answer, Citation, Language, Period

# What stands around an answer; ``{}`` is what it tells of.
_FRAME: Mapping[Language, Mapping[str, str]] = {
    "de": {
        "understood": "Gesucht: {}",
        "period": "Bevorzugt: {} („{}“)",
        "to": " bis ",
        "yearly": "{}, jedes Jahr",
        "also_in": "auch in: {}",
        "as_of": "Stand: {}",
        "written": "Formuliert von {}",
        "teilweise": "teilweise belegt",
        "nicht belegt": "nicht belegt",
    },
    "en": {
        "understood": "Searched for: {}",
        "period": "Preferred: {} (“{}”)",
        "to": " to ",
        "yearly": "{}, any year",
        "also_in": "also in: {}",
        "as_of": "As of {}",
        "written": "Written by {}",
        "teilweise": "partly backed",
        "nicht belegt": "not backed",
    },
}


def add_verbs(to: Any) -> None:
    """search, ask, show."""
    add_verb(to, "search", search, _search_options, 'search "Patriots Ukraine" -k 5 --since 2022-11-01')
    add_verb(to, "ask", ask, _ask_options, 'ask "Warum keine Patriots für die Ukraine?"')
    add_verb(to, "show", show, _show_options, "show 2022-11-30-bukarest-keine-patriots.md")


def _search_options(p: argparse.ArgumentParser) -> None:
    arguments.index(p)
    arguments.encoder(p)
    arguments.narrowing(p)
    arguments.json_switch(p)
    p.add_argument("question", metavar="QUESTION", type=arguments.text)
    p.add_argument("-k", type=arguments.count, default=10, help="how many passages (default 10)")
    p.add_argument("--method", choices=("hybrid", "lexical", "dense"), default="hybrid")


def _ask_options(p: argparse.ArgumentParser) -> None:
    arguments.index(p)
    arguments.encoder(p)
    arguments.llm(p)
    arguments.narrowing(p)
    arguments.json_switch(p)
    p.add_argument("question", metavar="QUESTION", type=arguments.text, nargs="?")
    p.add_argument(
        "--batch",
        type=Path,
        metavar="FILE.jsonl",
        help='lines of {"id", "question", "history": []}; one JSON answer a line',
    )


def _show_options(p: argparse.ArgumentParser) -> None:
    arguments.index(p)
    arguments.json_switch(p)
    p.add_argument("article_id", metavar="ARTICLE_ID", type=arguments.text)


def search(options: argparse.Namespace, settings: Settings) -> int:
    """Finds passages."""
    from rag.encoder import load_encoder
    from rag.index.build import stamp
    from rag.index.reader import open_index
    from rag.question import understand
    from rag.search import searcher

    encoder = load_encoder(settings.encoder)
    found = searcher(open_index(settings.index, stamp(encoder)), encoder, options.method)
    query = understand(options.question, filters=filters_of(options), today=date.today())
    hits = found(query, passages=options.k, articles=0)
    if options.json:
        print_json(search_json(query, hits))
        return 0
    for rank, hit in enumerate(hits, 1):
        parts = ", ".join(f"{name} {value:.2f}" for name, value in hit.parts.items())
        print(f"{rank}. {hit.article.title or hit.article.article_id}  [{hit.passage.passage_id}]")
        print(f"   {facts(hit.article.source, hit.article.author, hit.article.published, hit.article.updated)}")
        print(f"   {hit.score:.2f} = {parts}")
        print(f"   {hit.passage.text[:240].strip()} …\n")
    if not hits:
        say("nothing found")
    return 0


def ask(options: argparse.Namespace, settings: Settings) -> int:
    """Answers a question, or a file of them."""
    from rag.assistant import Desk
    from rag.evaluation.datasets import read_batch

    if (options.question is None) == (options.batch is None):
        options.usage("give either a QUESTION or --batch FILE.jsonl")
    batch = read_batch(options.batch) if options.batch else []
    assistant = Desk(settings).assistant
    filters = filters_of(options)
    if options.batch is None:
        answer = assistant.ask(options.question, filters=filters)
        if options.json:
            print_json(answer_json(answer))
        else:
            _print_answer(answer, sys.stdout)
    for question in batch:
        answer = assistant.ask(question.text, assistant.turns(question.history), filters)
        print_json(answer_json(answer, question.question_id), indent=None)
    return 0


def show(options: argparse.Namespace, settings: Settings) -> int:
    """Prints one article as it stands in the index."""
    from rag.index.reader import open_index

    article = open_index(settings.index).store.article(options.article_id)
    if options.json:
        print_json(article_json(article))
        return 0
    print(article.title or article.article_id)
    print(facts(article.source, article.author, article.published, article.updated, article.url))
    print(f"\n{article.text}")
    return 0


def _print_answer(answer: Answer, out: TextIO) -> None:
    frame = _FRAME[answer.query.language]
    if answer.query.standalone != answer.query.question:
        print(frame["understood"].format(answer.query.standalone), file=out)
    if answer.query.period:
        print(frame["period"].format(_days(answer.query.period, frame), answer.query.period.said), file=out)
    print(answer.message, file=out)
    days = {c.number: c.published for c in answer.citations} if answer.timeline else {}
    for claim in answer.claims:
        day = days.get(claim.citations[0])
        numbers = "".join(f"[{number}]" for number in claim.citations)
        doubt = "" if claim.verdict == "belegt" else f" ({frame[claim.verdict]})"
        print(f"\n  {f'{day}: ' if day else ''}{claim.text} {numbers}{doubt}", file=out)
    if answer.citations:
        print(file=out)
    for citation in answer.citations:
        print(f"[{citation.number}] {_source_line(citation)}", file=out)
        if citation.also_in:
            print(f"    {frame['also_in'].format(', '.join(citation.also_in))}", file=out)
        if not answer.claims or answer.is_written:
            print(f"    {citation.quote}", file=out)
    if answer.as_of:
        print(frame["as_of"].format(answer.as_of.isoformat()), file=out)
    if answer.is_written:
        print(frame["written"].format(answer.made_by), file=out)
    if answer.note:
        print(answer.note, file=out)


def _source_line(citation: Citation) -> str:
    origin = facts(citation.source, citation.author, citation.published, citation.updated, citation.url)
    return f"{citation.title or citation.article_id} ({origin}; {citation.article_id}, {citation.start}–{citation.end})"


def _days(period: Period, frame: Mapping[str, str]) -> str:
    days = frame["to"].join(day.isoformat() if day else "…" for day in (period.since, period.until))
    return frame["yearly"].format(days) if period.yearly else days
