"""Bars and points as SVG: plain text that stands in any page, without script, font or address of another host.

Knows labels and numbers, nothing of what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH = 480  # of a picture that is not fluid: narrow enough to be read on a phone
_ROW = 36  # from one bar to the next
_HIGH = 110  # of upright bars, with the number above the highest
_APART = 9  # percent of the width that a year's four digits want, on a phone too


@dataclass(frozen=True, slots=True)
class Bar:
    """A value from 0 to 1 with its interval, if it has one; ``published`` ones were measured by others."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    published: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """A value (up) at a cost (to the right, on a logarithmic scale), under a short label."""

    label: str
    cost: float
    value: float
    own: bool = False


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Bars under their labels, in the order given; the axis begins where differences can be seen, and says so.

    Positions across are percentages, so that the letters keep their size however narrow the picture is.
    """
    start = _start([row.low if row.low is not None else row.value for row in rows])

    def x(value: float) -> str:
        return f"{100 * (min(max(value, start), 1) - start) / (1 - start):.2f}%"

    parts = [f'<text class="axis" x="0" y="32">{start:g}</text>']
    parts.append('<text class="axis" x="100%" y="32" text-anchor="end">1</text>')
    for i, row in enumerate(rows):
        top = 38 + i * _ROW
        kind = "published" if row.published else "measured"
        parts.append(f'<text x="0" y="{top + 14}">{escape(_short(row.label, 44))}</text>')
        parts.append(f'<text x="100%" y="{top + 14}" text-anchor="end">{row.value:.3f}</text>')
        parts.append(f'<rect class="rest" width="100%" y="{top + 20}" height="8"/>')
        parts.append(f'<rect class="{kind}" width="{x(row.value)}" y="{top + 20}" height="8"/>')
        if row.low is not None and row.high is not None:
            y = top + 24
            parts.append(f'<line class="interval" x1="{x(row.low)}" x2="{x(row.high)}" y1="{y}" y2="{y}"/>')
    return _fluid(title, 42 + len(rows) * _ROW, [_title(title), *parts])


def columns(title: str, counts: Mapping[str, int]) -> str:
    """Upright bars for counts over time, under ``2022`` or ``2022-11``; a year stands where it begins."""
    highest, share, said = max(counts.values(), default=0) or 1, 100 / max(len(counts), 1), -float(_APART)
    dense = " dense" if len(counts) > 24 else ""
    parts = [f'<line class="grid" x1="0" x2="100%" y1="{_HIGH + 0.5}" y2="{_HIGH + 0.5}"/>']
    for i, (name, count) in enumerate(counts.items()):
        height, left, middle = (_HIGH - 18) * count / highest, share * i, share * (i + 0.5)
        if count:
            parts.append(
                f'<rect class="measured" x="{left + share * 0.1:.2f}%" width="{share * 0.8:.2f}%" '
                f'y="{_HIGH - height:.1f}" height="{height:.1f}"/>'
                f'<text class="count{dense}" x="{middle:.2f}%" y="{_HIGH - height - 4:.1f}" text-anchor="middle">'
                f"{count}</text>"
            )
        begins = i == 0 or name.endswith("-01") or len(name) == 4
        if begins and left - said >= _APART:
            said = left
            parts.append(f'<text class="axis" x="{left + share * 0.1:.2f}%" y="{_HIGH + 18}">{escape(name[:4])}</text>')
    return _fluid(title, _HIGH + 24, parts)


def points(title: str, costs: str, rows: Sequence[Point]) -> str:
    """Value against cost: better is up and left. Points that lie on each other bear their labels in one place."""
    height, left, right, bottom = 380, 44, 84, 46
    exponents = [math.log10(max(row.cost, 1e-3)) for row in rows]
    first, last = math.floor(min(exponents)), math.ceil(max(exponents))
    last += first == last
    start = _start([row.value for row in rows])

    def x(exponent: float) -> float:
        return left + (_WIDTH - left - right) * (exponent - first) / (last - first)

    def y(value: float) -> float:
        return height - bottom - (height - bottom - 40) * (value - start) / (1 - start)

    parts = []
    for step in range(first, last + 1):
        across = x(step)
        parts.append(f'<path class="grid" d="M{across:.1f} 40V{height - bottom}"/>')
        parts.append(
            f'<text class="axis" x="{across:.1f}" y="{height - 28}" text-anchor="middle">{10.0**step:g}</text>'
        )
    for value in (start + (1 - start) * quarter / 4 for quarter in range(5)):
        parts.append(f'<path class="grid" d="M{left} {y(value):.1f}H{_WIDTH - right}"/>')
        parts.append(f'<text class="axis" x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    middle = x((first + last) / 2)
    parts.append(f'<text class="axis" x="{middle:.1f}" y="{height - 8}" text-anchor="middle">{escape(costs)}</text>')
    places = [(x(exponent), y(row.value), row) for row, exponent in zip(rows, exponents, strict=True)]
    for across, up, row in places:
        kind = "measured" if row.own else "peer"
        parts.append(f'<circle class="{kind}" cx="{across:.1f}" cy="{up:.1f}" r="4"/>')
    for group in _groups(places):
        across, up = max(place[0] for place in group), sum(place[1] for place in group) / len(group)
        label = escape(", ".join(row.label for _, _, row in group))
        parts.append(f'<text x="{across + 7:.1f}" y="{up + 4:.1f}">{label}</text>')
    return _svg(title, height, parts)


def _groups(places: Sequence[tuple[float, float, Point]]) -> list[list[tuple[float, float, Point]]]:
    """Points so near to the first of a group that their labels would lie on its own."""
    groups: list[list[tuple[float, float, Point]]] = []
    for across, up, row in places:
        near = (g for g in groups if abs(g[0][0] - across) < 24 and abs(g[0][1] - up) < 14)
        group = next(near, None)
        if group is None:
            groups.append([(across, up, row)])
        else:
            group.append((across, up, row))
    return groups


def _start(values: Sequence[float]) -> float:
    """Where the axis begins: a round number below all values, 0 if they reach down to it."""
    lowest = min(values, default=0.0)
    return max(0.0, math.floor(lowest * 10 - 0.5) / 10)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _title(title: str) -> str:
    return f'<text class="title" x="0" y="14">{escape(title)}</text>'


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    label = escape(title, quote=True)
    inner = "".join([_title(title), *parts])
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">{inner}</svg>'


def _fluid(title: str, height: int, parts: Sequence[str]) -> str:
    """As wide as there is room, and always of this height."""
    label = escape(title, quote=True)
    return f'<svg width="100%" height="{height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
