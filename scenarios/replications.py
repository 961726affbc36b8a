"""How many seeds a comparison needs: until each algorithm's mean is known well enough, or a maximum is reached.

The interval of a mean is Student's, mean ± t s / sqrt(n) with n - 1 degrees of freedom; the half-width shrinks as
1 / sqrt(n), so that n (w / h)^2 seeds are about what takes it from w to h (A. M. Law, "Simulation Modeling and
Analysis", chapter 9: a specified precision). Whether to go on depends on the values alone, so it is the same in
whatever order and in however many processes they were computed. An interval that was looked at until it was short
covers the mean a little less often than stated, since it stops sooner where the spread happens to look small: by trial
on normal values with a deviation of half their mean, to 20 % of it, 91 % of the time in place of 95 % from three seeds
on, 93 % from five.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

Values = Sequence[float | None]
"""One quantity of one algorithm, seed by seed; None where a run does not have it (it never reached the target)."""


@dataclass(frozen=True)
class Rule:
    """When there are seeds enough. Exactly one of the two half-widths is given."""

    quantity: str
    """Column of the table of runs."""
    first: int
    """Seeds to begin with."""
    at_most: int
    """Seeds beyond which nobody waits."""
    half_width: float | None = None
    """Of the mean's interval, in the quantity's unit."""
    relative_half_width: float | None = None
    """The same as a share of the mean, 1."""
    confidence: float = 0.95

    def allowed(self, values: Values) -> float:
        """The half-width that the mean of these values may have, in the quantity's unit."""
        if self.half_width is not None:
            return self.half_width
        assert self.relative_half_width is not None
        return self.relative_half_width * abs(mean(values))


def present(values: Values) -> np.ndarray:
    """The values that are there and finite: ``(m,)``, m <= len(values)."""
    there = np.array([value for value in values if value is not None], dtype=float)
    return there[np.isfinite(there)]


def half_width(values: Values, confidence: float) -> float | None:
    """Half-width of Student's interval of the mean, in the unit of the values; None for fewer than two of them.

    >>> round(half_width([1.0, 3.0], 0.95), 3)
    12.706
    """
    there = present(values)
    n = len(there)
    if n < 2:
        return None
    scale = float(np.max(np.abs(there))) or 1.0  # squares of what a diverging run leaves would overflow
    quantile = float(special.stdtrit(n - 1, (1.0 + confidence) / 2.0))
    return quantile * scale * float(np.std(there / scale, ddof=1)) / math.sqrt(n)


def mean(values: Values) -> float:
    """Mean of the values that are there, of which there is at least one."""
    there = present(values)
    return float(np.sum(there / len(there)))


def wanted(rule: Rule, values: Mapping[str, Values], n: int) -> int:
    """How many seeds each algorithm should have next; ``n``, which each of them has now, when there are enough.

    All algorithms get the same seeds, so that pairs are complete: the one whose mean is known worst decides. The next
    number is n (w / h)^2, but one more at least and twice as many at most, since w is itself only estimated.
    An algorithm that has the quantity in fewer than two of its first seeds is not waited for.
    """
    return max([n, *(_wanted(rule, own, n) for own in values.values() if _is_waited_for(rule, own))])


def _wanted(rule: Rule, values: Values, n: int) -> int:
    width, allowed = half_width(values, rule.confidence), rule.allowed(values)
    assert width is not None
    if width <= allowed:
        return n
    factor = (width / allowed) * (width / allowed) if allowed > 0.0 else math.inf
    return min(rule.at_most, max(n + 1, 2 * n if factor >= 2.0 else math.ceil(n * factor)))


def _is_waited_for(rule: Rule, values: Values) -> bool:
    return len(present(values[: rule.first])) >= 2


def notes(rule: Rule, values: Mapping[str, Values]) -> list[str]:
    """At the end, a sentence for each algorithm not waited for, or whose mean is less well known than asked."""
    return [note for label, own in values.items() if (note := _note(rule, label, own))]


def _note(rule: Rule, label: str, values: Values) -> str:
    if not _is_waited_for(rule, values):
        first = values[: rule.first]
        having = f"{len(present(first))} of its first {len(first)} seeds"
        return f"{label}: not waited for, since only {having} came to a {rule.quantity}"
    width, allowed = half_width(values, rule.confidence), rule.allowed(values)
    if width is None or width <= allowed:
        return ""
    known = f"{rule.quantity} is known to ±{width:.3g}, not to ±{allowed:.3g}"
    return f"{label}: {known}, with {len(present(values))} of {len(values)} seeds, the most that were allowed"
