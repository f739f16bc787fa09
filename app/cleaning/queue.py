"""The queue of findings: what each check has caught and what waits for a decision, the worst first.

A finding is open while nobody has decided about it and its photo is in. Every function takes an open session; they
answer in a moment at 100,000 photos: what is closed is counted, not what is open.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, or_, select
from sqlalchemy.orm import Session

from app.annotation.document import Annotation
from app.cleaning import store as room
from app.cleaning.checks import CHECKS, default_thresholds
from app.cleaning.decisions import decisions_of
from app.cleaning.examining import FILE
from app.cleaning.findings import Finding
from app.cleaning.records import BINS, GROUPED, CheckSummary, Item, PhotoDetail, QueuePhoto, QueueRow, State, Work
from app.common.errors import UserError
from app.common.geometry import Box
from app.datasets.box_rows import read_many
from app.datasets.images import resolved
from app.datasets.layers import COMMON
from app.datasets.people import audit, require
from db import tables
from db.tables import Case, CheckSetting, Decision, Examination, Image, Patient

PACE = 40
"""So many of a person's last decisions tell their pace."""
BREAK = 120.0
"""Seconds between two decisions after which somebody was away."""
SECOND = "second_opinion"

_Last = dict[Item, tuple[str, str]]
"""(photo, check) -> kind of the decision that counts, and whose second opinion is wanted."""


def work(session: Session, person: str) -> Work:
    """Everything that the page's cards say, for ``person``."""
    last = _last(session)
    here = Image.trashed.is_(None)
    photos = session.scalar(select(func.count()).where(here)) or 0
    looked = select(Examination.image_id).where(Examination.part == FILE)
    unseen = session.scalar(select(func.count()).select_from(Image).where(here, Image.id.not_in(looked))) or 0
    decided = sum(kind != SECOND for kind, _ in last.values())
    waiting = sum(kind == SECOND and to == person for kind, to in last.values())
    return Work(_summaries(session, last), photos, unseen, decided, waiting, pace(session, person))


def summaries(session: Session) -> tuple[CheckSummary, ...]:
    """Every check in the contract's order."""
    return _summaries(session, _last(session))


def queue(session: Session, check: str, threshold: float | None = None, state: State | None = None) -> list[QueueRow]:
    """What a check has caught from ``threshold`` (None: the workspace's) on, the worst first; one line for a group.

    ``state``: only lines of this state. A group is open while one of its photos is.
    """
    limit = room.thresholds(session)[check] if threshold is None else threshold
    rows = _lines(_photos(session, tables.Finding.check_key == check, limit))
    return [row for row in rows if state in (None, row.state)]


def waiting_for(session: Session, person: str) -> list[QueueRow]:
    """Findings of any check whose second opinion ``person`` is to give."""
    wanted = [item for item, (kind, to) in _last(session).items() if kind == SECOND and to == person]
    found: list[QueueRow] = []
    for check in dict.fromkeys(check for _, check in wanted):
        mine = {image_id for image_id, one in wanted if one == check}
        rows = _lines(_photos(session, tables.Finding.check_key == check, 0.0))
        found += [row for row in rows if any(p.id in mine for p in row.photos)]
    return sorted(found, key=lambda row: -row.score)


def details(session: Session, items: Sequence[Item]) -> tuple[PhotoDetail, ...]:
    """All that is known of these photos, in their order; what is in the trash is left out."""
    ids = [image_id for image_id, _ in items]
    query = select(Image, Case, Patient.code).outerjoin(Case, Image.case_id == Case.id)
    query = query.outerjoin(Patient, Case.patient_id == Patient.id).where(Image.id.in_(ids), Image.trashed.is_(None))
    rows = {image.id: (image, case, code) for image, case, code in session.execute(query)}
    limits = room.thresholds(session)
    findings: dict[int, list[Finding]] = defaultdict(list)
    own = select(tables.Finding).where(tables.Finding.image_id.in_(ids)).order_by(tables.Finding.score.desc())
    for row in session.scalars(own):
        findings[row.image_id].append(room.finding_of(row))
    boxes = read_many(session, ids, COMMON)
    return tuple(
        _detail(session, check, *rows[i], findings[i], limits, tuple(boxes.get(i, ())))
        for i, check in items
        if i in rows
    )


def set_threshold(session: Session, check: str, value: float) -> None:
    """From which score on the check's findings count here; the default is not stored.

    Raises:
        UserError: ``not_allowed``, ``unknown_check``.
    """
    setting = _setting(session, check)
    setting.threshold = min(1.0, max(0.0, value))
    _store(session, setting)


def set_active(session: Session, check: str, active: bool) -> None:
    """Whether the check is wanted here. Raises UserError ``not_allowed``, ``unknown_check``."""
    setting = _setting(session, check)
    setting.active = active
    _store(session, setting)


def pace(session: Session, person: str) -> float | None:
    """Seconds that ``person`` takes for one decision: the median of the last, breaks left out; None while unknown."""
    query = select(func.max(Decision.at)).where(Decision.actor == person).group_by(Decision.batch)
    times = list(session.scalars(query.order_by(func.max(Decision.id).desc()).limit(PACE)))
    gaps = [(a - b).total_seconds() for a, b in itertools.pairwise(times)]
    gaps = [g for g in gaps if 0 < g < BREAK]
    return median(gaps) if gaps else None


