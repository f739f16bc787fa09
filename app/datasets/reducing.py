"""Versions without the photos of a patient who was erased."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.datasets.frozen import content_hash
from app.datasets.people import audit
from db.tables import DatasetVersion


def versions_with(session: Session, image_ids: Iterable[int]) -> tuple[DatasetVersion, ...]:
    """The versions that hold any of these photos, oldest first."""
    wanted = set(image_ids)
    whole = select(DatasetVersion).where(DatasetVersion.reduced_to.is_(None)).order_by(DatasetVersion.id)
    return tuple(row for row in session.scalars(whole) if any(raw["id"] in wanted for raw in row.payload["images"]))


def reduce_version(session: Session, row: DatasetVersion, image_ids: Iterable[int]) -> str:
    """Take photos out of a frozen version; gives the hash of the version that takes its place.

    ``row`` keeps name, hash, time and author, loses its whole content, and says what took its place; that has the old
    one's time and parts, so that what was in the test part still is, and what was the newest of its name still is.
    Without any of the photos in it nothing happens. Who erases asks for the right to do so.
    """
    gone = set(image_ids)
    kept = [raw for raw in row.payload.get("images", ()) if raw["id"] not in gone]
    if row.reduced_to is not None or len(kept) == len(row.payload["images"]):
        return row.reduced_to or row.hash
    payload = {**row.payload, "images": kept}
    hash_ = content_hash(payload)
    same = select(DatasetVersion).where(DatasetVersion.name == row.name, DatasetVersion.hash == hash_)
    standing = session.scalar(same)
    if standing is None:
        new = DatasetVersion(name=row.name, hash=hash_, parent_hash=row.parent_hash, payload=payload)
        new.author, new.created = row.author, row.created
        session.add(new)
    elif standing.parent_hash == row.hash:
        standing.parent_hash = row.parent_hash
    session.flush()
    children = update(DatasetVersion).where(DatasetVersion.name == row.name, DatasetVersion.parent_hash == row.hash)
    session.execute(children.values(parent_hash=hash_))
    row.payload, row.reduced_to = {}, hash_
    session.flush()
    audit(session, "reduce", "dataset", f"{row.name}@{row.hash}", hash_)
    return hash_
