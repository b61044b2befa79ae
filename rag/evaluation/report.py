"""``eval report``: all results files and the figures that others published → sections of tables and plots.

The one source of what is said about quality: the command writes it as a page or as Markdown, the chat shows the same
sections. Measures nothing.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from rag.errors import DatasetError
from rag.evaluation.charts import Bar, Point, bars, points
from rag.evaluation.report_texts import TEXTS, ReportTexts
from rag.settings import PROJECT
from rag.types import Language

RESULTS = PROJECT / "benchmarks" / "results"
PUBLISHED = PROJECT / "benchmarks" / "published.json"
_FIGURES = re.compile(r"(?:(?<=–)|^)(\d+)\.(\d+)(?=–|$)")  # a cell that is a figure, or two with a dash between
_DRAWN = re.compile(r">(\d+)\.(\d+)<")
_HEADLINE = {"gnad-qa": "MRR@10"}  # one gold article each; nDCG@10 elsewhere, as the literature has it
_COLUMNS = ("nDCG@10", "MRR@10", "Recall@10", "Success@1", "MAP")
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under their columns; the first column names the row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One subject: what its figures mean, a table and, where it helps, a plot as SVG."""

    title: str
    note: str
    table: Table
    chart: str = ""


def report(results: Path = RESULTS, published: Path = PUBLISHED, language: Language = "en") -> list[Section]:
    """All sections. Raises DatasetError if there is no results file, or one that cannot be read."""
    texts = TEXTS[language]
    files = {path.stem: _read(path) for path in sorted(results.glob("*.json"))}
    if not files:
        raise DatasetError(f"There is no results file in {results}; write one with `eval … --json FILE`.")
    anchors: Sequence[Record] = _read(published) if published.exists() else ()
    peers = files.pop("peers", None)
    by_kind: dict[str, dict[str, Record]] = defaultdict(dict)
    for stem, found in files.items():
        if isinstance(found, dict) and isinstance(found.get("measures"), dict):
            by_kind[_kind(found)][stem] = found
    sections = [_retrieval(name, own, anchors, texts) for name, own in _by_dataset(by_kind["retrieval"]).items()]
    sections += [
        _shares(stem, f, anchors, texts.answers, texts.answers_note, texts) for stem, f in by_kind["answers"].items()
    ]
    attribution = by_kind["attribution"].items()
    sections += [_shares(stem, f, anchors, texts.attribution, texts.attribution_note, texts) for stem, f in attribution]
    sections += [_checker(found, texts) for found in files.values() if _is_checker(found)]
    return [_localised(section, texts.point) for section in (*sections, *(_peers(peers, texts) if peers else ()))]


def _localised(section: Section, point: str) -> Section:
    """With the decimal point of the language in figures, whether in the table or in the plot."""
    rows = tuple(tuple(_FIGURES.sub(rf"\1{point}\2", cell) for cell in row) for row in section.table.rows)
    chart = _DRAWN.sub(rf">\1{point}\2<", section.chart)
    return replace(section, table=replace(section.table, rows=rows), chart=chart)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"The results file {path} cannot be read ({error}); measure again, or remove it.") from error


def _kind(found: Record) -> str:
    measures = found["measures"]
    return "retrieval" if "nDCG@10" in measures else "attribution" if "fully_right" in measures else "answers"


def _by_dataset(files: Mapping[str, Record]) -> dict[str, dict[str, Record]]:
    """Results on the same data together, under the name of their files without the method."""
    groups: dict[str, dict[str, Record]] = {}
    names: dict[str, str] = {}
    for stem, found in files.items():
        digest = found["dataset"]["digest"]
        name = names.setdefault(digest, stem.removesuffix(f"-{found.get('method')}"))
        groups.setdefault(name, {})[stem] = found
    return groups


def _retrieval(name: str, files: Mapping[str, Record], anchors: Sequence[Record], texts: ReportTexts) -> Section:
    headline = _HEADLINE.get(name, "nDCG@10")
    ordered = sorted(files.values(), key=lambda f: -f["measures"].get(headline, 0))
    others = [a for a in anchors if a["dataset"] == name and a["measure"] == headline]
    rows = [
        (_method(f, texts), *(_figure(f["measures"].get(c)) for c in _COLUMNS), _queries(f), *_origin(f))
        for f in ordered
    ]
    rows += [
        (f"{model} ({texts.published})", *(_figure(value if c == headline else None) for c in _COLUMNS), "", "", "")
        for anchor in others
        for model, value in anchor["figures"].items()
    ]
    shown = [_bar(_method(f, texts), f, headline) for f in ordered] + _anchor_bars(others, texts)
    columns = (texts.method, *_COLUMNS, texts.questions, *texts.made)
    note = " ".join(texts.published_note.format(anchor["source"] + ".") for anchor in others)
    chart = bars(f"{name}: {headline}", sorted(shown, key=lambda bar: -bar.value))
    return Section(texts.retrieval.format(name), note, Table(columns, tuple(rows)), chart)


