"""Errors and warnings between processes: codes and facts, so that the window says them in its own language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.common.errors import UserError
from app.common.packs import Bilingual
from app.inference.diagnosis import Caution, Diagnosis


def pack_error(error: UserError) -> dict[str, Any]:
    return {"code": error.code, "facts": _packed(error.facts)}


def read_error(raw: Mapping[str, Any]) -> UserError:
    return UserError(raw["code"], **_unpacked(raw["facts"]))


def pack_diagnosis(diagnosis: Diagnosis, image: str) -> dict[str, Any]:
    """The contract's record, each warning with its ``facts``, and with each lesion the detector's own disease."""
    raw = diagnosis.as_json(image)
    for record, caution in zip(raw["warnings"], diagnosis.warnings, strict=True):
        record["facts"] = _packed(caution.facts)
    for record, lesion in zip(raw["lesions"], diagnosis.lesions, strict=True):
        record["detector_disease"] = lesion.detector_disease
    return raw


def read_caution(raw: Mapping[str, Any]) -> Caution:
    """A warning of a diagnosis, whose ``text`` follows the language."""
    return Caution(raw["code"], _unpacked(raw.get("facts", {})))


def _packed(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in facts.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Bilingual):
        return {"en": value.en, "zh": value.zh}
    return value if isinstance(value, int | float | str) else str(value)


def _unpacked(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: Bilingual(**value) if isinstance(value, dict) else value for key, value in facts.items()}
