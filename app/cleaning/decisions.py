"""What people do about findings: every decision has who, when and why, and can be taken back.

A photo is in or out, and masked or not, by nothing else than the decisions that count (:func:`effects`): of each check
the last one. Relabelling and merging change boxes, cases and lesions too (:mod:`app.cleaning.consequences`).

Undo is a person's own, batch by batch. What somebody else has decided anew, or changed, since then stays as it is now;
the next undo goes on to the batch before. Every function takes an open session; what changes something needs a writing
one, whose actor is the person who decides.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.cleaning import consequences
from app.cleaning.records import DecisionRecord, Item, Kind, Walked
from app.common.errors import UserError
from app.datasets.people import RIGHTS, actor_of, audit, require
from db.tables import Decision, Image, User, utc_now

KINDS: tuple[Kind, ...] = get_args(Kind)
DONE, UNDONE, DROPPED, KEPT = "done", "undone", "dropped", "kept"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Effects:
    """``excluded``: the check for which a photo is out, None while it is in; ``masks``: rectangles to be covered."""

    excluded: str | None = None
    masks: tuple[tuple[float, ...], ...] = ()


def effects(decisions: Iterable[DecisionRecord]) -> Effects:
    """What the decisions about one photo that count add up to: of each check the last one, by id.

    To ask for a second opinion changes nothing until it is given.
    """
    last: dict[str, DecisionRecord] = {}
    for one in sorted((d for d in decisions if d.undone is None and d.kind != "second_opinion"), key=lambda d: d.id):
        last.pop(one.check, None)
        last[one.check] = one
    out = [d.check for d in last.values() if d.kind == "exclude" or (d.kind == "merge" and d.payload.get("excluded"))]
    boxes = [tuple(map(float, b)) for d in last.values() if d.kind == "mask" for b in d.payload["boxes"]]
    return Effects(out[-1] if out else None, tuple(dict.fromkeys(boxes)))


def decide(
    session: Session, items: Sequence[Item], kind: Kind, note: str = "", payload: Mapping[str, Any] | None = None
) -> str:
    """Store one decision about all ``items``; gives the batch, which is undone at one stroke.

    ``payload``: for "mask" optionally ``boxes`` (lists of four pixels of the upright photo; without them the finding's
    own), for "relabel" ``label``, for "merge" ``best`` (the photo that stays), for "second_opinion" ``to`` (a person).

    Raises:
        UserError: ``not_allowed``, ``no_such_image``; ``nothing_to_mask``; ``relabel_against_pathology``,
            ``relabel_same``, ``relabel_nothing``; ``merge_needs_two``, ``merge_one_patient``;
            ``second_opinion_from``. Nothing is stored then.
    """
    require(session, "clean")
    asked = dict(payload or {})
    if kind == "second_opinion":
        _check_person(session, str(asked.get("to", "")))
    if kind == "merge" and len(items) < 2:
        raise UserError("merge_needs_two")
    assert kind != "merge" or asked["best"] in [image_id for image_id, _ in items], "the best is one of them"
    person = actor_of(session).name
    _forget_undone(session, person)
    batch = uuid.uuid4().hex
    acted = [consequences.act(session, image_id, check, kind, asked) for image_id, check in items]
    if kind == "merge" and items[0][1] == "patient_duplicate" and not any(a.get("cases") for a in acted):
        raise UserError("merge_one_patient")
    for (image_id, check), stored in zip(items, acted, strict=True):
        row = Decision(batch=batch, image_id=image_id, check_key=check, kind=kind, payload=stored)
        row.note, row.actor, row.state = note.strip(), person, DONE
        session.add(row)
    session.flush()
    _bring_about(session, [image_id for image_id, _ in items])
    audit(session, f"clean.{kind}", "decision", batch, [*map(list, items)])
    return batch


def undo_decision(session: Session) -> Walked | None:
    """Take back what the session's person decided last; None when there is nothing left."""
    return _walk(session, back=True)


def redo_decision(session: Session) -> Walked | None:
    """Decide again what the person took back last; None if there is nothing."""
    return _walk(session, back=False)


