"""Splits and folds that keep a patient's photos together and the diseases in proportion.

Groups are put in an order by the hash of seed and group's name, so a split depends on the seed and on the members
alone: not on the machine, the order of the rows, or a random generator's version.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from app.common.errors import UserError

Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
DEFAULT_SHARES = (70.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class Member:
    """One image: its id, the group that must stay together, and the label to stratify by."""

    id: int
    group: str
    label: str


@dataclass(frozen=True, slots=True)
class _Group:
    key: str
    label: str
    size: int


def split(members: Sequence[Member], shares: Sequence[float] = DEFAULT_SHARES, seed: int = 0) -> dict[int, Part]:
    """Image id -> part; ``shares`` are those of train, val and test, in any unit.

    Raises:
        UserError: ``bad_split`` for shares that are no split, ``too_few_groups`` for fewer patients than parts.
    """
    if len(shares) != len(PARTS) or min(shares) < 0 or not 0 < sum(shares) < math.inf:
        raise UserError("bad_split", split=",".join(f"{s:g}" for s in shares))
    chosen = _assign(_groups(members), shares, f"split:{seed}")
    return {m.id: PARTS[chosen[m.group]] for m in members}


def folds(members: Sequence[Member], count: int, repeats: int, seed: int = 0) -> dict[int, tuple[int, ...]]:
    """Image id -> its fold (0..count-1) in each repeat. Raises UserError ``bad_split`` or ``too_few_groups``."""
    if count < 2 or repeats < 1:
        raise UserError("bad_split", split=f"{count} x {repeats}")
    groups = _groups(members)
    each = [_assign(groups, [1.0] * count, f"fold:{seed}:{repeat}") for repeat in range(repeats)]
    return {m.id: tuple(chosen[m.group] for chosen in each) for m in members}


def _groups(members: Iterable[Member]) -> list[_Group]:
    """A group with several labels counts for its most frequent one (of equals the first in the alphabet)."""
    labels: dict[str, list[str]] = defaultdict(list)
    for member in members:
        labels[member.group].append(member.label)
    return [_Group(key, max(sorted(set(of)), key=of.count), len(of)) for key, of in sorted(labels.items())]


def _assign(groups: Sequence[_Group], shares: Sequence[float], salt: str) -> dict[str, int]:
    """Group -> part: each goes where its label lacks most, then where the whole does; no wanted part stays empty."""
    wanted = [p for p, share in enumerate(shares) if share > 0]
    if len(groups) < len(wanted):
        raise UserError("too_few_groups", groups=len(groups), parts=len(wanted))
    order = sorted(groups, key=lambda g: hashlib.sha256(f"{salt}:{g.key}".encode()).digest())
    whole = [s / sum(shares) for s in shares]
    totals: dict[str, int] = defaultdict(int)
    for group in groups:
        totals[group.label] += group.size
    lacking = {label: [share * total for share in whole] for label, total in totals.items()}
    lacking_all = [share * sum(totals.values()) for share in whole]
    chosen: dict[str, int] = {}
    for group in order:
        label = lacking[group.label]
        part = max(wanted, key=lambda p: (label[p] + lacking_all[p] / sum(totals.values()), -p))
        chosen[group.key] = part
        label[part] -= group.size
        lacking_all[part] -= group.size
    _fill_empty(order, wanted, chosen)
    return chosen


def _fill_empty(order: Sequence[_Group], wanted: Sequence[int], chosen: dict[str, int]) -> None:
    """With few groups a small part may get none: it takes the smallest group of the part that has most groups."""
    for empty in wanted:
        if empty in chosen.values():
            continue
        held = list(chosen.values())
        richest = max(wanted, key=held.count)
        smallest = min((g for g in order if chosen[g.key] == richest), key=lambda g: g.size)
        chosen[smallest.key] = empty
