"""Which photos must stay together: those of one patient, of one lesion, and copies of each other.

A group is all that hangs together by any of these, however long the chain: a photo of one patient that turns out to be
a crop of another patient's photo joins both.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.common.places import RESOURCES
from db.tables import CheckSetting, Finding

LINKING = ("exact_duplicate", "near_duplicate", "same_lesion", "patient_duplicate")
"""The checks whose findings say that photos belong together."""

Row = Mapping[str, Any]


def group_names(rows: Sequence[Row], links: Iterable[Iterable[int]] = ()) -> list[str]:
    """The group of each row (id, patient, lesion, sha256), in their order.

    ``links``: ids of photos that belong together for another reason; ids that no row has are passed over. A group is
    named by its patient, else its lesion, else its photo: of several the first in the alphabet.
    """
    joined = Joined(len(rows))
    for key in ("patient", "lesion", "sha256"):
        joined.by([_key(row, key) for row in rows])
    place = {row["id"]: n for n, row in enumerate(rows)}
    for link in links:
        joined.join([place[i] for i in link if i in place])
    names: dict[int, str] = {}
    for root, members in joined.sets().items():
        names[root] = group_name([rows[n] for n in members])
    return [names[joined.root(n)] for n in range(len(rows))]


def group_name(rows: Sequence[Row]) -> str:
    """What the group of these rows is called."""
    for key in ("patient", "lesion"):
        named = [row[key] for row in rows if row[key]]
        if named:
            return str(min(named))
    return f"photo-{min(row['sha256'] or str(row['id']) for row in rows)[:16]}"


def linked_photos(session: Session) -> list[frozenset[int]]:
    """Sets of photos (ids) that findings at or above their thresholds say belong together."""
    limits = thresholds_in(session)
    found: dict[str, set[int]] = defaultdict(set)
    columns = (Finding.image_id, Finding.check_key, Finding.score, Finding.group_key)
    for image_id, check, score, group in session.execute(select(*columns).where(Finding.group_key.is_not(None))):
        if check in LINKING and score >= limits[check]:
            found[f"{check}:{group}"].add(image_id)
    return [frozenset(ids) for _, ids in sorted(found.items()) if len(ids) > 1]


def thresholds_in(session: Session) -> dict[str, float]:
    """From which score on a finding counts in this workspace, for every check."""
    rows = session.execute(select(CheckSetting.check_key, CheckSetting.threshold))
    return {**_defaults(), **{row.check_key: row.threshold for row in rows}}


@cache
def _defaults() -> dict[str, float]:
    raw = tomllib.loads((RESOURCES / "cleaning" / "thresholds.toml").read_text(encoding="utf-8"))
    return {check: float(value) for check, value in raw.items()}


class Joined:
    """Which of 0..count-1 hang together (disjoint sets)."""

    def __init__(self, count: int) -> None:
        self._up = list(range(count))

    def root(self, one: int) -> int:
        while self._up[one] != one:
            self._up[one] = self._up[self._up[one]]
            one = self._up[one]
        return one

    def join(self, members: Sequence[int]) -> None:
        for other in members[1:]:
            self._up[self.root(other)] = self.root(members[0])

    def by(self, keys: Sequence[Hashable | None]) -> None:
        """Join those of one key; None is no key."""
        first: dict[Hashable, int] = {}
        for n, key in enumerate(keys):
            if key is not None:
                self.join([first.setdefault(key, n), n])

    def sets(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for n in range(len(self._up)):
            found[self.root(n)].append(n)
        return found


def _key(row: Row, key: str) -> Hashable | None:
    """A lesion is one of its patient's: two patients may both have an "L1"."""
    if not row[key]:
        return None
    return (row["patient"], row["lesion"]) if key == "lesion" else row[key]
