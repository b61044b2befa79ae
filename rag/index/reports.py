"""Copies of one report, found as articles come in: agency copies in several outlets, the same file twice.

Reports are the connected groups of articles that are copies of each other (``rag.corpus.copies``); they depend on the
articles alone, not on the order in which they came. A report is called by the smallest id in it.
Knows texts and ids; where they are stored is the store's business.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Protocol

from rag.corpus.copies import Shingles, are_copies, bands, shingles

_REMEMBERED = 256  # texts taken apart, some 40 kB each; copies tend to come together


class Texts(Protocol):
    """What the grouping needs of the store that is being written."""

    def text(self, article_id: str) -> str: ...

    def sharing(self, keys: Iterable[int]) -> list[tuple[str, str | None]]:
        """The articles that have one of these keys, each with its report."""
        ...

    def in_report(self, report: str) -> list[str]: ...

    def report_of(self, article_id: str) -> str | None: ...

    def set_report(self, article_ids: Iterable[str], report: str | None) -> None: ...


class Reports:
    """The grouping of one build. ``suspects`` are the articles that may be removed or replaced in it.

    Their reports are taken apart and put together anew at the end; until an article is added again, its old text is no
    copy of anything.
    """

    def __init__(self, texts: Texts, suspects: Iterable[str]) -> None:
        self._texts = texts
        self._suspects = set(suspects)
        shaken = {texts.report_of(article_id) for article_id in self._suspects} - {None}
        self._loose = {member for report in shaken if report for member in texts.in_report(report)} | self._suspects
        self._texts.set_report(self._loose, None)
        self._added: set[str] = set()
        self._above: dict[str, str] = {}
        self._runs: OrderedDict[str, Shingles] = OrderedDict()

    def add(self, article_id: str, runs: Shingles, keys: Iterable[int]) -> None:
        """Compares an article, which the store holds by now, with those that share a key with it."""
        self._suspects.discard(article_id)
        self._added.add(article_id)
        self._remember(article_id, runs)
        self._compare(article_id, runs, keys)

    def finish(self) -> list[str]:
        """Notes in the store what belongs together; gives the added articles that are copies, in order."""
        for article_id in sorted(self._loose - self._added):
            self._suspects.discard(article_id)
            if text := self._texts.text(article_id):
                runs = shingles(text)
                self._compare(article_id, runs, bands(runs))
        groups: dict[str, set[str]] = defaultdict(set)
        for node in list(self._above):
            groups[self._top(node)].add(node)
        copies: set[str] = set()
        for nodes in groups.values():
            members = {member for node in nodes for member in self._members(node)}
            if len(members) > 1:
                self._texts.set_report(members, min(members))
                copies |= members
        return sorted(copies & self._added)

    def _compare(self, article_id: str, runs: Shingles, keys: Iterable[int]) -> None:
        for other, report in sorted(self._texts.sharing(keys)):
            node = _report_node(report) if report else _article_node(other)
            if (
                other == article_id
                or other in self._suspects
                or self._top(node) == self._top(_article_node(article_id))
            ):
                continue
            if are_copies(runs, self._taken_apart(other)):
                self._above[self._top(node)] = self._top(_article_node(article_id))

    def _top(self, node: str) -> str:
        """The node that stands for all that are joined with this one (union-find; Tarjan 1975)."""
        above = self._above.setdefault(node, node)
        while above != node:
            self._above[node] = self._above[above]
            node, above = above, self._above[above]
        return node

    def _members(self, node: str) -> list[str]:
        return self._texts.in_report(node[1:]) if node.startswith("r") else [node[1:]]

    def _taken_apart(self, article_id: str) -> Shingles:
        if article_id not in self._runs:
            self._remember(article_id, shingles(self._texts.text(article_id)))
        self._runs.move_to_end(article_id)
        return self._runs[article_id]

    def _remember(self, article_id: str, runs: Shingles) -> None:
        self._runs[article_id] = runs
        if len(self._runs) > _REMEMBERED:
            self._runs.popitem(last=False)


def _article_node(article_id: str) -> str:
    return f"a{article_id}"


def _report_node(report: str) -> str:
    return f"r{report}"
