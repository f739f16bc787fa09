"""Who does what: the actor of a session, rights, and the hash-chained audit."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.datasets.records import UserRecord
from db.tables import AuditEntry, User, utc_now

START = "0" * 64
OWNER = "owner"
RIGHTS: dict[str, frozenset[str]] = {
    "annotate": frozenset({OWNER, "doctor", "annotator"}),
    "edit_case": frozenset({OWNER, "doctor"}),
    "import": frozenset({OWNER, "doctor", "scientist"}),
    "freeze": frozenset({OWNER, "scientist"}),
    "train": frozenset({OWNER, "scientist"}),
    "review": frozenset({OWNER, "doctor"}),
}


def actor_of(session: Session) -> User:
    """The person behind a writing session, registered at the first change.

    There is no screen yet to give roles, so whoever can open the workspace may do everything.
    """
    found = session.info.get("user")
    if isinstance(found, User):
        return found
    name = session.info["actor"]
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        user = User(name=name, role=OWNER)
        session.add(user)
        session.flush()
    session.info["user"] = user
    return user


def users(session: Session) -> tuple[UserRecord, ...]:
    rows = session.scalars(select(User).order_by(User.name))
    return tuple(UserRecord(u.id, u.name, u.role, u.active) for u in rows)


def require(session: Session, right: str) -> None:
    """Pass if the session's person may do this.

    Raises:
        UserError: ``not_allowed``.
        KeyError: for a right that nobody defined.
    """
    user = actor_of(session)
    if not user.active or user.role not in RIGHTS[right]:
        raise UserError("not_allowed", person=user.name)


def payload_hash(payload: object) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def audit(session: Session, action: str, entity: str, entity_id: object, payload: Any = None) -> None:
    """Append one link; only the payload's hash is kept, so erasing a patient leaves the chain whole."""
    person = actor_of(session).name
    last = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or START
    at = utc_now()
    digest = None if payload is None else payload_hash(payload)
    link = _link(last, at, person, action, entity, str(entity_id), digest)
    session.add(
        AuditEntry(
            at=at,
            actor=person,
            action=action,
            entity=entity,
            entity_id=str(entity_id),
            payload_hash=digest,
            previous=last,
            hash=link,
        )
    )
    session.flush()


def broken_link(session: Session) -> int | None:
    """The id of the first audit entry that does not follow from the one before it, None while the chain is whole."""
    previous = START
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)):
        expected = _link(
            previous, entry.at, entry.actor, entry.action, entry.entity, entry.entity_id, entry.payload_hash
        )
        if entry.previous != previous or entry.hash != expected:
            return entry.id
        previous = entry.hash
    return None


def _link(previous: str, at: datetime, actor: str, action: str, entity: str, entity_id: str, digest: str | None) -> str:
    return payload_hash([previous, at.isoformat(), actor, action, entity, entity_id, digest])
