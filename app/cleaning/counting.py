"""How much each check has caught, how much of it waits for a decision, and how long that will take.

Every function takes an open session and answers in a moment at 100,000 photos: what is closed is counted, not what is
open.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, or_, select
from sqlalchemy.orm import Session

from app.cleaning import store as room
from app.cleaning.check_settings import switched_off
from app.cleaning.checks import CHECKS, default_thresholds
from app.cleaning.examining import FILE
from app.cleaning.records import BINS, CheckSummary, Item, Tally, Work
from db import tables
from db.tables import Decision, Examination, Image

PACE = 40
"""So many of a person's last decisions tell their pace."""
BREAK = 120.0
"""Seconds between two decisions after which somebody was away."""
SECOND = "second_opinion"

Last = dict[Item, tuple[str, str]]
"""(photo, check) -> kind of the decision that counts, and whose second opinion is wanted."""


def work(session: Session, person: str) -> Work:
    """Everything that the page's cards say, for ``person``."""
    last = last_decisions(session)
    here = Image.trashed.is_(None)
    photos = session.scalar(select(func.count()).where(here)) or 0
    looked = select(Examination.image_id).where(Examination.part == FILE)
    unseen = session.scalar(select(func.count()).select_from(Image).where(here, Image.id.not_in(looked))) or 0
    decided = sum(kind != SECOND for kind, _ in last.values())
    waiting = sum(kind == SECOND and to == person for kind, to in last.values())
    return Work(_summaries(session, last), photos, unseen, decided, waiting, pace(session, person))


def summaries(session: Session) -> tuple[CheckSummary, ...]:
    """Every check in the contract's order."""
    return _summaries(session, last_decisions(session))


def tally(session: Session, check: str) -> Tally:
    """How many photos a threshold would catch, for every threshold."""
    scores = list(session.scalars(select(tables.Finding.score).where(tables.Finding.check_key == check)))
    trashed: list[float] = []
    closed: list[float] = []
    for _check, score, lost in _closed(session, last_decisions(session, check), check):
        (trashed if lost else closed).append(score)
    return Tally(*(tuple(sorted(some)) for some in (scores, trashed, closed)))


def pace(session: Session, person: str) -> float | None:
    """Seconds that ``person`` takes for one decision: the median of the last, breaks left out; None while unknown."""
    query = select(func.max(Decision.at)).where(Decision.actor == person).group_by(Decision.batch)
    times = list(session.scalars(query.order_by(func.max(Decision.id).desc()).limit(PACE)))
    gaps = [(a - b).total_seconds() for a, b in itertools.pairwise(times)]
    gaps = [g for g in gaps if 0 < g < BREAK]
    return median(gaps) if gaps else None


def last_decisions(session: Session, check: str | None = None) -> Last:
    """The decision that counts of every finding that has one."""
    newest = select(func.max(Decision.id)).where(Decision.undone.is_(None))
    if check is not None:
        newest = newest.where(Decision.check_key == check)
    newest = newest.group_by(Decision.image_id, Decision.check_key)
    columns = (Decision.image_id, Decision.check_key, Decision.kind, Decision.payload)
    query = select(*columns).where(Decision.id.in_(newest))
    return {(i, c): (kind, payload.get("to", "")) for i, c, kind, payload in session.execute(query)}


def _summaries(session: Session, last: Last) -> tuple[CheckSummary, ...]:
    limits = room.thresholds(session)
    off = switched_off(session)
    bins = _bins(session)
    past = {check: _count(session, check, limit) for check, limit in limits.items()}
    open_ = dict(past)
    for check, score, trashed in _closed(session, last):
        there = score >= limits[check]
        open_[check] -= there
        if trashed:
            bins[check][min(int(score * BINS), BINS - 1)] -= 1
            past[check] -= there
    return tuple(
        CheckSummary(c, limits[c], past[c], open_[c], tuple(bins[c][n] for n in range(BINS)), c not in off)
        for c in CHECKS
    )


def _count(session: Session, check: str, limit: float) -> int:
    of_check = (tables.Finding.check_key == check, tables.Finding.score >= limit)
    return session.scalar(select(func.count()).select_from(tables.Finding).where(*of_check)) or 0


def _bins(session: Session) -> dict[str, Counter[int]]:
    """How many findings of each check lie in each step, those of photos in the trash too."""
    scaled: ColumnElement[Any] = tables.Finding.score * BINS
    if session.get_bind().dialect.name != "sqlite":  # whose cast cuts off; that of others rounds
        scaled = func.floor(scaled)
    step = cast(scaled, Integer).label("step")
    found: dict[str, Counter[int]] = {check: Counter() for check in CHECKS}
    query = select(tables.Finding.check_key, step, func.count()).group_by(tables.Finding.check_key, step)
    for check, place, n in session.execute(query):
        if check in found:
            found[check][min(place, BINS - 1)] += n
    return found


def _closed(session: Session, last: Last, check: str | None = None) -> Iterator[tuple[str, float, bool]]:
    """(check, score, whether the photo lies in the trash) of the findings that are not open: of photos in the trash or
    out, decided ones, or in another's hands."""
    finding = tables.Finding
    decided = select(Decision.image_id).where(Decision.undone.is_(None))
    some = or_(Image.trashed.is_not(None), Image.excluded.is_not(None), Image.id.in_(decided))
    columns = (finding.image_id, finding.check_key, finding.score, Image.trashed.is_not(None), Image.excluded)
    query = select(*columns).join(Image, finding.image_id == Image.id)
    query = query.where(finding.image_id.in_(select(Image.id).where(some)))
    if check is not None:
        query = query.where(finding.check_key == check)
    for image_id, key, score, trashed, out in session.execute(query):
        if key in default_thresholds() and (trashed or out or (image_id, key) in last):
            yield key, score, bool(trashed)
