"""The queue of findings: what each check has caught and what waits for a decision, the worst first.

A finding is open while nobody has decided about it and its photo is in. Every function takes an open session; they
answer in a moment at 100,000 photos: what is closed is counted, not what is open.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
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
from app.cleaning.records import (
    BINS,
    GROUPED,
    CheckSummary,
    Item,
    PhotoDetail,
    QueuePhoto,
    QueueRow,
    State,
    Tally,
    Work,
)
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

_CHUNK = 500

_Grouped = tuple[str | None, QueuePhoto]
"""A photo and its group."""
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


def queue(
    session: Session, check: str, threshold: float | None = None, states: Collection[State] | None = None,
    most: int | None = None,
) -> list[QueueRow]:  # fmt: skip
    """What a check has caught from ``threshold`` (None: the workspace's) on, the worst first; one line for a group.

    ``states``: only lines of these states; a group is open while one of its photos is. ``most``: so many photos, with
    the others of their groups; at 100,000 the whole list takes more than a second.
    """
    limit = room.thresholds(session)[check] if threshold is None else threshold
    wanted = None if states is None else frozenset(states)
    found = _photos(session, check, limit, wanted, most)
    if check in GROUPED and (wanted is not None or most is not None):
        found = _with_their_groups(session, check, found)
    return [row for row in _lines(check, found) if wanted is None or row.state in wanted]


def tally(session: Session, check: str) -> Tally:
    """How many photos a threshold would catch, for every threshold."""
    scores = list(session.scalars(select(tables.Finding.score).where(tables.Finding.check_key == check)))
    trashed: list[float] = []
    closed: list[float] = []
    for _check, score, lost in _closed(session, _last(session, check), check):
        (trashed if lost else closed).append(score)
    return Tally(*(tuple(sorted(some)) for some in (scores, trashed, closed)))


def waiting_for(session: Session, person: str) -> list[QueueRow]:
    """Findings of any check whose second opinion ``person`` is to give."""
    wanted = [item for item, (kind, to) in _last(session).items() if kind == SECOND and to == person]
    found: list[QueueRow] = []
    for check in dict.fromkeys(check for _, check in wanted):
        mine = {image_id for image_id, one in wanted if one == check}
        rows = queue(session, check, 0.0, ("open", "waiting"))
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


def switched_off(session: Session) -> frozenset[str]:
    """The checks that are not wanted here: what they find waits for nobody."""
    return frozenset(session.scalars(select(CheckSetting.check_key).where(CheckSetting.active.is_(False))))


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


def _closed(session: Session, last: _Last, check: str | None = None) -> Iterator[tuple[str, float, bool]]:
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


def _decided(check: str) -> ColumnElement[bool]:
    """Somebody's decision about the image and this check counts."""
    of_check = (Decision.image_id == Image.id, Decision.check_key == check, Decision.undone.is_(None))
    return select(Decision.id).where(*of_check).correlate(Image).exists()


def _last(session: Session, check: str | None = None) -> _Last:
    """The decision that counts of every finding that has one."""
    newest = select(func.max(Decision.id)).where(Decision.undone.is_(None))
    if check is not None:
        newest = newest.where(Decision.check_key == check)
    newest = newest.group_by(Decision.image_id, Decision.check_key)
    columns = (Decision.image_id, Decision.check_key, Decision.kind, Decision.payload)
    query = select(*columns).where(Decision.id.in_(newest))
    return {(i, c): (kind, payload.get("to", "")) for i, c, kind, payload in session.execute(query)}


# -- lines -------------------------------------------------------------------------------------------------------
def _photos(
    session: Session, check: str, limit: float, states: frozenset[State] | None, most: int | None,
    groups: Sequence[str] | None = None,
) -> list[_Grouped]:  # fmt: skip
    """The check's findings from ``limit`` on, the worst first; ``groups``: only of these."""
    last = _last(session, check)
    finding = tables.Finding
    columns = (
        finding.group_key, finding.score, Image.id, Image.name, Image.path, Image.linked, Image.excluded,
    )  # fmt: skip
    query = select(*columns).join(Image, finding.image_id == Image.id)
    query = query.where(finding.check_key == check, finding.score >= limit, Image.trashed.is_(None))
    if groups is not None:
        query = query.where(finding.group_key.in_(groups))
    if states == frozenset({"open"}):
        query = query.where(Image.excluded.is_(None), ~_decided(check))
    elif states is not None and states <= {"decided", "waiting"}:
        query = query.where(_decided(check))
    found = []
    media = str(resolved(session, "", linked=False))
    for group, score, id_, name, path, linked, out in session.execute(
        query.order_by(finding.score.desc(), Image.id).limit(most)
    ):
        kind, to = last.get((id_, check), ("", ""))
        state: State = "waiting" if kind == SECOND else "decided" if kind else "out" if out else "open"
        file = path if linked else f"{media}/{path}"
        found.append((group, QueuePhoto(id_, name, file, score, state, kind, to)))
    return found


def _with_their_groups(session: Session, check: str, found: Sequence[_Grouped]) -> list[_Grouped]:
    """Also the photos of these groups that were left out, whatever their state and score; the worst first."""
    groups = list(dict.fromkeys(group for group, _ in found if group is not None))
    whole = [pair for pair in found if pair[0] is None]
    for start in range(0, len(groups), _CHUNK):
        whole += _photos(session, check, 0.0, None, None, groups[start : start + _CHUNK])
    return sorted(whole, key=lambda pair: (-pair[1].score, pair[1].id))


def _lines(check: str, found: Sequence[_Grouped]) -> list[QueueRow]:
    """One line for each photo, or for each group where the check has groups; in the order given."""
    lines: dict[str | int, list[QueuePhoto]] = {}
    for group, one in found:
        lines.setdefault(one.id if group is None or check not in GROUPED else group, []).append(one)
    return [
        QueueRow(check, photos[0].score, _state(photos), tuple(photos), key if isinstance(key, str) else None)
        for key, photos in lines.items()
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
