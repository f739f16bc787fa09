"""Examining one photo: the parts of the checks over its pixels, and what was measured as plain values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from app.cleaning.checks import Part
from app.cleaning.findings import FLOOR, Finding, Found, clipped
from app.cleaning.subject import LabelledBox, Subject
from app.common.errors import UserError

UNREADABLE = "unreadable"
FILE = "file"
"""The part that stands for reading the file at all."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of the set that is cleaned, as far as a database or a folder knows it."""

    id: int
    path: Path
    name: str
    boxes: tuple[LabelledBox, ...] = ()
    case_id: int | None = None
    patient: str | None = None
    lesion: str | None = None
    label: str | None = None  # key of the pack: the photo's disease
    facts: Mapping[str, object] | None = None  # age, sex, site, centre, history, pathology, diagnosis_source
    answer: Mapping[str, Any] | None = None  # what a model last said of it: the contract's answer of `diagnose`
    verified: bool = False  # somebody is through with its boxes
    flat: tuple[LabelledBox, ...] = ()  # boxes without area: no part looks at them, box_suspects names them


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in one photo, by part; ``sha256`` is "" where the file could not be read."""

    photo: Photo
    sha256: str
    width: int
    height: int
    found: Mapping[str, Found]

    def blob(self, part: str) -> bytes | None:
        return self.found[part].blob if part in self.found else None

    def findings(self) -> tuple[Finding, ...]:
        return tuple(f for found in self.found.values() for f in found.findings)


def examine(photo: Photo, parts: Sequence[Part]) -> Examined:
    """Look at one photo. A photo that cannot be read is a finding, never an error; ``found`` then holds only that."""
    try:
        subject = Subject.read(photo.path, photo.boxes, photo.name)
        found = {FILE: Found(), **{part.name: _kept(_run(part, subject), part) for part in parts}}
        if not parts:
            _ = subject.small  # what breaks off shows only when it is decoded
    except UserError as error:
        return Examined(photo, "", 0, 0, {FILE: Found((unreadable(error, photo.name),))})
    return Examined(photo, hashlib.sha256(subject.data).hexdigest(), subject.width, subject.height, found)


def unreadable(error: UserError, name: str = "") -> Finding:
    """``name``: of the photo, where the error knows only bytes without one."""
    if name and "file" in error.facts:
        error = UserError(error.code, **{**error.facts, "file": name})
    return Finding(UNREADABLE, 1.0, "check.unreadable.why", {"reason": _both(error)})


def stamp(part: Part, photo: Photo, file: str) -> str:
    """What a result holds for: the part's version, the file (as the caller tells it apart), and boxes if they count."""
    boxes = [(*b.box.as_list(), b.label) for b in photo.boxes] if part.boxes else ()
    return hashlib.sha256(repr((part.name, part.version, file, boxes)).encode()).hexdigest()[:32]


def file_stamp(path: Path) -> str:
    """Size and time of the file; "-" where there is none."""
    try:
        status = path.stat()
    except OSError:
        return "-"
    return f"{status.st_size}:{status.st_mtime_ns}"


def _run(part: Part, subject: Subject) -> Found:
    result = import_module(part.module).examine(subject)
    assert isinstance(result, Found)
    return result


def _kept(found: Found, part: Part) -> Found:
    """What is worth a row; nothing that the part did not announce."""
    findings = tuple([clipped(f) for f in found.findings if f.score >= FLOOR])
    strange = {f.check for f in findings} - set(part.checks)
    assert not strange, f"{part.name} does not announce {strange}"
    return Found(findings, found.measured, found.blob)


def only(examined: Examined, checks: Iterable[str]) -> tuple[Finding, ...]:
    wanted = set(checks)
    return tuple(f for f in examined.findings() if f.check in wanted)


def _both(error: UserError) -> dict[str, str]:
    """The error's sentence in both languages, since a finding outlives the choice of one."""
    from app.common.words import catalogue

    sentences = catalogue()[f"error.{error.code}.what"]
    return {name: sentence.format(**error.facts) for name, sentence in sentences.items()}
