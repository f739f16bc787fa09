"""Freezing datasets, and reading frozen ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.common.workspace import Workspace
from app.datasets.freezing.dividing import Division, divide
from app.datasets.freezing.frozen import FrozenDataset, content_hash, from_payload
from app.datasets.freezing.gathering import cleaning_of, dataset_of, gather, measure
from app.datasets.freezing.groups import linked_photos
from app.datasets.freezing.leakage import Leak, find_leaks
from app.datasets.freezing.splits import DEFAULT_SHARES, Part
from app.datasets.images import resolved
from app.datasets.people import actor_of, audit, require
from app.datasets.vocabulary import pack_in
from db.tables import Dataset, DatasetMember, DatasetVersion, utc_now

_SHOWN_LEAKS = 3


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One frozen version in a list, newest first.

    ``parent``: hash of the version before of that name. ``reduced_to``: hash of the version that took its place when
    patients were erased; its own content is gone then, and ``images`` is 0.
    """

    name: str
    hash: str
    images: int
    created: datetime
    author: str
    parent: str | None = None
    reduced_to: str | None = None

    @property
    def full_name(self) -> str:
        return f"{self.name}@{self.hash}"

    @property
    def reduced(self) -> bool:
        return self.reduced_to is not None


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
    by_centre: bool = False,
    checks: Mapping[str, int] | None = None,
    given: Mapping[int, Part] | None = None,
) -> FrozenDataset:
    """Freeze the dataset ``name``; a new name means every photo of the workspace that has a diagnosis or a box.

    Photos that somebody excluded stay out. The same content frozen again with the same seed is the same version.
    ``checks``: the versions of the parts of the checks, which the datasheet names (see ``part_versions``).
    ``given``: the part of each photo by its id, instead of ``shares``; leakage between them is refused all the same.

    Raises:
        UserError: ``dataset_empty``, ``leakage_found``, ``bad_split``, ``too_few_groups``, ``too_few_centres``,
            ``not_allowed``, and the images' own for a photo that cannot be read.
    """
    require(session, "freeze")
    check_name(name)
    dataset = dataset_of(session, name)
    gathered = gather(session, dataset)
    rows = gathered.rows
    if not rows:
        raise UserError("dataset_empty", dataset=name)
    session.add(dataset)
    measure(session, rows)
    links = linked_photos(session)
    divide(rows, Division(shares, fold_count, repeats, seed, by_centre, given), links)
    leaks = find_leaks(rows, links, by_centre)
    if leaks:
        raise leakage_error(leaks)
    cleaning = cleaning_of(session, gathered, checks or {})
    payload = {
        "pack": dataset.pack,
        "classes": list(pack_in(session, dataset.pack).keys),
        "seed": seed,
        "images": rows,
        **({"given_split": True} if given is not None else {}),
        **({"by_centre": True} if by_centre else {}),  # what is not there leaves the hash as it was
        **({"cleaning": cleaning} if cleaning else {}),
    }
    return _keep(session, name, payload)


def given_parts(session: Session, name: str) -> dict[int, Part] | None:
    """The parts that lists gave the newest version of ``name``, by photo; None where its parts were drawn.

    Raises:
        UserError: ``bad_dataset_name``.
    """
    check_name(name)
    v = DatasetVersion
    query = select(v.payload).where(v.name == name, v.reduced_to.is_(None)).order_by(*_NEWEST_FIRST).limit(1)
    payload = session.scalar(query)
    if not payload or not payload.get("given_split"):
        return None
    return {image["id"]: image["split"] for image in payload["images"]}


def leakage_error(leaks: Sequence[Leak]) -> UserError:
    shown = "; ".join(", ".join(leak.images[:_SHOWN_LEAKS]) for leak in leaks[:_SHOWN_LEAKS])
    return UserError("leakage_found", count=len(leaks), photos=shown)


