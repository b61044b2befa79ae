"""The command line: one verb per function. Results go to stdout, progress and messages to stderr.

Exit codes: 0 done, 1 a clear one-line error, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import sqlite3
import sys
from collections.abc import Callable, Sequence
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rag import __version__
from rag.contract import add_json, answer_json, article_json, build_json, search_json
from rag.corpus.read import MAX_BYTES
from rag.errors import BelegError
from rag.settings import PROJECT, Settings
from rag.types import Answer, Citation, Filters, Period

_SHOWN = 50  # articles that a report names
if TYPE_CHECKING:
    from rag.index.build import BuildReport
    from rag.index.withdraw import Withdrawal

Verb = Callable[[argparse.Namespace, Settings], int]
_SURROGATE = re.compile("[\ud800-\udfff]")  # what Python makes of an argument's bytes that are not UTF-8


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns its exit code."""
    _mend_streams()
    try:
        code = _guarded(lambda: _run(arguments))
    finally:  # flushed here, where a full disk or a closed pipe can still be told
        unwritten = _guarded(_flush)
    return code or unwritten


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    settings = Settings.load(
        corpus=getattr(options, "corpus", None),
        index=getattr(options, "index", None),
        encoder=getattr(options, "encoder", None),
        llm=getattr(options, "llm", None),
    )
    if _SURROGATE.search(str(settings.index)):
        raise BelegError(f"The index folder {settings.index} has a name that is not UTF-8; name another with --index.")
    verb: Verb = options.verb
    return verb(options, settings)


def _guarded(work: Callable[[], int]) -> int:
    """The exit code of some work. What a person or the machine can cause is told in one line; a bug is not hidden."""
    try:
        return work()
    except BelegError as error:
        line = str(error)
    except BrokenPipeError:  # `python -m rag show … | head`
        _drop_output()
        return 0
    except KeyboardInterrupt:
        line = "stopped"
    except (OSError, sqlite3.Error, RuntimeError, MemoryError) as error:
        if sys.flags.dev_mode:
            raise
        _drop_output()
        line = _cause(error)
    except ValueError as error:
        if "IO error" not in str(error):  # tantivy's word for a full disk
            raise
        line = _cause(error)
    _say(f"beleg: {line}")
    return 1


def _cause(error: Exception) -> str:
    """The thing, the cause and the next step, where only the machine's word for it is known."""
    said = " ".join(str(error).split())
    match error:
        case MemoryError():
            return "The memory is full; close other programs and run it again."
        case sqlite3.Error():
            return f"The articles of the index cannot be read or written ({said}); {_ROOM}, or {_ANEW}."
        case OSError():
            thing, step = error.filename or "The output or a file", _STEPS.get(error.errno or 0, _PLACE)
            return f"{thing} cannot be read or written ({error.strerror or said}); {step}."
        case ValueError():
            return f"The words of the index cannot be written ({said}); {_ROOM}."
        case _:
            return f"It stopped with {type(error).__name__} ({said}); `python -X dev -m rag …` shows where."


_ROOM = "make room on the disk and run it again"
_PLACE = "see that it is there and that you may use it, or name another"
_ANEW = "mend it with `python -m rag build --full`"
_STEPS = {errno.ENOSPC: _ROOM, errno.EDQUOT: _ROOM, errno.EFBIG: _ROOM}


def _mend_streams() -> None:
    """A stream that is closed takes anything; a character that the encoding of stdout lacks becomes "?"."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _flush() -> int:
    sys.stdout.flush()
    return 0


def _drop_output() -> None:
    """Forgets what stdout did not take, or the interpreter would complain of it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _print_json(value: Any, indent: int | None = 2) -> None:
    print(_json(value, sys.stdout.encoding or "utf-8", indent), flush=indent is None)


