"""What a version would hold: the photos of a dataset as they stand in the database, and what was cleaned before."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.common.images import is_synthetic, photo_size
from app.common.packs import DEFAULT_PACK
from app.datasets.freezing.frozen import Cleaning
from app.datasets.freezing.groups import thresholds_in
from app.datasets.images import resolved
from app.datasets.layers import COMMON
from app.datasets.vocabulary import pack_in
from db.tables import Annotation, Case, Dataset, DatasetMember, Examination, Image, Patient

TONE = "tone"
"""The part of the checks that measures the skin's tone; a photo's ``meta`` has its group under this name."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """``rows``: the payload's images in the order they were added, without group, split and folds; what nobody has
    opened yet has no size and no hash. ``excluded``: check -> photos kept out; ``unlabelled``: left out for want of a
    diagnosis and a box.
    """

    pack: str
    rows: list[dict[str, Any]]
    excluded: Mapping[str, int]
    unlabelled: int


def dataset_of(session: Session, name: str) -> Dataset:
    """The named set; a name that nobody has used means all photos, and is not stored yet."""
    row = session.scalar(select(Dataset).where(Dataset.name == name))
    return row or Dataset(name=name, pack=_pack_of_photos(session), everything=True)


def gather(session: Session, dataset: Dataset) -> Gathered:
    """The dataset's photos that are neither in the trash nor excluded; of everything, those with a label or box."""
    boxes, tones = _boxes(session), _tones(session)
    known = {d.key for d in pack_in(session, dataset.pack).labels}
    rows, excluded, unlabelled = [], Counter[str](), 0
    for row in session.execute(_query(dataset)):
        label = _label(row.final_diagnosis, boxes[row.id], known)
        if row.excluded is not None:
            excluded[row.excluded] += 1
        elif label is None and not boxes[row.id] and dataset.everything:
            unlabelled += 1
        else:
            rows.append(_row(row, label, boxes[row.id], tones.get(row.id)))
    return Gathered(dataset.pack, rows, dict(sorted(excluded.items())), unlabelled)


def measure(session: Session, rows: list[dict[str, Any]]) -> None:
    """Open the linked photos that nobody has opened yet, and store what they are.

    Raises:
        UserError: the images' own for one that cannot be read.
    """
    for row in rows:
        if row["width"] is not None and row["height"] is not None and row["sha256"] is not None:
            continue
        path = resolved(session, row["path"], row["linked"])
        width, height = photo_size(path)
        found = {"width": width, "height": height, "synthetic": is_synthetic(path), "sha256": _sha256(path)}
        row.update(found)
        image = session.get_one(Image, row["id"])
        for name, value in found.items():
            setattr(image, name, value)


def cleaning_of(session: Session, gathered: Gathered, versions: Mapping[str, int]) -> dict[str, Any]:
    """The payload's ``cleaning``, see :class:`Cleaning`; empty where nobody has run a check or kept a photo out.

    ``versions``: of the parts of the checks, by name, as far as the caller knows them.
    """
    parts = set(session.scalars(select(Examination.part).distinct()))
    if not parts and not gathered.excluded:
        return {}
    made = Cleaning(
        gathered.excluded,
        gathered.unlabelled,
        thresholds_in(session),
        {part: version for part, version in sorted(versions.items()) if part in parts},
    )
    return {name: getattr(made, name) for name in ("exclusions", "unlabelled", "thresholds", "checks")}


def _pack_of_photos(session: Session) -> str:
    """The one that all boxed photos have; the default where they have several, or none is boxed."""
    boxed = select(Annotation.image_id).where(Annotation.layer == COMMON)
    packs = select(Image.pack).where(Image.trashed.is_(None), Image.id.in_(boxed)).distinct()
    found = session.scalars(packs).all()
    return found[0] if len(found) == 1 else DEFAULT_PACK


_FACTS = ("age", "sex", "site", "duration_months", "centre")
_COLUMNS = (
    *(Image.id, Image.path, Image.linked, Image.name, Image.sha256, Image.width, Image.height, Image.synthetic),
    *(Image.lesion, Image.meta, Image.masks, Image.excluded, Image.case_id),
    *(getattr(Case, name) for name in _FACTS),
    *(Case.final_diagnosis, Patient.code.label("patient")),
)


def _query(dataset: Dataset) -> Select[Any]:
    query = select(*_COLUMNS).outerjoin(Case, Image.case_id == Case.id).order_by(Image.id)
    query = query.where(Image.trashed.is_(None)).outerjoin(Patient, Case.patient_id == Patient.id)
    if dataset.everything:
        return query
    return query.where(Image.id.in_(select(DatasetMember.image_id).where(DatasetMember.dataset_id == dataset.id)))


def _boxes(session: Session) -> defaultdict[int, list[dict[str, Any]]]:
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    columns = (Annotation.image_id, Annotation.x0, Annotation.y0, Annotation.x1, Annotation.y1, Annotation.label)
    common = select(*columns).where(Annotation.layer == COMMON).order_by(Annotation.id)
    for image_id, x0, y0, x1, y1, label in session.execute(common):
        if x0 < x1 and y0 < y1:  # a file's box without area stays a finding
            found[image_id].append({"box": [x0, y0, x1, y1], "label": label})
    return found


def _tones(session: Session) -> dict[int, str]:
    rows = session.execute(select(Examination.image_id, Examination.measured).where(Examination.part == TONE))
    return {image_id: str(measured["group"]) for image_id, measured in rows if measured.get("group")}


def _label(diagnosis: str | None, boxes: list[dict[str, Any]], known: set[str]) -> str | None:
    """The visit's final diagnosis; without one, what all boxes agree on."""
    if diagnosis in known:
        return diagnosis
    labels = {b["label"] for b in boxes}
    only = labels.pop() if len(labels) == 1 else None
    return only if only in known else None


def _row(row: Any, label: str | None, boxes: list[dict[str, Any]], tone: str | None) -> dict[str, Any]:
    """Masks and tone only where there are any, so that a version without them has the hash it always had."""
    facts = {} if row.case_id is None else {name: getattr(row, name) for name in _FACTS}
    return {
        "id": row.id,
        "path": row.path,
        "linked": row.linked,
        "name": row.name,
        "sha256": row.sha256,
        "width": row.width,
        "height": row.height,
        "synthetic": row.synthetic,
        "label": label,
        "boxes": boxes,
        "patient": row.patient,
        "lesion": row.lesion,
        "meta": {**row.meta, **facts, **({TONE: tone} if tone else {})},
        **({"masks": row.masks} if row.masks else {}),
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
