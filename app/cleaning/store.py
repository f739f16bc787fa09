"""The only door of this room to the database; every function takes an open session first.

Examining    photo_ids(s); photos(s, ids=None) -> (Photo, ...): what is not in the trash, with boxes and case;
             stamps(s, ids); save_examined(s, ...); load_examined(s, photos, parts);
             save_compared(s, checks, found); pairs(s), save_pairs(s, pairs)
Thresholds   thresholds(s) -> {check: score}
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.orm import Session

from app.cleaning.checks import Part, default_thresholds
from app.cleaning.comparing import Pair
from app.cleaning.examining import FILE, UNREADABLE, Examined, Photo, file_stamp, stamp
from app.cleaning.findings import Finding, Found
from app.cleaning.subject import LabelledBox
from app.common.geometry import Box
from app.datasets.images import resolved
from app.datasets.layers import COMMON
from db import tables
from db.tables import Annotation, Case, CheckSetting, Examination, Image, Patient, PhotoPair, Prediction, utc_now

_CHUNK = 500
_FACTS = ("age", "sex", "site", "centre", "history", "pathology", "diagnosis_source", "visited")


def photo_ids(session: Session) -> list[int]:
    """Every photo that is not in the trash; excluded ones too, as their twins are found by them."""
    return list(session.scalars(select(Image.id).where(Image.trashed.is_(None)).order_by(Image.id)))


def photos(session: Session, ids: Sequence[int] | None = None) -> tuple[Photo, ...]:
    """Those of ``ids`` (None: all, with the models' answers) that are not in the trash, as they stand now, by id."""
    boxes = _boxes(session, ids)
    answers = _answers(session) if ids is None else {}  # only what compares photos asks for them
    query = select(Image, Case, Patient.code).outerjoin(Case, Image.case_id == Case.id)
    query = query.outerjoin(Patient, Case.patient_id == Patient.id).where(Image.trashed.is_(None)).order_by(Image.id)
    if ids is not None:
        query = query.where(Image.id.in_(ids))
    rows = session.execute(query.execution_options(yield_per=_CHUNK))
    return tuple(
        _photo(session, image, case, patient, boxes.get(image.id, ()), answers.get(image.id))
        for image, case, patient in rows
    )


def stamps(session: Session, ids: Sequence[int]) -> dict[tuple[int, str], str]:
    """(photo, part) -> what its result holds for."""
    query = select(Examination.image_id, Examination.part, Examination.stamp).where(Examination.image_id.in_(ids))
    return {(image_id, part): stamp for image_id, part, stamp in session.execute(query)}


def save_examined(session: Session, results: Sequence[tuple[Examined, Sequence[Part]]]) -> None:
    """Store what was found in photos by these parts, in the place of what those parts found before.

    Photos that were erased meanwhile are passed over.
    """
    there = _there(session, [examined.photo.id for examined, _ in results])
    for examined, parts in results:
        if examined.photo.id in there:
            _save(session, examined, parts)


def load_examined(session: Session, wanted: Sequence[Photo], parts: Iterable[str]) -> list[Examined]:
    """What ``parts`` measured of these photos, without findings, for comparing."""
    names = {FILE, *parts}
    rows: dict[int, dict[str, Found]] = defaultdict(dict)
    query = select(Examination.image_id, Examination.part, Examination.measured, Examination.blob)
    for image_id, part, measured, blob in session.execute(query.where(Examination.part.in_(names))):
        rows[image_id][part] = Found((), measured, blob)
    hashes = {i: (sha or "", w or 0, h or 0) for i, sha, w, h in session.execute(_HASHES)}
    return [Examined(p, *_readable(hashes[p.id], rows.get(p.id)), rows.get(p.id, {})) for p in wanted if p.id in hashes]


def save_compared(session: Session, checks: Iterable[str], found: Mapping[int, Sequence[Finding]]) -> None:
    """The findings of ``checks`` that compare photos: all of them anew."""
    session.execute(delete(tables.Finding).where(tables.Finding.check_key.in_(list(checks))))
    there = _there(session, list(found))
    rows = [_row(photo, finding) for photo, findings in found.items() if photo in there for finding in findings]
    if rows:
        session.execute(insert(tables.Finding), rows)


def pairs(session: Session) -> dict[Pair, Mapping[str, Any]]:
    rows = session.execute(select(PhotoPair.a, PhotoPair.b, PhotoPair.stamp, PhotoPair.verdict))
    return {(a, b): {"stamp": stamp, **verdict} for a, b, stamp, verdict in rows}


def save_pairs(session: Session, verdicts: Mapping[Pair, Mapping[str, Any]]) -> None:
    """Store verdicts on pairs, in the place of older ones."""
    there = _there(session, list({photo for pair in verdicts for photo in pair}))
    keys = [pair for pair in verdicts if there.issuperset(pair)]
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        session.execute(delete(PhotoPair).where(tuple_(PhotoPair.a, PhotoPair.b).in_(chunk)))
        session.execute(insert(PhotoPair), [_pair_row(pair, verdicts[pair]) for pair in chunk])


def thresholds(session: Session) -> dict[str, float]:
    """From which score on a finding counts in this workspace, for every check."""
    rows = session.execute(select(CheckSetting.check_key, CheckSetting.threshold))
    return {**default_thresholds(), **{row.check_key: row.threshold for row in rows}}


def findings_past(session: Session, checks: Iterable[str], limits: Mapping[str, float]) -> dict[int, list[Finding]]:
    """Photo -> its findings of ``checks`` from their thresholds on, the worst first."""
    found: dict[int, list[Finding]] = defaultdict(list)
    query = select(tables.Finding).where(tables.Finding.check_key.in_(list(checks)))
    for row in session.scalars(query.order_by(tables.Finding.score.desc(), tables.Finding.check_key)):
        if row.score >= limits[row.check_key]:
            found[row.image_id].append(finding_of(row))
    return dict(found)


def finding_of(row: tables.Finding) -> Finding:
    boxes = tuple(Box(*corners) for corners in row.boxes)
    return Finding(row.check_key, row.score, row.why, row.facts, boxes, row.group_key)


_HASHES = select(Image.id, Image.sha256, Image.width, Image.height).where(Image.trashed.is_(None))


def _readable(known: tuple[str, int, int], rows: Mapping[str, Found] | None) -> tuple[str, int, int]:
    """A photo that was read before but cannot be read now takes no part in comparing."""
    readable = rows is not None and FILE in rows and not rows[FILE].measured.get(UNREADABLE)
    return known if readable else ("", known[1], known[2])


def _there(session: Session, ids: Sequence[int]) -> set[int]:
    """Those that nobody has erased."""
    found: set[int] = set()
    for start in range(0, len(ids), _CHUNK):
        found.update(session.scalars(select(Image.id).where(Image.id.in_(ids[start : start + _CHUNK]))))
    return found


def _boxes(session: Session, ids: Sequence[int] | None) -> dict[int, list[LabelledBox]]:
    found: dict[int, list[LabelledBox]] = defaultdict(list)
    columns = (Annotation.image_id, Annotation.x0, Annotation.y0, Annotation.x1, Annotation.y1, Annotation.label)
    common = select(*columns).where(Annotation.layer == COMMON).order_by(Annotation.id)
    if ids is not None:
        common = common.where(Annotation.image_id.in_(ids))
    for image_id, x0, y0, x1, y1, label in session.execute(common):
        found[image_id].append(LabelledBox(Box(x0, y0, x1, y1), label))
    return found


def _answers(session: Session) -> dict[int, dict[str, Any]]:
    """Image -> what a model said of it last."""
    rows = session.execute(select(Prediction.image_id, Prediction.payload).order_by(Prediction.id))
    return {row.image_id: row.payload for row in rows}


def _photo(
    session: Session,
    image: Image,
    case: Case | None,
    patient: str | None,
    boxes: Sequence[LabelledBox],
    answer: Mapping[str, Any] | None,
) -> Photo:
    facts = {} if case is None else {name: getattr(case, name) for name in _FACTS}
    labels = {b.label for b in boxes}
    label = case.final_diagnosis if case is not None and case.final_diagnosis else None
    return Photo(
        id=image.id,
        path=resolved(session, image.path, image.linked),
        name=image.name,
        boxes=tuple(b for b in boxes if not b.box.is_empty),
        flat=tuple(b for b in boxes if b.box.is_empty),
        case_id=image.case_id,
        patient=patient,
        lesion=image.lesion,
        label=label or (labels.pop() if len(labels) == 1 else None),
        facts=facts,
        answer=answer,
        verified=image.verified,
    )


def _save(session: Session, examined: Examined, parts: Sequence[Part]) -> None:
    photo = examined.photo
    file = file_stamp(photo.path)
    checks = [UNREADABLE, *(c for p in parts for c in p.checks)]
    names = [FILE, *(p.name for p in parts)]
    of_photo = tables.Finding.image_id == photo.id
    session.execute(delete(tables.Finding).where(of_photo, tables.Finding.check_key.in_(checks)))
    session.execute(delete(Examination).where(Examination.image_id == photo.id, Examination.part.in_(names)))
    own = {p.name: stamp(p, photo, file) for p in parts}
    rows = []
    for name in names:  # of a photo that cannot be read every part has a row: it is not tried again and again
        found = examined.found.get(name, Found())
        measured = {UNREADABLE: True} if name == FILE and not examined.sha256 else dict(found.measured)
        row = {"image_id": photo.id, "part": name, "stamp": own.get(name, file)}
        rows.append({**row, "measured": measured, "blob": found.blob})
    session.execute(insert(Examination), rows)
    findings = [_row(photo.id, f) for f in examined.findings()]
    if findings:
        session.execute(insert(tables.Finding), findings)
    if examined.sha256:
        values = {"sha256": examined.sha256, "width": examined.width, "height": examined.height}
        session.execute(update(Image).where(Image.id == photo.id).values(values))


def _row(photo: int, finding: Finding) -> dict[str, Any]:
    return {
        "image_id": photo,
        "check_key": finding.check,
        "score": finding.score,
        "why": finding.why,
        "facts": dict(finding.facts),
        "boxes": [box.as_list() for box in finding.boxes],
        "group_key": finding.group,
        "at": utc_now(),
    }


def _pair_row(pair: Pair, verdict: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in verdict.items() if name != "stamp"}
    return {"a": pair[0], "b": pair[1], "stamp": verdict["stamp"], "verdict": rest}
