"""The queue of findings: what each check has caught and what waits for a decision, the worst first.

A finding is open while nobody has decided about it and its photo is in. Every function takes an open session.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.annotation.document import Annotation
from app.cleaning import store as room
from app.cleaning.counting import SECOND, last_decisions
from app.cleaning.decisions import decisions_of
from app.cleaning.findings import Finding
from app.cleaning.records import (
    GROUPED,
    Item,
    PhotoDetail,
    QueuePhoto,
    QueueRow,
    State,
)
from app.common.geometry import Box
from app.datasets.box_rows import read_many
from app.datasets.images import resolved
from app.datasets.layers import COMMON
from db import tables
from db.tables import Case, Decision, Image, Patient

_CHUNK = 500

_Grouped = tuple[str | None, QueuePhoto]
"""A photo and its group."""


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


def waiting_for(session: Session, person: str) -> list[QueueRow]:
    """Findings of any check whose second opinion ``person`` is to give."""
    wanted = [item for item, (kind, to) in last_decisions(session).items() if kind == SECOND and to == person]
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


def _decided(check: str) -> ColumnElement[bool]:
    """Somebody's decision about the image and this check counts."""
    of_check = (Decision.image_id == Image.id, Decision.check_key == check, Decision.undone.is_(None))
    return select(Decision.id).where(*of_check).correlate(Image).exists()


# -- lines -------------------------------------------------------------------------------------------------------
def _photos(
    session: Session, check: str, limit: float, states: frozenset[State] | None, most: int | None,
    groups: Sequence[str] | None = None,
) -> list[_Grouped]:  # fmt: skip
    """The check's findings from ``limit`` on, the worst first; ``groups``: only of these."""
    last = last_decisions(session, check)
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
