"""What a workspace sets about each check: from which score on it counts, and whether it is wanted at all."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cleaning.checks import CHECKS, default_thresholds
from app.common.errors import UserError
from app.datasets.people import audit, require
from db.tables import CheckSetting


def set_threshold(session: Session, check: str, value: float) -> None:
    """From which score on the check's findings count here; the default is not stored.

    Raises:
        UserError: ``not_allowed``, ``unknown_check``.
    """
    setting = _setting(session, check)
    setting.threshold = min(1.0, max(0.0, value))
    _store(session, setting)


def set_active(session: Session, check: str, active: bool) -> None:
    """Whether the check is wanted here. Raises UserError ``not_allowed``, ``unknown_check``."""
    setting = _setting(session, check)
    setting.active = active
    _store(session, setting)


def switched_off(session: Session) -> frozenset[str]:
    """The checks that are not wanted here: what they find waits for nobody."""
    return frozenset(session.scalars(select(CheckSetting.check_key).where(CheckSetting.active.is_(False))))


def _setting(session: Session, check: str) -> CheckSetting:
    require(session, "clean")
    if check not in CHECKS:
        raise UserError("unknown_check", check=check, known=", ".join(CHECKS))
    found = session.get(CheckSetting, check)
    return found or CheckSetting(check_key=check, threshold=default_thresholds()[check], active=True)


def _store(session: Session, setting: CheckSetting) -> None:
    """A setting as the program comes with it needs no row, and follows its next version."""
    plain = setting.active and setting.threshold == default_thresholds()[setting.check_key]
    known = session.get(CheckSetting, setting.check_key) is not None
    if not plain:
        session.add(setting)
    elif known:
        session.delete(setting)
    session.flush()
    audit(session, "clean.setting", "check", setting.check_key, {"score": setting.threshold, "active": setting.active})