# -- counting ----------------------------------------------------------------------------------------------------
def _summaries(session: Session, last: _Last) -> tuple[CheckSummary, ...]:
    limits = room.thresholds(session)
    off = set(session.scalars(select(CheckSetting.check_key).where(CheckSetting.active.is_(False))))
    bins = _bins(session)
    past = {check: _count(session, check, limit) for check, limit in limits.items()}
    open_ = dict(past)
    for _image_id, check, score, trashed in _closed(session, last):
        there = score >= limits.get(check, 2.0)
        if trashed:
            bins[check][min(int(score * BINS), BINS - 1)] -= 1
            past[check] -= there
            open_[check] -= there
        else:
            open_[check] -= there
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


def _closed(session: Session, last: _Last) -> Iterable[tuple[int, str, float, bool]]:
    """Findings that are not open: of photos in the trash or out, and decided ones, or in another's hands."""
    finding = tables.Finding
    columns = (finding.image_id, finding.check_key, finding.score, Image.trashed.is_not(None))
    decided = select(Decision.image_id).where(Decision.undone.is_(None))
    some = or_(Image.trashed.is_not(None), Image.excluded.is_not(None), Image.id.in_(decided))
    query = select(*columns, Image.excluded.is_not(None)).join(Image, finding.image_id == Image.id).where(some)
    for image_id, check, score, trashed, out in session.execute(query):
        if check in default_thresholds() and (trashed or out or (image_id, check) in last):
            yield image_id, check, score, bool(trashed)


def _last(session: Session) -> _Last:
    """The decision that counts of every finding that has one."""
    newest = select(func.max(Decision.id)).where(Decision.undone.is_(None))
    newest = newest.group_by(Decision.image_id, Decision.check_key)
    columns = (Decision.image_id, Decision.check_key, Decision.kind, Decision.payload)
    query = select(*columns).where(Decision.id.in_(newest))
    return {(i, c): (kind, payload.get("to", "")) for i, c, kind, payload in session.execute(query)}


# -- lines -------------------------------------------------------------------------------------------------------
def _photos(
    session: Session, which: ColumnElement[bool], limit: float
) -> list[tuple[str, str | None, QueuePhoto]]:  # fmt: skip
    """(check, group, photo) of every finding from ``limit`` on, the worst first."""
    last = _last(session)
    finding = tables.Finding
    columns = (
        finding.check_key, finding.group_key, finding.score, Image.id, Image.name, Image.path, Image.linked,
        Image.excluded,
    )  # fmt: skip
    query = select(*columns).join(Image, finding.image_id == Image.id)
    query = query.where(which, finding.score >= limit, Image.trashed.is_(None))
    found = []
    media = str(resolved(session, "", linked=False))
    for check, group, score, id_, name, path, linked, out in session.execute(
        query.order_by(finding.score.desc(), Image.id)
    ):
        kind, to = last.get((id_, check), ("", ""))
        state: State = "waiting" if kind == SECOND else "decided" if kind else "out" if out else "open"
        file = path if linked else f"{media}/{path}"
        found.append((check, group, QueuePhoto(id_, name, file, score, state, kind, to)))
    return found


def _lines(found: Sequence[tuple[str, str | None, QueuePhoto]]) -> list[QueueRow]:
    """One line for each photo, or for each group where the check has groups; in the order given."""
    lines: dict[tuple[str, str | int], list[QueuePhoto]] = {}
    groups: dict[tuple[str, str | int], str | None] = {}
    for check, group, one in found:
        together = group if check in GROUPED else None
        key = (check, one.id if together is None else together)
        lines.setdefault(key, []).append(one)
        groups[key] = together
    return [
        QueueRow(key[0], photos[0].score, _state(photos), tuple(photos), groups[key]) for key, photos in lines.items()
    ]


def _state(photos: Sequence[QueuePhoto]) -> State:
    order: tuple[State, ...] = ("open", "waiting", "decided", "out")
    return next(s for s in order if any(p.state == s for p in photos))


def _detail(
    session: Session, check: str, image: Image, case: Case | None, code: str | None, findings: Sequence[Finding],
    limits: dict[str, float], boxes: tuple[Annotation, ...],
) -> PhotoDetail:  # fmt: skip
    labels = {b.label for b in boxes}
    diagnosis = case.final_diagnosis if case is not None else None
    return PhotoDetail(
        id=image.id,
        name=image.name,
        file=str(resolved(session, image.path, image.linked)),
        width=image.width,
        height=image.height,
        synthetic=image.synthetic,
        patient=code,
        label=diagnosis or (labels.pop() if len(labels) == 1 else None),
        pathology=bool(diagnosis) and case is not None and case.diagnosis_source == "pathology",
        excluded=image.excluded,
        masks=tuple(Box(*corners) for corners in image.masks),
        boxes=boxes,
        finding=next((f for f in findings if f.check == check), None),
        others=tuple(f for f in findings if f.check != check and f.score >= limits.get(f.check, 2.0)),
        decisions=decisions_of(session, image.id),
    )


# -- settings ----------------------------------------------------------------------------------------------------
def _setting(session: Session, check: str) -> CheckSetting:
    require(session, "clean")
    if check not in CHECKS:
        raise UserError("unknown_check", check=check, known=", ".join(CHECKS))
    found = session.get(CheckSetting, check)
    return found or CheckSetting(check_key=check, threshold=default_thresholds()[check], active=True)


def _store(session: Session, setting: CheckSetting) -> None:
    """A setting as the program comes with it needs no row, and follows its next version."""
    plain = setting.active and setting.threshold == default_thresholds()[setting.check_key]
    known = session.get(CheckSetting, setting.check_key) is not None
    if not plain:
        session.add(setting)
    elif known:
        session.delete(setting)
    session.flush()
    audit(session, "clean.setting", "check", setting.check_key, {"score": setting.threshold, "active": setting.active})
