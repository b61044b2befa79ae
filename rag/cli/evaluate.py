"""The verbs that measure: ``eval`` and what it can do."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rag.cli import arguments
from rag.cli.arguments import add_verb
from rag.cli.output import say, write, write_json
from rag.settings import PROJECT, Settings


def add_verbs(to: Any) -> None:
    """eval."""
    evals = to.add_parser("eval", help="Runs benchmarks.").add_subparsers(required=True, metavar="WHAT")
    add_verb(
        evals, "retrieval", eval_retrieval, _retrieval_options, "eval retrieval benchmarks/demo-qa --json result.json"
    )
    add_verb(evals, "compare", eval_compare, _compare_options, "eval compare lexical.json hybrid.json")
    add_verb(evals, "answers", eval_answers, _answers_options, "eval answers questions.jsonl --corpus corpus.jsonl")
    add_verb(evals, "speed", eval_speed, _speed_options, "eval speed ../shared/benchmarks/wikidpr-de")
    add_verb(evals, "attribution", eval_attribution, _attribution_options, "eval attribution --corpus corpus")
    add_verb(evals, "lint", eval_lint, _lint_options, "eval lint benchmarks/demo-qa/questions.jsonl --corpus corpus")
    add_verb(
        evals, "collect", eval_collect, _collect_options, "eval collect mine.csv feedback.jsonl --out my-benchmark"
    )
    add_verb(evals, "report", eval_report, _report_options, "eval report --html report.html")
    add_verb(
        evals,
        "checker",
        eval_checker,
        _checker_options,
        "eval checker --benchmarks ../shared/benchmarks --json result.json",
    )
    add_verb(evals, "cleaning", eval_cleaning, _cleaning_options, "eval cleaning tests/golden")
    add_verb(evals, "gate", eval_gate, _gate_options, "eval gate --benchmarks ../shared/benchmarks")


def _retrieval_options(p: argparse.ArgumentParser) -> None:
    arguments.encoder(p)
    arguments.json_file(p)
    arguments.dataset(p)
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
        write(options.run, "".join(f"{line}\n" for line in run_lines(result.run, f"beleg-{options.method}")))
    if options.json:
        write_json(options.json, retrieval.result_json(dataset, index, method, result))
    for line in retrieval.lines(dataset, method, result):
        print(line)
    return 0


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


def _compare_options(p: argparse.ArgumentParser) -> None:
    arguments.dataset(p)
    p.add_argument("first", metavar="RESULT_A", type=Path, help="a results file (--json), or a TREC run")
    p.add_argument("second", metavar="RESULT_B", type=Path)
    p.add_argument("--dataset", metavar="DATASET", type=Path, help="what the runs are judged by; for TREC runs")


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
    say("second less first, with its 95 % interval (bootstrap) and p (randomisation test); * below 0.05; (questions)")
    return 0


def _answers_options(p: argparse.ArgumentParser) -> None:
    arguments.corpus(p)
    arguments.encoder(p)
    arguments.llm(p, "none, whatever BELEG_LLM says")
    arguments.json_file(p)
    p.add_argument("questions", metavar="QUESTIONS.jsonl", type=Path)


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
        write_json(options.json, answers.result_json(options.questions, index, result))
    for line in answers.lines(result):
        print(line)
    return 0


def _speed_options(p: argparse.ArgumentParser) -> None:
    arguments.index(p)
    arguments.encoder(p)
    arguments.json_file(p)
    p.add_argument("dataset", metavar="DATASET", type=Path, help="a folder in BEIR layout: its questions are asked")
    p.add_argument("--queries", default="queries.jsonl", help="another file of queries in the same folder")
    p.add_argument("--questions", type=arguments.count, default=500, metavar="N", help="how many of them (default 500)")
    p.add_argument("--answers", action="store_true", help="time whole answers as well")


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
        write_json(options.json, speed.result_json(index, len(questions), timings))
    for line in speed.lines(index, len(questions), timings):
        print(line)
    return 0


def _attribution_options(p: argparse.ArgumentParser) -> None:
    arguments.corpus(p)
    arguments.encoder(p)
    arguments.json_file(p)
    p.add_argument(
        "--sentences", type=arguments.count, default=2, metavar="N", help="how long the excerpts are (default 2)"
    )
    p.add_argument(
        "--forget",
        type=arguments.share_of_one,
        default=0.0,
        metavar="SHARE",
        help="leave out this share of their words",
    )


def eval_attribution(options: argparse.Namespace, settings: Settings) -> int:
    """Takes an excerpt of every article and looks whether its article is named."""
    from rag.encoder import load_encoder
    from rag.evaluation import attribution

    encoder = load_encoder(settings.encoder)
    found = attribution.evaluate(settings.corpus, encoder, options.sentences, options.forget)
    if options.json:
        write_json(options.json, attribution.result_json(settings.corpus, encoder, found))
    for line in attribution.lines(settings.corpus, found):
        print(line)
    return 0


def _lint_options(p: argparse.ArgumentParser) -> None:
    arguments.corpus(p)
    p.add_argument("questions", metavar="QUESTIONS.jsonl", type=Path, nargs="+")
    p.add_argument("--training", metavar="DIR", type=Path, help="training files that must not hold these questions")


def eval_lint(options: argparse.Namespace, settings: Settings) -> int:
    """Looks for what makes a question set unfair or broken."""
    from rag.evaluation.datasets import read_articles, read_questions
    from rag.evaluation.lint import lint

    questions = [q for path in options.questions for q in read_questions(path)]
    findings = lint(questions, read_articles(settings.corpus), options.training)
    for finding in findings:
        print(finding)
    faults = sum(not finding.warning for finding in findings)
    say(f"{len(questions)} questions, {faults} faults, {len(findings) - faults} to look at")
    return 1 if faults else 0


def _collect_options(p: argparse.ArgumentParser) -> None:
    arguments.corpus(p)
    p.add_argument("sources", metavar="SOURCE", type=Path, nargs="+", help="questions as .csv or .jsonl, or feedback")
    p.add_argument("--out", metavar="DIR", type=Path, required=True, help="the benchmark folder to write")


def eval_collect(options: argparse.Namespace, settings: Settings) -> int:
    """Turns own questions and the feedback of readers into a benchmark folder."""
    from rag.evaluation.collect import collect, write_folder
    from rag.evaluation.datasets import read_articles
    from rag.evaluation.lint import lint

    articles = read_articles(settings.corpus)
    collected = collect(options.sources)
    for line in write_folder(options.out, collected, articles, options.sources):
        print(line)
    for finding in lint(collected.questions, articles):
        say(str(finding))
    return 0


def _report_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--results", metavar="DIR", type=Path, help="the results files (default: benchmarks/results)")
    p.add_argument("--html", metavar="FILE", type=Path, help="write one page with plots")
    p.add_argument("--markdown", metavar="FILE", type=Path, help="write Markdown (default: to the terminal)")
    p.add_argument("--language", choices=("de", "en"), default="en")


def eval_report(options: argparse.Namespace, settings: Settings) -> int:
    """Gathers all results files, as Markdown or as one page with plots."""
    from rag.evaluation import report

    sections = report.report(options.results or report.RESULTS, language=options.language)
    if options.html:
        write(options.html, report.page(sections, options.language))
        say(f"written: {options.html}")
    if options.markdown:
        write(options.markdown, report.markdown(sections, options.language))
        say(f"written: {options.markdown}")
    if not (options.html or options.markdown):
        print(report.markdown(sections, options.language), end="")
    return 0


def _checker_options(p: argparse.ArgumentParser) -> None:
    arguments.json_file(p)
    p.add_argument("pairs", metavar="PAIRS.jsonl", type=Path, nargs="?", help="default: benchmarks/checker/pairs.jsonl")
    p.add_argument("--benchmarks", metavar="DIR", type=Path, default=Path("../shared/benchmarks"), help="holds gnad-qa")


def eval_checker(options: argparse.Namespace, settings: Settings) -> int:
    """Holds the checker of written sentences against pairs of sentence and passage."""
    from rag.evaluation import checker

    corpora = {"demo": PROJECT / "corpus", "gnad-qa": options.benchmarks / "gnad-qa" / "corpus.jsonl"}
    judged = checker.judge(checker.read_pairs(options.pairs or checker.PAIRS, corpora))
    if options.json:
        write_json(options.json, checker.result_json(options.pairs or checker.PAIRS, judged))
    for line in checker.lines(judged):
        print(line)
    return 0


def _cleaning_options(p: argparse.ArgumentParser) -> None:
    arguments.json_file(p)
    p.add_argument("golden", metavar="GOLDEN_DIR", type=Path, help="pages, each with a .json of what it holds")
    p.add_argument("--seeds", metavar="DIR", type=Path, default=Path("../shared/seeds"), help="the two seed articles")


def eval_cleaning(options: argparse.Namespace, settings: Settings) -> int:
    """Cleans golden pages and compares text and facts with what they hold."""
    from rag.evaluation import cleaning

    result = cleaning.evaluate(options.golden, options.seeds)
    if options.json:
        write_json(options.json, cleaning.result_json(options.golden, result))
    for line in cleaning.lines(result):
        print(line)
    return 0


def _gate_options(p: argparse.ArgumentParser) -> None:
    arguments.encoder(p)
    p.add_argument("--benchmarks", metavar="DIR", type=Path, default=Path("../shared/benchmarks"))
    p.add_argument("--datasets", metavar="NAME", nargs="+", help="only the floors of these (demo-qa comes with Beleg)")
    p.add_argument("--update", action="store_true", help="raise the floors to what is measured, less a margin")
    p.add_argument("--lower", action="store_true", help="with --update: let floors fall, or be set on other data")


def eval_gate(options: argparse.Namespace, settings: Settings) -> int:
    """Holds the measured figures against the floors; sets the floors with --update."""
    from rag.encoder import load_encoder
    from rag.evaluation import gate

    floors = gate.read_floors()
    chosen = gate.of_datasets(floors, options.datasets)
    verdicts = gate.judge(chosen, options.benchmarks, load_encoder(settings.encoder))
    for verdict in verdicts:
        print(f"{verdict.measured:.4f}  (floor {verdict.floor.floor:.4f})  {verdict.floor}")
    if options.update:
        raised = dict(zip(chosen, gate.updated(verdicts, lower=options.lower), strict=True))
        gate.write_floors([raised.get(floor, floor) for floor in floors])
        return 0
    troubles = [verdict.trouble for verdict in verdicts if verdict.trouble]
    for trouble in troubles:
        say(f"beleg: {trouble}")
    return 1 if troubles else 0
