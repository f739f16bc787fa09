"""Changing a text or bytes at some places and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import AnyStr


def spliced(body: AnyStr, splices: Iterable[tuple[int, int, AnyStr]]) -> AnyStr:
    """``body`` with each (start, end) replaced. Those at one place go in the order given.

    Raises:
        ValueError: where two overlap.
    """
    parts: list[AnyStr] = []
    at = 0
    for start, end, new in sorted(splices, key=lambda s: s[:2]):
        if start < at:
            raise ValueError("overlapping splices")
        parts += (body[at:start], new)
        at = end
    parts.append(body[at:])
    return body[:0].join(parts)


def number(value: float, whole: bool) -> str:
    """A coordinate as a file has it: a whole number where all of the file's are, else with what six decimals leave."""
    return str(round(value)) if whole else repr(round(float(value), 6))