def _json(value: Any, encoding: str, indent: int | None) -> str:
    """JSON with its characters as they are, but escaped where the encoding lacks one: no character is lost."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode(encoding)
        return text
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)


# Verbs -------------------------------------------------------------------------------------------------------------


def build(options: argparse.Namespace, settings: Settings) -> int:
    """Brings the index up to date with the corpus."""
    from rag.encoder import load_encoder
    from rag.index.build import build as build_index

    encoder = load_encoder(settings.encoder)

    def once(full: bool = False) -> BuildReport:
        with _Bar() as bar:
            return build_index(settings.corpus, settings.index, encoder, full=full, progress=bar.show)

    if not options.watch:
        _tell(once(options.full), options, settings)
        return 0
    if options.full:
        _tell(once(full=True), options, settings)
    _watch(lambda: once(), options, settings)
    return 0


def _watch(once: Callable[[], BuildReport], options: argparse.Namespace, settings: Settings) -> None:
    """Builds after every change until the process is told to end."""
    import signal
    import threading

    from rag.index.watch import watch

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    _say(f"watching {settings.corpus}; Ctrl-C ends it")

    def tell(outcome: BuildReport | BelegError) -> None:
        if isinstance(outcome, BelegError):
            _say(f"beleg: {outcome}")
        else:
            _tell(outcome, options, settings)
            sys.stdout.flush()

    watch(settings.corpus, once, tell, stop)


def _tell(report: BuildReport, options: argparse.Namespace, settings: Settings) -> None:
    if report.fresh and not options.full:
        _say(f"made anew: {report.fresh}")
    for refused in report.refused:
        _say(f"refused: {refused.where}: {refused.reason}")
    if options.json:
        _print_json(build_json(report), indent=None if options.watch else 2)
    elif not options.quiet:
        print(
            f"{report.manifest.articles} articles, {report.manifest.passages} passages in {settings.index} "
            f"({report.added} added, {report.changed} changed, {report.removed} removed, {report.unchanged} unchanged, "
            f"{len(report.grouped)} grouped, {report.withdrawn} withdrawn, {len(report.refused)} refused; "
            f"{report.size / 1e6:.1f} MB, {report.seconds:.1f} s)"
        )


def add(options: argparse.Namespace, settings: Settings) -> int:
    """Brings articles from files, folders, web addresses, feeds or standard input (-) into the corpus."""
    from rag.corpus.add import add as add_articles
    from rag.corpus.fetch import Fetcher

    piped = sys.stdin.buffer.read(MAX_BYTES + 1) if "-" in options.source else b""
    with _Bar() as bar:
        fetcher = Fetcher(allow_private=settings.allow_private)
        report = add_articles(options.source, settings.corpus, fetcher, date.today(), piped, bar.show)
    for refused in report.refused:
        _say(f"refused: {refused.where}: {refused.reason}")
    if options.json:
        _print_json(add_json(report))
    elif not options.quiet:
        for taken in report.taken[:_SHOWN]:
            print(f"{taken.what}: {taken.article_id}  {taken.title}")
        print(
            f"{len(report.taken)} articles for {settings.corpus} ({report.number('added')} added, "
            f"{report.number('changed')} changed, {report.number('unchanged')} unchanged, "
            f"{len(report.refused)} refused; {report.size / 1000:.0f} kB, {report.seconds:.1f} s)"
        )
    for source in report.failed:
        _say(f"beleg: {source} gave no article.")
    built = build(options, settings) if options.build and (report.number("added") or report.number("changed")) else 0
    return 1 if report.failed else built


def remove(options: argparse.Namespace, settings: Settings) -> int:
    """Withdraws articles: no answer shows them from now on; their files stay."""
    from rag.index.withdraw import remove as withdraw

    done = withdraw(settings.corpus, settings.index, options.article_id)
    _print_withdrawal("withdrawn", done)
    return 0


def restore(options: argparse.Namespace, settings: Settings) -> int:
    """Takes withdrawn articles back."""
    from rag.index.withdraw import restore as take_back

    done = take_back(settings.corpus, settings.index, options.article_id)
    _print_withdrawal("restored", done)
    if done.waiting:
        _say(f"the index no longer holds {', '.join(done.waiting)}; run `python -m rag build` to have it back.")
    return 0


def search(options: argparse.Namespace, settings: Settings) -> int:
    """Finds passages."""
    from rag.encoder import load_encoder
    from rag.index.build import stamp
    from rag.index.reader import open_index
    from rag.question import understand
    from rag.search import searcher

    encoder = load_encoder(settings.encoder)
    found = searcher(open_index(settings.index, stamp(encoder)), encoder, options.method)
    query = understand(options.question, filters=_filters(options), today=date.today())
    hits = found(query, passages=options.k, articles=0)
    if options.json:
        _print_json(search_json(query, hits))
        return 0
    for rank, hit in enumerate(hits, 1):
        parts = ", ".join(f"{name} {value:.2f}" for name, value in hit.parts.items())
        print(f"{rank}. {hit.article.title or hit.article.article_id}  [{hit.passage.passage_id}]")
        print(f"   {_facts(hit.article.source, hit.article.author, hit.article.published, hit.article.updated)}")
        print(f"   {hit.score:.2f} = {parts}")
        print(f"   {hit.passage.text[:240].strip()} …\n")
    if not hits:
        _say("nothing found")
    return 0


def ask(options: argparse.Namespace, settings: Settings) -> int:
    """Answers a question, or a file of them."""
    from rag.assistant import Desk
    from rag.evaluation.datasets import read_batch
    from rag.question import turns

    if (options.question is None) == (options.batch is None):
        options.usage("give either a QUESTION or --batch FILE.jsonl")
    batch = read_batch(options.batch) if options.batch else []
    assistant = Desk(settings).assistant
    filters = _filters(options)
    if options.batch is None:
        answer = assistant.ask(options.question, filters=filters)
        if options.json:
            _print_json(answer_json(answer))
        else:
            _print_answer(answer, sys.stdout)
    for question in batch:
        answer = assistant.ask(question.text, turns(question.history, assistant.today()), filters)
        _print_json(answer_json(answer, question.question_id), indent=None)
    return 0


def show(options: argparse.Namespace, settings: Settings) -> int:
    """Prints one article as it stands in the index."""
    from rag.index.reader import open_index

    article = open_index(settings.index).store.article(options.article_id)
    if options.json:
        _print_json(article_json(article))
        return 0
    print(article.title or article.article_id)
    print(_facts(article.source, article.author, article.published, article.updated, article.url))
    print(f"\n{article.text}")
    return 0


def check(options: argparse.Namespace, settings: Settings) -> int:
    """Verifies every file of the index, and vectors against the encoder."""
    from rag.encoder import load_encoder
    from rag.errors import EncoderError
    from rag.index.check import SAMPLE
    from rag.index.check import check as check_index

    try:
        encoder = load_encoder(settings.encoder)
    except EncoderError:
        encoder = None
    found = check_index(settings.index, encoder, None if options.all else SAMPLE)
    for line in found.damage:
        print(line)
    if found.mend:
        _say(f"beleg: the index is damaged; mend it with `{found.mend}`.")
        return 1
    assert found.manifest is not None
    if not found.compared:
        _say(f"vectors not compared: encoder {found.manifest.encoder.name} is not at hand; name it with --encoder.")
    print(
        f"{settings.index} is sound: {found.manifest.articles} articles, {found.manifest.passages} passages, "
        f"{found.compared} vectors compared, built {found.manifest.built}"
    )
    return 0


def train(options: argparse.Namespace, settings: Settings) -> int:
    """Makes the bundled models from the training files."""
    from rag.training.run import train as train_models

    train_models(options.what, options.data, options.out, say=_say)
    return 0


def eval_retrieval(options: argparse.Namespace, settings: Settings) -> int:
    """Runs a retrieval benchmark, or measures a run made before."""
    from rag.encoder import load_encoder
    from rag.evaluation import retrieval
    from rag.evaluation.noise import noisy
    from rag.evaluation.trec import read_run, run_lines

    corpus = settings.corpus if options.corpus else None
    dataset = retrieval.open_set(
        options.dataset, corpus, split=options.split, queries=options.queries, qrels=options.qrels
    )
    dataset = noisy(dataset, options.noise) if options.noise else dataset
    measures = retrieval.more_measures(options.measures or ())
    index, method = None, options.method
    if options.score:
        method = options.score.name
        result = retrieval.score(dataset, read_run(options.score), measures)
    else:
        encoder = load_encoder(settings.encoder)
        index = retrieval.cached_index(dataset.corpus, encoder)
        result = retrieval.evaluate(dataset, index, encoder, method, options.weights, measures)
        method = retrieval.label(options.weights) if options.weights else method
    if options.run:
        _write(options.run, "".join(f"{line}\n" for line in run_lines(result.run, f"beleg-{options.method}")))
    if options.json:
        _write_json(options.json, retrieval.result_json(dataset, index, method, result))
    for line in retrieval.lines(dataset, method, result):
        print(line)
    return 0


def eval_compare(options: argparse.Namespace, settings: Settings) -> int:
    """Compares two results, or two runs, on the same questions."""
    from rag.evaluation.compare import Results, compare, read_results
    from rag.evaluation.retrieval import open_set, score
    from rag.evaluation.trec import read_run

    def results(path: Path) -> Results:
        if options.dataset is None:
            return read_results(path)
        corpus = settings.corpus if options.corpus else None
        dataset = open_set(options.dataset, corpus, split=options.split, qrels=options.qrels)
        return Results(path.stem, dataset.digest, score(dataset, read_run(path)).per_query)

    for comparison in compare(results(options.first), results(options.second)):
        print(comparison)
    _say("second less first, with its 95 % interval (bootstrap) and p (randomisation test); * below 0.05; (questions)")
    return 0


def eval_answers(options: argparse.Namespace, settings: Settings) -> int:
    """Asks every question of a file and compares the answers with the gold evidence."""
    from rag.encoder import load_encoder
    from rag.evaluation import answers
    from rag.evaluation.datasets import read_questions
    from rag.evaluation.retrieval import cached_index
    from rag.generate import writer

    questions = read_questions(options.questions)
    encoder = load_encoder(settings.encoder)
    index = cached_index(settings.corpus, encoder)
    result = answers.evaluate(questions, index, encoder, writer(settings) if options.llm else None)
    if options.json:
        _write_json(options.json, answers.result_json(options.questions, index, result))
    for line in answers.lines(result):
        print(line)
    return 0


def eval_speed(options: argparse.Namespace, settings: Settings) -> int:
    """Times the questions of a benchmark on its own index, or on another one with --index."""
    from rag.encoder import load_encoder
    from rag.evaluation import speed
    from rag.evaluation.retrieval import cached_index, open_set
    from rag.index.build import stamp
    from rag.index.reader import open_index

    dataset = open_set(options.dataset, None, queries=options.queries)
    encoder = load_encoder(settings.encoder)
    index = open_index(settings.index, stamp(encoder)) if options.index else cached_index(dataset.corpus, encoder)
    questions = [topic.text for topic in dataset.topics][: options.questions]
    timings = speed.measure(speed.parts(index, encoder, answers=options.answers), questions)
    if options.json:
        _write_json(options.json, speed.result_json(index, len(questions), timings))
    for line in speed.lines(index, len(questions), timings):
        print(line)
    return 0


def eval_attribution(options: argparse.Namespace, settings: Settings) -> int:
    """Takes an excerpt of every article and looks whether its article is named."""
    from rag.encoder import load_encoder
    from rag.evaluation import attribution

    encoder = load_encoder(settings.encoder)
    found = attribution.evaluate(settings.corpus, encoder, options.sentences, options.forget)
    if options.json:
        _write_json(options.json, attribution.result_json(settings.corpus, encoder, found))
    for line in attribution.lines(settings.corpus, found):
        print(line)
    return 0


def eval_lint(options: argparse.Namespace, settings: Settings) -> int:
    """Looks for what makes a question set unfair or broken."""
    from rag.evaluation.datasets import read_questions
    from rag.evaluation.lint import lint, read_articles

    questions = [q for path in options.questions for q in read_questions(path)]
    findings = lint(questions, read_articles(settings.corpus), options.training)
    for finding in findings:
        print(finding)
    faults = sum(not finding.warning for finding in findings)
    _say(f"{len(questions)} questions, {faults} faults, {len(findings) - faults} to look at")
    return 1 if faults else 0


def eval_collect(options: argparse.Namespace, settings: Settings) -> int:
    """Turns own questions and the feedback of readers into a benchmark folder."""
    from rag.evaluation.collect import collect, write_folder
    from rag.evaluation.lint import lint, read_articles

    articles = read_articles(settings.corpus)
    collected = collect(options.sources)
    for line in write_folder(options.out, collected, articles, options.sources):
        print(line)
    for finding in lint(collected.questions, articles):
        _say(str(finding))
    return 0


def eval_report(options: argparse.Namespace, settings: Settings) -> int:
    """Gathers all results files, as Markdown or as one page with plots."""
    from rag.evaluation import report

    sections = report.report(options.results or report.RESULTS, language=options.language)
    if options.html:
        _write(options.html, report.page(sections, options.language))
        _say(f"written: {options.html}")
    if options.markdown:
        _write(options.markdown, report.markdown(sections, options.language))
        _say(f"written: {options.markdown}")
    if not (options.html or options.markdown):
        print(report.markdown(sections, options.language), end="")
    return 0


def eval_checker(options: argparse.Namespace, settings: Settings) -> int:
    """Holds the checker of written sentences against pairs of sentence and passage."""
    from rag.evaluation import checker

    corpora = {"demo": PROJECT / "corpus", "gnad-qa": options.benchmarks / "gnad-qa" / "corpus.jsonl"}
    judged = checker.judge(checker.read_pairs(options.pairs or checker.PAIRS, corpora))
    if options.json:
        _write_json(options.json, checker.result_json(options.pairs or checker.PAIRS, judged))
    for line in checker.lines(judged):
        print(line)
    return 0


def eval_cleaning(options: argparse.Namespace, settings: Settings) -> int:
    """Cleans golden pages and compares text and facts with what they hold."""
    from rag.evaluation import cleaning

    result = cleaning.evaluate(options.golden, options.seeds)
    if options.json:
        _write_json(options.json, cleaning.result_json(result))
    for line in cleaning.lines(result):
        print(line)
    return 0


def eval_gate(options: argparse.Namespace, settings: Settings) -> int:
    """Holds the measured figures against the floors; sets the floors with --update."""
    from rag.encoder import load_encoder
    from rag.evaluation import gate

    verdicts = gate.judge(gate.read_floors(), options.benchmarks, load_encoder(settings.encoder))
    for verdict in verdicts:
        print(f"{verdict.measured:.4f}  (floor {verdict.floor.floor:.4f})  {verdict.floor}")
    if options.update:
        gate.write_floors(gate.updated(verdicts, lower=options.lower))
        return 0
    troubles = [verdict.trouble for verdict in verdicts if verdict.trouble]
    for trouble in troubles:
        _say(f"beleg: {trouble}")
    return 1 if troubles else 0


# Showing -----------------------------------------------------------------------------------------------------------


def _facts(
    source: str | None,
    author: str | None,
    published: date | None,
    updated: date | None = None,
    url: str | None = None,
) -> str:
    day = published.isoformat() if published else "ohne Datum"
    if updated and updated != published:
        day += f", geändert am {updated.isoformat()}"
    return ", ".join(str(fact) for fact in (source, author, day, url) if fact)


def _print_answer(answer: Answer, out: TextIO) -> None:
    if answer.query.standalone != answer.query.question:
        print(f"Gesucht: {answer.query.standalone}", file=out)
    if answer.query.period:
        print(f"Bevorzugt: {_days(answer.query.period)} („{answer.query.period.said}“)", file=out)
    print(answer.message, file=out)
    days = {c.number: c.published for c in answer.citations} if answer.timeline else {}
    for claim in answer.claims:
        day = days.get(claim.citations[0])
        print(
            f"\n  {f'{day}: ' if day else ''}{claim.text} {''.join(f'[{number}]' for number in claim.citations)}"
            f"{'' if claim.verdict == 'belegt' else f' ({claim.verdict} belegt)'}",
            file=out,
        )
    if answer.citations:
        print(file=out)
    for citation in answer.citations:
        print(f"[{citation.number}] {_source_line(citation)}", file=out)
        if citation.also_in:
            print(f"    auch in: {', '.join(citation.also_in)}", file=out)
        if not answer.claims or answer.is_written:
            print(f"    {citation.quote}", file=out)
    if answer.as_of:
        print(f"Stand: {answer.as_of.isoformat()}", file=out)
    if answer.is_written:
        print(f"Formuliert von {answer.made_by}", file=out)
    if answer.note:
        print(answer.note, file=out)


def _days(period: Period) -> str:
    days = " bis ".join(day.isoformat() if day else "…" for day in (period.since, period.until))
    return f"{days}, jedes Jahr" if period.yearly else days


def _source_line(citation: Citation) -> str:
    facts = _facts(citation.source, citation.author, citation.published, citation.updated, citation.url)
    return f"{citation.title or citation.article_id} ({facts}; {citation.article_id}, {citation.start}–{citation.end})"


def _print_withdrawal(what: str, done: Withdrawal) -> None:
    for article_id in done.done:
        print(f"{what}: {article_id}")
    for article_id in done.already:
        print(f"{what} already: {article_id}")


class _Bar:
    """A progress bar on stderr; silent where that is no terminal."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(disable=not sys.stderr.isatty(), leave=False, dynamic_ncols=True)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, stage: str, done: int, total: int) -> None:
        self._bar.set_description(stage, refresh=False)
        self._bar.total = total or None
        self._bar.n = done
        self._bar.refresh()


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise BelegError(f"{path} cannot be written ({error.strerror}); name another file.") from error