def _method(found: Record, texts: ReportTexts) -> str:
    """A method in words; weights as the parts that count."""
    method = str(found.get("method"))
    weights = dict(part.split("=", 1) for part in method.split(",") if "=" in part)
    summed = [texts.parts.get(part, part) for part, weight in weights.items() if weight not in ("0", "0.0")]
    return f"Beleg, {' + '.join(summed) or texts.methods.get(method, method)}"


def _shares(stem: str, found: Record, anchors: Sequence[Record], title: str, note: str, texts: ReportTexts) -> Section:
    measures = {name: value for name, value in found["measures"].items() if isinstance(value, int | float)}
    subject = "attribution" if _kind(found) == "attribution" else "answers"
    others = [a for a in anchors if a["dataset"] == subject and a["measure"] in measures]
    said = {name: texts.measures.get(name, name) for name in measures}
    rows = [(said[name], _figure(value), _span(found, name), texts.measured) for name, value in measures.items()]
    rows += [
        (f"{said[a['measure']]}: {label}", _figure(value), "", f"{texts.published} ({a['source']})")
        for a in others
        for label, value in a["figures"].items()
    ]
    shown = [_bar(said[name], found, name) for name, value in measures.items() if 0 <= value <= 1]
    columns = (f"{_queries(found)} {texts.questions}", "", "95 %", "")
    return Section(
        title.format(stem), note, Table(columns, tuple(rows)), bars(stem, shown + _anchor_bars(others, texts))
    )


def _is_checker(found: Any) -> bool:
    return isinstance(found, dict) and "true" in found.get("by", {}).get("all", {})


def _checker(found: Record, texts: ReportTexts) -> Section:
    """What the checker drops: of true sentences as few as may be, of each kind of corruption as many."""
    rows = []
    shown = []
    for kind, row in found["by"]["all"].items():
        low, high = row["dropped_interval"]
        name = texts.corruptions.get(kind, kind)
        rows.append(
            (name, str(row["pairs"]), _figure(row["dropped"]), f"{low:.3f}–{high:.3f}", _figure(row["not_backed"]))
        )
        shown.append(Bar(name, row["dropped"], low, high))
    columns = ("", texts.pairs, texts.dropped, "95 %", texts.not_backed)
    return Section(texts.checker, texts.checker_note, Table(columns, tuple(rows)), bars(texts.dropped, shown))


def _peers(found: Record, texts: ReportTexts) -> list[Section]:
    groups: dict[str, list[Record]] = defaultdict(list)
    for row in found["rows"]:
        groups[row["dataset"]].append(row)
    return [_peers_on(name, rows, texts) for name, rows in groups.items() if any("measures" in r for r in rows)]


def _peers_on(name: str, rows: Sequence[Record], texts: ReportTexts) -> Section:
    headline = _HEADLINE.get(name, "nDCG@10")
    measured = sorted((r for r in rows if "measures" in r), key=lambda r: -r["measures"][headline])
    own = next((r for r in measured if r["peer"] == "Beleg" and r["setting"] == "stock"), measured[0])
    table = [
        (
            f"{number}. {r['peer']}, {r['setting']}",
            _figure(r["measures"][headline]),
            _span(r, headline),
            _ratio(r["build_seconds"], own["build_seconds"]),
            _ratio(r["query_ms"]["p50"], own["query_ms"]["p50"]),
            _ratio(r["query_ms"]["p95"], own["query_ms"]["p95"]),
            _ratio(r["peak_mib"], own["peak_mib"]),
            _ratio(r["disk_mib"], own["disk_mib"]),
        )
        for number, r in enumerate(measured, 1)
    ]
    table += [(f"{r['peer']}, {r['setting']}", r["error"], "", "", "", "", "", "") for r in rows if "error" in r]
    absolute = re.sub(r"(?<=\d)\.(?=\d)", texts.point, texts.absolute.format(**own, **own["query_ms"]))
    columns = ("", headline, "95 %", *texts.ratios)
    dots = [
        Point(str(number), r["query_ms"]["p50"], r["measures"][headline], r["peer"] == "Beleg")
        for number, r in enumerate(measured, 1)
    ]
    chart = points(texts.better.format(headline), texts.costs, dots)
    return Section(texts.peers.format(name), f"{texts.peers_note} {absolute}", Table(columns, tuple(table)), chart)


