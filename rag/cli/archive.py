"""The verbs that keep the archive: articles in and out, the index brought up to date and checked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from rag.cli import arguments
from rag.cli.arguments import add_verb
from rag.cli.output import Bar, print_json, say
from rag.contract import add_json, build_json
from rag.corpus.read import MAX_BYTES
from rag.errors import BelegError
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.index.build import BuildReport
    from rag.index.withdraw import Withdrawal

_SHOWN = 50  # articles that a report names


def add_verbs(to: Any) -> None:
    """build, add, remove, restore, check."""
    add_verb(to, "build", build, _build_options, "build --corpus corpus --index index")
    add_verb(to, "add", add, _add_options, "add https://zeitung.example/artikel feed.xml folder/ --build")
    for name, does in (("remove", remove), ("restore", restore)):
        add_verb(to, name, does, _article_ids, f"{name} 2022-11-30-bukarest-keine-patriots.md")
    add_verb(to, "check", check, _check_options, "check --index index")


def _build_options(p: argparse.ArgumentParser) -> None:
    arguments.corpus(p)
    arguments.index(p)
    arguments.encoder(p)
    p.add_argument("--full", action="store_true", help="make everything anew instead of only what changed")
    p.add_argument("--watch", action="store_true", help="go on, and build again whenever the corpus changes")
    _report_options(p)


def _add_options(p: argparse.ArgumentParser) -> None:
    arguments.corpus(p)
    arguments.index(p)
    arguments.encoder(p)
    p.add_argument(
        "source", metavar="SOURCE", nargs="+", type=arguments.text, help="file, folder, web address, feed, or -"
    )
    p.add_argument("--build", action="store_true", help="bring the index up to date afterwards")
    _report_options(p)
    p.set_defaults(full=False, watch=False)  # for the build


def _report_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--quiet", action="store_true", help="say only what was refused, as cron wants it")
    p.add_argument("--json", action="store_true", help="print the report as JSON")


def _article_ids(p: argparse.ArgumentParser) -> None:
    arguments.corpus(p)
    arguments.index(p)
    p.add_argument("article_id", metavar="ARTICLE_ID", nargs="+", type=arguments.text)


def _check_options(p: argparse.ArgumentParser) -> None:
    arguments.index(p)
    arguments.encoder(p)
    p.add_argument("--all", action="store_true", help="make all vectors again to compare, not a sample of them")


def build(options: argparse.Namespace, settings: Settings) -> int:
    """Brings the index up to date with the corpus."""
    from rag.encoder import load_encoder
    from rag.index.build import build as build_index

    encoder = load_encoder(settings.encoder)

    def once(full: bool = False) -> BuildReport:
        with Bar() as bar:
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
    say(f"watching {settings.corpus}; Ctrl-C ends it")

    def tell(outcome: BuildReport | BelegError) -> None:
        if isinstance(outcome, BelegError):
            say(f"beleg: {outcome}")
        else:
            _tell(outcome, options, settings)
            sys.stdout.flush()

    watch(settings.corpus, once, tell, stop)


def _tell(report: BuildReport, options: argparse.Namespace, settings: Settings) -> None:
    if report.fresh and not options.full:
        say(f"made anew: {report.fresh}")
    for refused in report.refused:
        say(f"refused: {refused.where}: {refused.reason}")
    if options.json:
        print_json(build_json(report), indent=None if options.watch else 2)
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
    with Bar() as bar:
        fetcher = Fetcher(allow_private=settings.allow_private)
        report = add_articles(options.source, settings.corpus, fetcher, date.today(), piped, bar.show)
    for refused in report.refused:
        say(f"refused: {refused.where}: {refused.reason}")
    if options.json:
        print_json(add_json(report))
    elif not options.quiet:
        for taken in report.taken[:_SHOWN]:
            print(f"{taken.what}: {taken.article_id}  {taken.title}")
        print(
            f"{len(report.taken)} articles for {settings.corpus} ({report.number('added')} added, "
            f"{report.number('changed')} changed, {report.number('unchanged')} unchanged, "
            f"{len(report.refused)} refused; {report.size / 1000:.0f} kB, {report.seconds:.1f} s)"
        )
    for source in report.failed:
        say(f"beleg: {source} gave no article.")
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
        say(f"the index no longer holds {', '.join(done.waiting)}; run `python -m rag build` to have it back.")
    return 0


def _print_withdrawal(what: str, done: Withdrawal) -> None:
    for article_id in done.done:
        print(f"{what}: {article_id}")
    for article_id in done.already:
        print(f"{what} already: {article_id}")


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
        say(f"beleg: the index is damaged; mend it with `{found.mend}`.")
        return 1
    assert found.manifest is not None
    if not found.compared:
        say(f"vectors not compared: encoder {found.manifest.encoder.name} is not at hand; name it with --encoder.")
    print(
        f"{settings.index} is sound: {found.manifest.articles} articles, {found.manifest.passages} passages, "
        f"{found.compared} vectors compared, built {found.manifest.built}"
    )
    return 0