def _write_json(path: Path, value: Any) -> None:
    _write(path, _json(value, "utf-8", 1) + "\n")


# Options -----------------------------------------------------------------------------------------------------------


def _filters(options: argparse.Namespace) -> Filters:
    return Filters(options.since, options.until, tuple(options.source or ()))


def _text(argument: str) -> str:
    """What a person typed, with a mark for each byte that is not UTF-8: nothing bears such a name."""
    return _SURROGATE.sub("\ufffd", argument)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2022-11-30") from error


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to less than 1")
    return share


def _weights(text: str) -> Any:
    from rag.search import Weights

    parts = dict.fromkeys(Weights.__dataclass_fields__, 0.0)
    try:
        for part in text.split(","):
            name, points = part.split("=")
            parts[name.strip()] = float(points)
        return Weights(**parts)
    except (ValueError, TypeError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} names no weights; write them as lexical=1,grams=0.3,dense=30"
        ) from error


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rag",
        description="Beleg: cited answers from a German news archive.",
        epilog='example: python -m rag ask "Warum keine Patriots für die Ukraine?"',
    )
    parser.add_argument("--version", action="version", version=f"Beleg {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(
        to: Any, name: str, does: Verb, example: str, *shared: Callable[[argparse.ArgumentParser], None]
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = to.add_parser(
            name,
            help=(does.__doc__ or "").strip(),
            description=does.__doc__,
            epilog=f"example: python -m rag {example}",
        )
        made.set_defaults(verb=does, usage=made.error)
        for add in shared:
            add(made)
        return made

    p = verb(verbs, "build", build, "build --corpus corpus --index index", _corpus, _index, _encoder)
    p.add_argument("--full", action="store_true", help="make everything anew instead of only what changed")
    p.add_argument("--watch", action="store_true", help="go on, and build again whenever the corpus changes")
    p.add_argument("--quiet", action="store_true", help="say only what was refused, as cron wants it")
    p.add_argument("--json", action="store_true", help="print the report as JSON")

    p = verb(
        verbs, "add", add, "add https://zeitung.example/artikel feed.xml folder/ --build", _corpus, _index, _encoder
    )
    p.add_argument("source", metavar="SOURCE", nargs="+", type=_text, help="file, folder, web address, feed, or -")
    p.add_argument("--build", action="store_true", help="bring the index up to date afterwards")
    p.add_argument("--quiet", action="store_true", help="say only what was refused, as cron wants it")
    p.add_argument("--json", action="store_true", help="print the report as JSON")
    p.set_defaults(full=False, watch=False)

    p = verb(
        verbs,
        "search",
        search,
        'search "Patriots Ukraine" -k 5 --since 2022-11-01',
        _index,
        _encoder,
        _filter,
        _json_switch,
    )
    p.add_argument("question", metavar="QUESTION", type=_text)
    p.add_argument("-k", type=_count, default=10, help="how many passages (default 10)")
    p.add_argument("--method", choices=("hybrid", "lexical", "dense"), default="hybrid")

    p = verb(
        verbs, "ask", ask, 'ask "Warum keine Patriots für die Ukraine?"', _index, _encoder, _llm, _filter, _json_switch
    )
    p.add_argument("question", metavar="QUESTION", type=_text, nargs="?")
    p.add_argument(
        "--batch",
        type=Path,
        metavar="FILE.jsonl",
        help='lines of {"id", "question", "history": []}; one JSON answer a line',
    )

    p = verb(verbs, "show", show, "show 2022-11-30-bukarest-keine-patriots.md", _index, _json_switch)
    p.add_argument("article_id", metavar="ARTICLE_ID", type=_text)

    for name, does in (("remove", remove), ("restore", restore)):
        p = verb(verbs, name, does, f"{name} 2022-11-30-bukarest-keine-patriots.md", _corpus, _index)
        p.add_argument("article_id", metavar="ARTICLE_ID", nargs="+", type=_text)

    p = verb(verbs, "check", check, "check --index index", _index, _encoder)
    p.add_argument("--all", action="store_true", help="make all vectors again to compare, not a sample of them")

    p = verb(verbs, "train", train, "train all --data ../shared/training --out models")
    p.add_argument("what", choices=("encoder", "lexicon", "words", "ranker", "all"), nargs="?", default="all")
    p.add_argument("--data", type=Path, default=Path("../shared/training"), help="folder of the training files")
    p.add_argument("--out", type=Path, default=Path("models"), help="folder for the models")

    evals = verbs.add_parser("eval", help="Runs benchmarks.").add_subparsers(required=True, metavar="WHAT")
    p = verb(
        evals,
        "retrieval",
        eval_retrieval,
        "eval retrieval benchmarks/demo-qa --json result.json",
        _encoder,
        _json_file,
        _dataset,
    )
    p.add_argument("dataset", metavar="DATASET", type=Path, help="a folder in BEIR layout, a .csv, or TREC topics")
    p.add_argument("--queries", default="queries.jsonl", help="another file of queries in the same folder")
    p.add_argument(
        "--noise",
        choices=("typo", "typos", "ae", "plain", "capitals", "lower", "keywords", "emoji", "courtesies"),
        help="ask as people type: with typos, without umlauts, in capitals, as keywords …",
    )
    p.add_argument("--method", choices=("hybrid", "lexical", "dense"), default="hybrid")
    p.add_argument(
        "--weights",
        type=_weights,
        metavar="PART=POINTS,…",
        help="the sum of these parts alone, as lexical=1,grams=0.3,dense=30; the others count nothing",
    )
    p.add_argument("--measures", nargs="+", metavar="NAME", help="more measures of ir_measures, as R@50 P@5")
    p.add_argument("--run", type=Path, metavar="FILE", help="write the run in TREC format")
    p.add_argument("--score", type=Path, metavar="RUN", help="measure this TREC run instead of searching")

    p = verb(evals, "compare", eval_compare, "eval compare lexical.json hybrid.json", _dataset)
    p.add_argument("first", metavar="RESULT_A", type=Path, help="a results file (--json), or a TREC run")
    p.add_argument("second", metavar="RESULT_B", type=Path)
    p.add_argument("--dataset", metavar="DATASET", type=Path, help="what the runs are judged by; for TREC runs")

    p = verb(
        evals,
        "answers",
        eval_answers,
        "eval answers questions.jsonl --corpus corpus.jsonl",
        _corpus,
        _encoder,
        _llm,
        _json_file,
    )
    p.add_argument("questions", metavar="QUESTIONS.jsonl", type=Path)

    p = verb(evals, "speed", eval_speed, "eval speed ../shared/benchmarks/wikidpr-de", _index, _encoder, _json_file)
    p.add_argument("dataset", metavar="DATASET", type=Path, help="a folder in BEIR layout: its questions are asked")
    p.add_argument("--queries", default="queries.jsonl", help="another file of queries in the same folder")
    p.add_argument("--questions", type=_count, default=500, metavar="N", help="how many of them (default 500)")
    p.add_argument("--answers", action="store_true", help="time whole answers as well")

    p = verb(evals, "attribution", eval_attribution, "eval attribution --corpus corpus", _corpus, _encoder, _json_file)
    p.add_argument("--sentences", type=_count, default=2, metavar="N", help="how long the excerpts are (default 2)")
    p.add_argument("--forget", type=_share, default=0.0, metavar="SHARE", help="leave out this share of their words")

    p = verb(evals, "lint", eval_lint, "eval lint benchmarks/demo-qa/questions.jsonl --corpus corpus", _corpus)
    p.add_argument("questions", metavar="QUESTIONS.jsonl", type=Path, nargs="+")
    p.add_argument("--training", metavar="DIR", type=Path, help="training files that must not hold these questions")

    p = verb(evals, "collect", eval_collect, "eval collect mine.csv feedback.jsonl --out my-benchmark", _corpus)
    p.add_argument("sources", metavar="SOURCE", type=Path, nargs="+", help="questions as .csv or .jsonl, or feedback")
    p.add_argument("--out", metavar="DIR", type=Path, required=True, help="the benchmark folder to write")

    p = verb(evals, "report", eval_report, "eval report --html report.html")
    p.add_argument("--results", metavar="DIR", type=Path, help="the results files (default: benchmarks/results)")
    p.add_argument("--html", metavar="FILE", type=Path, help="write one page with plots")
    p.add_argument("--markdown", metavar="FILE", type=Path, help="write Markdown (default: to the terminal)")
    p.add_argument("--language", choices=("de", "en"), default="en")

    p = verb(
        evals, "checker", eval_checker, "eval checker --benchmarks ../shared/benchmarks --json result.json", _json_file
    )
    p.add_argument("pairs", metavar="PAIRS.jsonl", type=Path, nargs="?", help="default: benchmarks/checker/pairs.jsonl")
    p.add_argument("--benchmarks", metavar="DIR", type=Path, default=Path("../shared/benchmarks"), help="holds gnad-qa")

    p = verb(evals, "cleaning", eval_cleaning, "eval cleaning tests/golden", _json_file)
    p.add_argument("golden", metavar="GOLDEN_DIR", type=Path, help="pages, each with a .json of what it holds")
    p.add_argument("--seeds", metavar="DIR", type=Path, default=Path("../shared/seeds"), help="the two seed articles")

    p = verb(evals, "gate", eval_gate, "eval gate --benchmarks ../shared/benchmarks", _encoder)
    p.add_argument("--benchmarks", metavar="DIR", type=Path, default=Path("../shared/benchmarks"))
    p.add_argument("--update", action="store_true", help="raise the floors to what is measured, less a margin")
    p.add_argument("--lower", action="store_true", help="with --update: let floors fall, or be set on other data")
    return parser


def _corpus(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--corpus", metavar="PATH", help="folder of articles, or one .jsonl file (default: BELEG_CORPUS, else corpus)"
    )


def _dataset(p: argparse.ArgumentParser) -> None:
    p.add_argument("--corpus", metavar="PATH", help="the articles of a .csv or of TREC topics")
    p.add_argument("--qrels", metavar="FILE", type=Path, help="the judgements of TREC topics")
    p.add_argument("--split", help="the qrels file without .tsv (default: the only one, else test)")


def _index(p: argparse.ArgumentParser) -> None:
    p.add_argument("--index", metavar="DIR", help="folder of the index (default: BELEG_INDEX, else index)")


def _encoder(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--encoder",
        metavar="NAME_OR_DIR",
        help="a sentence-transformers model (default: BELEG_ENCODER, else the bundled one)",
    )


def _llm(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--llm",
        metavar="PROVIDER:MODEL",
        help="a language model that words the answers, as ollama:llama3.2 (default: BELEG_LLM, else none; "
        "none for quoting alone)",
    )


def _filter(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--since", type=_day, metavar="DATE", help="only articles published on this day or after, as 2022-11-30"
    )
    p.add_argument("--until", type=_day, metavar="DATE", help="only articles published on this day or before")
    p.add_argument(
        "--source", action="append", type=_text, metavar="OUTLET", help="only this outlet; may be given several times"
    )


def _json_switch(p: argparse.ArgumentParser) -> None:
    p.add_argument("--json", action="store_true", help="print JSON")


def _json_file(p: argparse.ArgumentParser) -> None:
    p.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
