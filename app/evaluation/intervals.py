"""How sure a figure is: Wilson's interval for one share, the bootstrap over groups (patients) for everything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]


def wilson(hits: int, n: int, z: float = 1.959963984540054) -> Interval:
    """Wilson's score interval (1927) of a share, 95 % by default; (0, 1) for no case at all.

    Raises:
        ValueError: unless ``0 <= hits <= n``.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is no share")
    if n == 0:
        return 0.0, 1.0
    p, zz = hits / n, z * z
    centre, half = p + zz / (2 * n), z * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
    return max(0.0, (centre - half) / (1 + zz / n)), min(1.0, (centre + half) / (1 + zz / n))


def bootstrap(
    groups: Sequence[Hashable],
    figures: Callable[[NDArray[np.int64]], dict[str, float]],
    repeats: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Percentile intervals of figures when whole groups are drawn again with replacement.

    Args:
        groups: the group (patient) of each row; rows of one group are not independent.
        figures: from the indices of the drawn rows to named figures; nan is left out.
        repeats: how many draws.
        seed: of the draws.
        level: of the interval.

    Returns:
        ``{name: (low, high)}``; (nan, nan) where no draw gave a number.
    """
    members: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    rows = [np.array(m, np.int64) for m in members.values()]
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {}
    for _ in range(repeats if rows else 0):
        chosen = np.concatenate([rows[g] for g in rng.integers(0, len(rows), len(rows))])
        for name, value in figures(chosen).items():
            drawn.setdefault(name, []).append(value)
    return {name: _range(values, level) for name, values in drawn.items()}


def _range(values: list[float], level: float) -> Interval:
    known = np.array([v for v in values if not math.isnan(v)])
    if len(known) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
