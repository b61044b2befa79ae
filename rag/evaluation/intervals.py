"""How far a measured share or AUROC may be from the true one: 95 % intervals by closed formulas, so they repeat."""

from __future__ import annotations

from math import sqrt

Interval = tuple[float, float]
_Z = 1.96  # standard deviations that hold 95 % of a normal distribution


def wilson(hits: int, count: int) -> Interval:
    """The score interval of a share (Wilson 1927); the whole range without observations."""
    if not count:
        return 0.0, 1.0
    share, z2 = hits / count, _Z * _Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    reach = _Z / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def hanley_mcneil(area: float, positives: int, negatives: int) -> Interval:
    """The interval of an AUROC by its standard error (Hanley & McNeil 1982)."""
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = area * (1 - area) + (positives - 1) * (q1 - area * area) + (negatives - 1) * (q2 - area * area)
    reach = _Z * sqrt(max(0.0, variance) / (positives * negatives))
    return max(0.0, area - reach), min(1.0, area + reach)
