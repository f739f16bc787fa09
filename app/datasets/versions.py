"""Freezing datasets, and reading frozen ones."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.common.images import is_synthetic, photo_size
from app.common.packs import DEFAULT_PACK
from app.common.workspace import Workspace
from app.datasets.frozen import FrozenDataset, content_hash, from_payload
from app.datasets.images import resolved
from app.datasets.layers import COMMON
from app.datasets.leakage import find_leaks
from app.datasets.people import actor_of, audit, require
from app.datasets.splits import DEFAULT_SHARES, Member, folds, split
from app.datasets.vocabulary import pack_in
from db.tables import Annotation, Case, Dataset, DatasetMember, DatasetVersion, Image, Patient

_SHOWN_LEAKS = 3
_NO_LABEL = ""


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One frozen version in a list, newest first."""

    name: str
    hash: str
    images: int
    created: datetime
    author: str


def make_dataset(session: Session, name: str, image_ids: Sequence[int], pack: str) -> None:
    """Name a set of images. Raises UserError ``dataset_exists``."""
    if session.scalar(select(Dataset.id).where(Dataset.name == name)) is not None:
        raise UserError("dataset_exists", dataset=name)
    row = Dataset(name=name, pack=pack)
    session.add(row)
    session.flush()
    session.add_all(DatasetMember(dataset_id=row.id, image_id=i) for i in image_ids)
    audit(session, "add", "dataset", name, list(image_ids))


def freeze(
    session: Session,
    name: str,
    shares: Sequence[float] = DEFAULT_SHARES,
    fold_count: int | None = None,
    repeats: int = 1,
    seed: int = 0,
) -> FrozenDataset:
    """Freeze the dataset ``name``; a new name means every photo of the workspace that has a diagnosis or a box.

    The same content frozen again with the same seed is the same version.

    Raises:
        UserError: ``dataset_empty``, ``leakage_found``, ``bad_split``, ``too_few_groups``, ``not_allowed``, and the
            images' own for a photo that cannot be read.
    """
    require(session, "freeze")
    _check_name(name)
    dataset = _dataset(session, name)
    rows = _rows(session, dataset)
    if not rows:
        raise UserError("dataset_empty", dataset=name)
    _divide(rows, shares, fold_count, repeats, seed)
    leaks = find_leaks(rows)
    if leaks:
        shown = "; ".join(", ".join(leak.images[:_SHOWN_LEAKS]) for leak in leaks[:_SHOWN_LEAKS])
        raise UserError("leakage_found", count=len(leaks), photos=shown)
    payload = {"pack": dataset.pack, "classes": list(pack_in(session, dataset.pack).keys), "seed": seed, "images": rows}
    return _keep(session, name, payload)


def load_dataset(workspace: Workspace, dataset: str) -> FrozenDataset:
    """The frozen version behind "NAME" (the newest) or "NAME@HASH" (a beginning of at least 8 digits will do).

    Raises:
        UserError: ``no_such_dataset``, or the database's.
    """
    from app.datasets.store import open_store

    store = open_store(workspace)
    try:
        with store.read() as session:
            return find_dataset(session, dataset)
    finally:
        store.close()


def find_dataset(session: Session, dataset: str) -> FrozenDataset:
    """As :func:`load_dataset`, on an open session."""
    name, _, hash_ = dataset.partition("@")
    query = select(DatasetVersion).where(DatasetVersion.name == name).order_by(DatasetVersion.id.desc()).limit(1)
    if "@" in dataset:
        query = query.where(_matches(hash_))
    row = session.scalar(query)
    if row is None:
        known = ", ".join(f"{d.name}@{d.hash}" for d in list_datasets(session))
        raise UserError("no_such_dataset", dataset=dataset, known=known or "-")
    return from_payload(row.name, row.hash, row.payload, partial(resolved, session))


def list_datasets(session: Session) -> tuple[DatasetRow, ...]:
    rows = session.scalars(select(DatasetVersion).order_by(DatasetVersion.id.desc()))
    return tuple(DatasetRow(r.name, r.hash, len(r.payload["images"]), r.created, r.author) for r in rows)


def _matches(hash_: str) -> Any:
    return DatasetVersion.hash.startswith(hash_, autoescape=True) if len(hash_) >= 8 else DatasetVersion.hash == hash_


def _check_name(name: str) -> None:
    if not name.strip() or "@" in name:
        raise UserError("bad_dataset_name", dataset=name)


def _dataset(session: Session, name: str) -> Dataset:
    row = session.scalar(select(Dataset).where(Dataset.name == name))
    if row is None:
        row = Dataset(name=name, pack=_pack_of_photos(session), everything=True)
        session.add(row)
        session.flush()
    return row


