"""Who does what: the actor of a session, rights, and the hash-chained audit."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.datasets.records import UserRecord
from db.tables import AuditEntry, User, utc_now

START = "0" * 64
OWNER = "owner"
ROLES = (OWNER, "doctor", "annotator", "scientist")
RIGHTS: dict[str, frozenset[str]] = {
    "annotate": frozenset({OWNER, "doctor", "annotator"}),
    "edit_case": frozenset({OWNER, "doctor"}),
    "import": frozenset({OWNER, "doctor", "scientist"}),
    "clean": frozenset({OWNER, "doctor", "scientist"}),
    "erase": frozenset({OWNER}),
    "freeze": frozenset({OWNER, "scientist"}),
    "train": frozenset({OWNER, "scientist"}),
    "people": frozenset({OWNER}),
    "review": frozenset({OWNER, "doctor"}),
}


def actor_of(session: Session) -> User:
    """The person behind a writing session, registered at the first change.

    There is no logging in yet: whoever opens the workspace under a name that nobody was given is an owner.
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


def add_person(session: Session, name: str, role: str) -> UserRecord:
    """Somebody new who will work here.

    Raises:
        UserError: ``person_without_name``, ``person_there`` when the name is taken, ``not_allowed``.
    """
    require(session, "people")
    name = " ".join(name.split())[:200]
    if not name:
        raise UserError("person_without_name")
    if session.scalar(select(User.id).where(User.name == name)) is not None:
        raise UserError("person_there", person=name)
    user = User(name=name, role=_role(role))
    session.add(user)
    session.flush()
    audit(session, "person.add", "user", user.id, {"role": role})
    return UserRecord(user.id, user.name, user.role, user.active)


def change_person(session: Session, name: str, role: str, active: bool) -> UserRecord:
    """Another role, or off the list of those who work here; what a person did stays theirs.

    Raises:
        UserError: ``no_such_person``, ``last_owner`` when nobody would be left who may do this, ``not_allowed``.
    """
    require(session, "people")
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        raise UserError("no_such_person", person=name)
    others = select(func.count()).where(User.role == OWNER, User.active, User.id != user.id)
    if (_role(role) != OWNER or not active) and not session.scalar(others):
        raise UserError("last_owner", person=name)
    user.role, user.active = role, active
    session.flush()
    audit(session, "person.change", "user", user.id, {"role": role, "active": active})
    return UserRecord(user.id, user.name, user.role, user.active)


def _role(role: str) -> str:
    if role not in ROLES:
        raise ValueError(f"no such role: {role}")
    return role


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