def _bar(label: str, found: Record, measure: str) -> Bar:
    low, high = found.get("intervals", {}).get(measure) or (None, None)
    return Bar(label, float(found["measures"].get(measure, 0)), low, high)


def _anchor_bars(anchors: Sequence[Record], texts: ReportTexts) -> list[Bar]:
    return [
        Bar(f"{label} ({texts.published})", value, published=True)
        for anchor in anchors
        for label, value in anchor["figures"].items()
    ]


def _queries(found: Record) -> str:
    return str(found.get("dataset", {}).get("queries", ""))


def _origin(found: Record) -> tuple[str, str]:
    return str(found.get("commit") or ""), str(found.get("date") or "")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _span(found: Record, measure: str) -> str:
    low, high = found.get("intervals", {}).get(measure) or (None, None)
    return "" if low is None or high is None else f"{low:.3f}–{high:.3f}"


def _ratio(value: float, own: float) -> str:
    return f"{value / own:.2g}" if own else ""


# Writing -----------------------------------------------------------------------------------------------------------


def markdown(sections: Sequence[Section], language: Language = "en") -> str:
    """The sections as Markdown, without the plots."""
    texts = TEXTS[language]
    parts = [f"# {texts.title}", texts.intro]
    for section in sections:
        parts += [f"## {section.title}", *([section.note] if section.note else []), _markdown_table(section.table)]
    return "\n\n".join(parts) + "\n"


def _markdown_table(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"

    return "\n".join([line(table.columns), line(["---"] * len(table.columns)), *map(line, table.rows)])


def page(sections: Sequence[Section], language: Language = "en") -> str:
    """One page that needs nothing but itself: no script, no request to any host."""
    texts = TEXTS[language]
    body = "".join(
        f"<section><h2>{escape(s.title)}</h2><p>{escape(s.note)}</p>{s.chart}{_html_table(s.table)}</section>"
        for s in sections
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(texts.title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(texts.title)}</h1><p>{escape(texts.intro)}</p>{body}</body></html>\n"
    )


def _html_table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{_html_row(row)}</tr>" for row in table.rows)
    return f"<div class=table><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _html_row(row: tuple[str, ...]) -> str:
    """The cells of a row; a remark that stands in place of all figures has their room."""
    if len(row) > 2 and " " in row[1] and not any(row[2:]):
        return f"{_html_cell(row[0])}<td colspan={len(row) - 1}>{escape(row[1])}</td>"
    return "".join(map(_html_cell, row))


def _html_cell(cell: str) -> str:
    """A cell; a figure, a range or a date stays on one line."""
    kind = " class=figure" if cell[:1].isdigit() and " " not in cell else ""
    return f"<td{kind}>{escape(cell)}</td>"


STYLE = """
:root{color-scheme:light dark;--ink:#1d2733;--paper:#fdfcf9;--own:#14538f;--other:#9aa5b1;--peer:#b0562b;--line:#d8d4ca}
@media(prefers-color-scheme:dark){
:root{--ink:#e7e4dc;--paper:#171b20;--own:#6ba9e6;--other:#66717d;--peer:#e08b5d;--line:#363c44}}
body{font:16px/1.5 Georgia,serif;color:var(--ink);background:var(--paper)}
body{max-width:64rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem}svg{width:100%;max-width:34rem;font:13px system-ui,sans-serif}
svg text{fill:var(--ink)}svg .title{font-weight:600}svg .axis{opacity:.7;font-size:11px}
svg .measured{fill:var(--own)}svg .published{fill:var(--other)}svg .peer{fill:var(--peer)}
svg .rest{fill:var(--line);opacity:.5}
svg .interval{stroke:var(--ink);stroke-width:1.5;fill:none}svg .grid{stroke:var(--line);fill:none}
.table{overflow-x:auto}table{border-collapse:collapse;font:14px system-ui,sans-serif;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.25rem .75rem .25rem 0;text-align:left;vertical-align:top}
.figure{white-space:nowrap}td:first-child{min-width:9rem}td:last-child:not(.figure){min-width:12rem}
""".strip().replace("\n", "")