def undoable(session: Session) -> tuple[bool, bool]:
    """Whether the session's person can undo and redo."""
    mine = Decision.actor == session.info.get("actor")
    undo, redo = (bool(session.scalar(select(exists().where(mine, Decision.state == s)))) for s in (DONE, UNDONE))
    return undo, redo


def decisions_of(session: Session, image_id: int) -> tuple[DecisionRecord, ...]:
    """All that was decided about a photo, what was taken back too, the newest first."""
    query = select(Decision).where(Decision.image_id == image_id).order_by(Decision.id.desc())
    return tuple(map(_record, session.scalars(query)))


def persons_to_ask(session: Session, person: str) -> tuple[str, ...]:
    """Whose second opinion ``person`` may ask for."""
    may = User.role.in_(sorted(RIGHTS["clean"]))
    query = select(User.name).where(User.active, User.name != person, may).order_by(User.name)
    return tuple(session.scalars(query))


def _check_person(session: Session, to: str) -> None:
    if to not in persons_to_ask(session, actor_of(session).name):
        raise UserError("second_opinion_from", person=to)


def _forget_undone(session: Session, person: str) -> None:
    undone = (Decision.actor == person, Decision.state == UNDONE)
    session.execute(update(Decision).where(*undone).values(state=DROPPED))


def _bring_about(session: Session, image_ids: Iterable[int]) -> None:
    """Make the photos what the decisions about them say."""
    ids = list(dict.fromkeys(image_ids))
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        counting = select(Decision).where(Decision.image_id.in_(chunk), Decision.undone.is_(None))
        by_photo: dict[int, list[DecisionRecord]] = {i: [] for i in chunk}
        for row in session.scalars(counting):
            by_photo[row.image_id].append(_record(row))
        for image in session.scalars(select(Image).where(Image.id.in_(chunk))):
            found = effects(by_photo[image.id])
            image.excluded, image.masks = found.excluded, [list(b) for b in found.masks]
    session.flush()


def _walk(session: Session, *, back: bool) -> Walked | None:
    """Undo for the last batch that is done, redo for the one that was undone last."""
    require(session, "clean")
    rows = _next_batch(session, actor_of(session).name, back=back)
    if not rows:
        return None
    refused = None
    for row in reversed(rows) if back else rows:
        reason = _overruled(session, row) or consequences.walk(session, row, back=back)
        if reason is not None:
            refused, row.state = reason, KEPT if back else DROPPED
        elif back:
            row.state, row.undone, row.undone_by = UNDONE, utc_now(), row.actor
        else:
            row.state, row.undone, row.undone_by = DONE, None, None
    session.flush()
    ids = tuple(row.image_id for row in rows)
    _bring_about(session, ids)
    audit(session, "clean.undo" if back else "clean.redo", "decision", rows[0].batch)
    return Walked(_kind(rows[0].kind), rows[0].check_key, ids, back, refused)


def _next_batch(session: Session, person: str, *, back: bool) -> Sequence[Decision]:
    state = DONE if back else UNDONE
    mine = (Decision.actor == person, Decision.state == state)
    order = Decision.id.desc() if back else Decision.id.asc()  # of the undone ones the oldest was undone last
    batch = session.scalar(select(Decision.batch).where(*mine).order_by(order).limit(1))
    if batch is None:
        return ()
    return session.scalars(select(Decision).where(Decision.batch == batch, *mine).order_by(Decision.id)).all()


def _overruled(session: Session, row: Decision) -> UserError | None:
    """Somebody else has decided about the same finding since."""
    later = (Decision.image_id == row.image_id, Decision.check_key == row.check_key, Decision.id > row.id)
    other = select(Decision.actor).where(*later, Decision.undone.is_(None), Decision.actor != row.actor).limit(1)
    who = session.scalar(other)
    return None if who is None else UserError("decided_by_other", person=who)


def _record(row: Decision) -> DecisionRecord:
    return DecisionRecord(
        row.id, row.batch, row.image_id, row.check_key, _kind(row.kind), row.note, row.actor, row.at, row.undone,
        row.undone_by or "", row.payload,
    )  # fmt: skip


def _kind(word: str) -> Kind:
    return next(k for k in KINDS if k == word)