def load_dataset(workspace: Workspace, dataset: str) -> FrozenDataset:
    """The frozen version behind "NAME" (the newest) or "NAME@HASH" (a beginning of at least 8 digits will do).

    Raises:
        UserError: ``no_such_dataset``, ``version_reduced`` (some of its patients were erased), ``version_changed``
            (its content does not fit its hash), or the database's.
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
    name, at, hash_ = dataset.partition("@")
    query = select(DatasetVersion).where(DatasetVersion.name == name).order_by(*_NEWEST_FIRST).limit(1)
    row = session.scalar(query.where(_matches(hash_) if at else DatasetVersion.reduced_to.is_(None)))
    if row is None:
        known = ", ".join(d.full_name for d in list_datasets(session) if not d.reduced)
        raise UserError("no_such_dataset", dataset=dataset, known=known or "-")
    if row.reduced_to is not None:
        raise UserError("version_reduced", dataset=f"{name}@{row.hash}", now=f"{name}@{_now(session, row)}")
    return _read(session, row)


def list_datasets(session: Session) -> tuple[DatasetRow, ...]:
    """All versions, also those that were reduced, newest first."""
    v = DatasetVersion
    images = func.coalesce(func.json_array_length(v.payload["images"]), 0)
    query = select(v.name, v.hash, images, v.created, v.author, v.parent_hash, v.reduced_to).order_by(*_NEWEST_FIRST)
    return tuple(DatasetRow(*row) for row in session.execute(query))


MOST_LETTERS = 100


def check_name(name: str) -> None:
    """Folders are named after it, on every system. Raises UserError ``bad_dataset_name``."""
    strange = any(c in '@/\\:*?"<>|' or not c.isprintable() for c in name)
    if not name.strip() or strange or name.startswith(".") or name.endswith(".") or len(name) > MOST_LETTERS:
        raise UserError("bad_dataset_name", dataset=name)


# What took a reduced version's place has its time: the newest of a name stays the newest.
_NEWEST_FIRST = (DatasetVersion.created.desc(), DatasetVersion.id.desc())


def _matches(hash_: str) -> Any:
    return DatasetVersion.hash.startswith(hash_, autoescape=True) if len(hash_) >= 8 else DatasetVersion.hash == hash_


def _now(session: Session, row: DatasetVersion) -> str:
    """The hash of what has taken the place of a version, perhaps over several steps."""
    while row.reduced_to is not None:
        same = select(DatasetVersion).where(DatasetVersion.name == row.name, DatasetVersion.hash == row.reduced_to)
        row = session.scalars(same).one()
    return row.hash


def changed_versions(session: Session) -> Iterator[UserError]:
    """``version_changed`` for each version that is no longer what was frozen."""
    for row in session.scalars(select(DatasetVersion).execution_options(yield_per=1)):
        if row.reduced_to is None and not _is_whole(row):
            yield _changed(row)


def _is_whole(row: DatasetVersion) -> bool:
    try:
        return content_hash(row.payload) == row.hash
    except (KeyError, TypeError, AttributeError):  # not even the form of a version
        return False


def _changed(row: DatasetVersion) -> UserError:
    return UserError("version_changed", dataset=f"{row.name}@{row.hash}")


def _read(session: Session, row: DatasetVersion) -> FrozenDataset:
    if not _is_whole(row):
        raise _changed(row)
    found = from_payload(row.name, row.hash, row.payload, partial(resolved, session))
    return replace(found, parent=row.parent_hash, author=row.author, created=row.created)


def _keep(session: Session, name: str, payload: dict[str, Any]) -> FrozenDataset:
    hash_ = content_hash(payload)
    of_name = select(DatasetVersion).where(DatasetVersion.name == name)
    row = session.scalar(of_name.where(DatasetVersion.hash == hash_))
    if row is None:
        newest = session.scalar(of_name.order_by(*_NEWEST_FIRST).limit(1))
        row = DatasetVersion(name=name, hash=hash_, payload=payload, author=actor_of(session).name)
        row.created, row.parent_hash = utc_now(), None
        if newest is not None:
            row.created = max(row.created, newest.created + timedelta(microseconds=1))  # also when a clock goes back
            row.parent_hash = newest.hash
        session.add(row)
        session.flush()
        audit(session, "freeze", "dataset", f"{name}@{hash_}", hash_)
    elif row.reduced_to is not None or not _is_whole(row):  # the very same photos are back
        row.payload, row.reduced_to = payload, None
        session.flush()
    return _read(session, row)
