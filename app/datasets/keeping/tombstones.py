"""Tombstones: a workspace knows a patient again whom it has erased, without keeping the code.

The mark is a salted, deliberately slow hash. The salt is one for all tombstones of a workspace and lies beside them, so
that a table of many patients costs one hash for each of them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import ErasedPatient

_COST = {"n": 1 << 13, "r": 8, "p": 1, "dklen": 32}
"""Some 20 ms each: who has the database and guesses short codes is held up, a table of 1,000 patients takes 20 s."""


def mark_of(session: Session, code: str) -> str:
    """What a tombstone keeps of a patient's code."""
    return _mark(code, _salt(session) or secrets.token_hex(16))


def erased_codes(session: Session, codes: Iterable[str]) -> frozenset[str]:
    """Those of ``codes`` that belong to patients who were erased here."""
    salt = _salt(session)
    if salt is None:
        return frozenset()
    marks = set(session.scalars(select(ErasedPatient.mark)))
    return frozenset(code for code in set(codes) if _mark(code, salt) in marks)


def _salt(session: Session) -> str | None:
    mark = session.scalar(select(ErasedPatient.mark).order_by(ErasedPatient.id).limit(1))
    return None if mark is None else mark.partition("$")[0]


def _mark(code: str, salt: str) -> str:
    return f"{salt}${hashlib.scrypt(code.strip().encode(), salt=bytes.fromhex(salt), **_COST).hex()}"
