"""Rows of a version into groups, parts and folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.common.errors import UserError
from app.datasets.freezing.groups import Joined, group_names
from app.datasets.freezing.splits import DEFAULT_SHARES, Member, Part, folds, split

_NO_LABEL = ""


@dataclass(frozen=True, slots=True)
class Division:
    """How a version is divided.

    ``shares``: of train, val and test, in any unit; ``folds`` x ``repeats`` over train and val, None: no folds;
    ``by_centre``: all photos of a centre come into one part, and into one fold. Photos without a centre count as one.
    ``given``: the part of each photo by its id, where somebody's own lists say so; nothing is drawn then but folds.
    """

    shares: Sequence[float] = DEFAULT_SHARES
    folds: int | None = None
    repeats: int = 1
    seed: int = 0
    by_centre: bool = False
    given: Mapping[int, Part] | None = None


def divide(rows: list[dict[str, Any]], division: Division, links: Iterable[Iterable[int]] = ()) -> None:
    """Add group, split and folds to the payload's images.

    Raises:
        UserError: ``bad_split``, ``too_few_groups``, ``too_few_centres``.
    """
    for row, group in zip(rows, group_names(rows, links), strict=True):
        row["group"] = group
    units = _centres(rows) if division.by_centre else [row["group"] for row in rows]
    members = [Member(row["id"], unit, row["label"] or _NO_LABEL) for row, unit in zip(rows, units, strict=True)]
    try:
        _assign(rows, members, division)
    except UserError as error:
        if error.code == "too_few_groups" and division.by_centre:
            raise UserError("too_few_centres", **error.facts) from error
        raise


def _assign(rows: list[dict[str, Any]], members: Sequence[Member], division: Division) -> None:
    parts = split(members, division.shares, division.seed) if division.given is None else division.given
    learning = [m for m in members if parts[m.id] != "test"]
    wanted = division.folds is not None
    each = folds(learning, division.folds or 0, division.repeats, division.seed) if wanted else {}
    nothing = (None,) * (division.repeats if division.folds else 0)
    for row in rows:
        row["split"] = parts[row["id"]]
        row["folds"] = list(each.get(row["id"], nothing))


def _centres(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What stays together when centres do: centres that share a group (a patient who went to both) are one."""
    joined = Joined(len(rows))
    centres = [row["meta"].get("centre") or "" for row in rows]
    joined.by(centres)
    joined.by([row["group"] for row in rows])
    names = {root: min(centres[n] for n in members) for root, members in joined.sets().items()}
    return [f"centre-{names[joined.root(n)]}" for n in range(len(rows))]
