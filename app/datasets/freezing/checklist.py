"""What is still to do before a dataset is frozen. Two points stop it: nothing to freeze, and leakage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.common.words import text
from app.datasets.freezing.datasheet_files import PART_NAMES
from app.datasets.freezing.dividing import Division, divide
from app.datasets.freezing.gathering import dataset_of, gather
from app.datasets.freezing.groups import linked_photos, thresholds_in
from app.datasets.freezing.leakage import find_leaks
from app.datasets.freezing.splits import PARTS
from app.datasets.freezing.versions import check_name
from app.datasets.images import resolved
from app.datasets.vocabulary import pack_in
from db.tables import CheckSetting, Decision, Examination, Finding

Point = Literal["photos", "readable", "checked", "decided", "labelled", "divided", "leakage"]

_INFORMING = frozenset({"same_lesion"})
"""Checks whose findings ask for no decision: they only keep photos together."""


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """``stops``: freezing is refused while it is not ``ok``. ``photos``: those to look at, by id. ``text``: a line."""

    key: Point
    ok: bool
    text: str
    photos: tuple[int, ...] = ()
    stops: bool = False


def freeze_checklist(
    session: Session, name: str, division: Division | None = None, checks: Mapping[str, int] | None = None
) -> tuple[ChecklistItem, ...]:
    """The points in order; reads only.

    ``checks``: the parts that every photo is to have been examined by (see ``part_versions``); None: those that have
    seen any photo.

    Raises:
        UserError: ``bad_dataset_name``, ``bad_split``.
    """
    check_name(name)
    gathered = gather(session, dataset_of(session, name))
    rows = gathered.rows
    if not rows:
        return (ChecklistItem("photos", False, text("checklist.none"), stops=True),)
    excluded = sum(gathered.excluded.values())
    found = text("checklist.photos", n=len(rows), excluded=excluded, unlabelled=gathered.unlabelled)
    return (
        ChecklistItem("photos", True, found, stops=True),
        _readable(session, rows),
        _checked(session, rows, checks),
        _decided(session, rows),
        _labelled(rows),
        *_divided(session, gathered.pack, rows, division or Division()),
    )


def _readable(session: Session, rows: Sequence[dict[str, Any]]) -> ChecklistItem:
    known = {row["id"] for row in rows}
    broken = select(Finding.image_id).where(Finding.check_key == "unreadable")
    bad = {i for i in session.scalars(broken) if i in known}
    new = (row for row in rows if row["sha256"] is None)  # freezing opens these, and only these
    bad |= {row["id"] for row in new if not resolved(session, row["path"], row["linked"]).is_file()}
    if bad:
        return ChecklistItem("readable", False, text("checklist.unreadable", n=len(bad)), tuple(sorted(bad)))
    return ChecklistItem("readable", True, text("checklist.readable"))


def _checked(session: Session, rows: Sequence[dict[str, Any]], checks: Mapping[str, int] | None) -> ChecklistItem:
    seen: dict[int, set[str]] = defaultdict(set)
    for image_id, part in session.execute(select(Examination.image_id, Examination.part)):
        seen[image_id].add(part)
    parts = set(checks) if checks is not None else set().union(*seen.values())
    new = tuple(row["id"] for row in rows if not seen[row["id"]] or not parts <= seen[row["id"]])
    if new:
        return ChecklistItem("checked", False, text("checklist.unchecked", n=len(new)), new)
    return ChecklistItem("checked", True, text("checklist.checked"))


def _decided(session: Session, rows: Sequence[dict[str, Any]]) -> ChecklistItem:
    """A finding from its threshold on that nobody has decided; one that waits for a second opinion is not decided."""
    limits = thresholds_in(session)
    off = set(session.scalars(select(CheckSetting.check_key).where(CheckSetting.active.is_(False))))
    decided = select(Decision.image_id, Decision.check_key).where(Decision.undone.is_(None))
    done = {(i, check) for i, check in session.execute(decided.where(Decision.kind != "second_opinion"))}
    known = {row["id"] for row in rows}
    to_do = {
        i
        for i, check, score in session.execute(select(Finding.image_id, Finding.check_key, Finding.score))
        if i in known and check not in off | _INFORMING and score >= limits[check] and (i, check) not in done
    }
    if to_do:
        return ChecklistItem("decided", False, text("checklist.undecided", n=len(to_do)), tuple(sorted(to_do)))
    return ChecklistItem("decided", True, text("checklist.decided"))


def _labelled(rows: Sequence[dict[str, Any]]) -> ChecklistItem:
    bad = tuple(row["id"] for row in rows if row["label"] is None)
    if bad:
        return ChecklistItem("labelled", False, text("checklist.unlabelled", n=len(bad)), bad)
    return ChecklistItem("labelled", True, text("checklist.labelled"))


def _divided(session: Session, pack: str, rows: list[dict[str, Any]], division: Division) -> tuple[ChecklistItem, ...]:
    links = linked_photos(session)
    try:
        divide(rows, division, links)
    except UserError as error:
        if error.code == "bad_split":
            raise
        return (ChecklistItem("divided", False, error.what, stops=True),)
    missing = _missing(rows, division)
    if missing:
        names = {label.key: str(label.name) for label in pack_in(session, pack).labels}
        shown = text("checklist.semicolon").join(
            text("checklist.place", disease=names.get(d, d), parts=text("checklist.comma").join(parts))
            for d, parts in missing.items()
        )
        divided = ChecklistItem("divided", False, text("checklist.missing", diseases=shown))
    else:
        divided = ChecklistItem("divided", True, text("checklist.divided", n=len({row["group"] for row in rows})))
    leaks = find_leaks(rows, links, division.by_centre)
    if leaks:
        ids = tuple(dict.fromkeys(i for leak in leaks for i in leak.ids))
        photos = ", ".join(dict.fromkeys(name for leak in leaks for name in leak.images[:3]))
        said = text("checklist.leaks", n=len(leaks), photos=photos[:200])
        return (divided, ChecklistItem("leakage", False, said, ids, stops=True))
    return (divided, ChecklistItem("leakage", True, text("checklist.no_leaks"), stops=True))


def _missing(rows: Sequence[dict[str, Any]], division: Division) -> dict[str, list[str]]:
    """Disease -> names of the parts that are wanted and have none of it."""
    wanted = [part for part, share in zip(PARTS, division.shares, strict=True) if share > 0]
    there: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["label"] is not None:
            there[row["label"]].add(row["split"])
    return {
        d: [text(PART_NAMES[p]) for p in wanted if p not in parts]
        for d, parts in sorted(there.items())
        if not set(wanted) <= parts
    }