def _pack_of_photos(session: Session) -> str:
    """The one that all boxed photos have; the default where they have several, or none is boxed."""
    boxed = select(Annotation.image_id).where(Annotation.layer == COMMON)
    packs = select(Image.pack).where(Image.trashed.is_(None), Image.id.in_(boxed)).distinct()
    found = session.scalars(packs).all()
    return found[0] if len(found) == 1 else DEFAULT_PACK


def _rows(session: Session, dataset: Dataset) -> list[dict[str, Any]]:
    """The payload's images, in the order they were added, without split and folds."""
    query = select(Image, Case, Patient.code).outerjoin(Case, Image.case_id == Case.id).order_by(Image.id)
    query = query.where(Image.trashed.is_(None)).outerjoin(Patient, Case.patient_id == Patient.id)
    if not dataset.everything:
        members = select(DatasetMember.image_id).where(DatasetMember.dataset_id == dataset.id)
        query = query.where(Image.id.in_(members))
    boxes = _boxes(session)
    known = {d.key for d in pack_in(session, dataset.pack).labels}
    rows = []
    for image, case, patient in session.execute(query):
        label = _label(case, boxes[image.id], known)
        if label is None and not boxes[image.id] and dataset.everything:
            continue
        rows.append(_row(session, image, case, patient, label, boxes[image.id]))
    return rows


def _boxes(session: Session) -> defaultdict[int, list[dict[str, Any]]]:
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    columns = (Annotation.image_id, Annotation.x0, Annotation.y0, Annotation.x1, Annotation.y1, Annotation.label)
    common = select(*columns).where(Annotation.layer == COMMON).order_by(Annotation.id)
    for image_id, x0, y0, x1, y1, label in session.execute(common):
        if x0 < x1 and y0 < y1:  # a file's box without area stays a finding
            found[image_id].append({"box": [x0, y0, x1, y1], "label": label})
    return found


def _label(case: Case | None, boxes: list[dict[str, Any]], known: set[str]) -> str | None:
    """The visit's final diagnosis; without one, what all boxes agree on."""
    if case is not None and case.final_diagnosis in known:
        return case.final_diagnosis
    labels = {b["label"] for b in boxes}
    only = labels.pop() if len(labels) == 1 else None
    return only if only in known else None


def _row(
    session: Session,
    image: Image,
    case: Case | None,
    patient: str | None,
    label: str | None,
    boxes: list[dict[str, Any]],
) -> dict[str, Any]:
    path = resolved(session, image.path, image.linked)
    if image.width is None or image.height is None or image.sha256 is None:
        _measure(image, path)
    facts = {} if case is None else _facts(case)
    return {
        "id": image.id,
        "path": image.path,
        "linked": image.linked,
        "name": image.name,
        "sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        "synthetic": image.synthetic,
        "label": label,
        "boxes": boxes,
        "patient": patient,
        "lesion": image.lesion,
        "meta": {**image.meta, **facts},
    }


def _facts(case: Case) -> dict[str, Any]:
    names = ("age", "sex", "site", "duration_months", "centre")
    return {name: getattr(case, name) for name in names}


def _measure(image: Image, path: Path) -> None:
    """A linked photo that nobody has opened yet."""
    image.width, image.height = photo_size(path)
    image.synthetic = is_synthetic(path)
    image.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()


def _divide(
    rows: list[dict[str, Any]], shares: Sequence[float], fold_count: int | None, repeats: int, seed: int
) -> None:
    """Add group, split and folds to the rows."""
    for row in rows:
        row["group"] = row["patient"] or row["lesion"] or f"photo-{row['sha256'][:16]}"
    members = [Member(row["id"], row["group"], row["label"] or _NO_LABEL) for row in rows]
    parts = split(members, shares, seed)
    learning = [m for m in members if parts[m.id] != "test"]
    each = folds(learning, fold_count, repeats, seed) if fold_count is not None else {}
    nothing = (None,) * (repeats if fold_count else 0)
    for row in rows:
        row["split"] = parts[row["id"]]
        row["folds"] = list(each.get(row["id"], nothing))


def _keep(session: Session, name: str, payload: dict[str, Any]) -> FrozenDataset:
    hash_ = content_hash(payload)
    same = select(DatasetVersion).where(DatasetVersion.name == name, DatasetVersion.hash == hash_)
    if session.scalar(same) is None:
        author = actor_of(session).name
        session.add(DatasetVersion(name=name, hash=hash_, payload=payload, author=author))
        audit(session, "freeze", "dataset", f"{name}@{hash_}", hash_)
    return from_payload(name, hash_, payload, partial(resolved, session))
