"""Versions without the photos of a patient who was erased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.datasets.freezing.frozen import content_hash
from app.datasets.freezing.groups import group_name
from app.datasets.people import audit
from db.tables import DatasetVersion


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
    payload = {**row.payload, "images": _named_anew(kept)}
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


def _named_anew(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A group of several patients may have been called after the one who is gone."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["group"]].append(row)
    names = {group: group_name(members) for group, members in groups.items()}
    return [{**row, "group": names[row["group"]]} for row in rows]
