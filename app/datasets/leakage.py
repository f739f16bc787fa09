"""Does anything of the training part come back in another? Looked at in the finished split, whoever made it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

LeakKind = Literal["patient", "lesion", "duplicate", "patient_in_folds", "one_photo_two_patients"]


@dataclass(frozen=True, slots=True)
class Leak:
    """``images``: the names of the photos that share what ``kind`` says."""

    kind: LeakKind
    images: tuple[str, ...]


def find_leaks(images: Sequence[Mapping[str, Any]]) -> tuple[Leak, ...]:
    """Leaks among frozen images (payload rows: name, patient, lesion, sha256, split, folds)."""
    return (
        *_across("patient", ("patient",), images),
        *_across("lesion", ("lesion", "patient"), images),
        *_across("duplicate", ("sha256",), images),
        *_across_folds(images),
        *_two_patients(images),
    )


def _shared(keys: Sequence[str], images: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    found: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for image in images:
        if image[keys[0]] is not None:
            found[tuple(image[k] for k in keys)].append(image)
    return (members for members in found.values() if len(members) > 1)


def _across(kind: LeakKind, keys: Sequence[str], images: Sequence[Mapping[str, Any]]) -> Iterator[Leak]:
    for members in _shared(keys, images):
        if len({m["split"] for m in members}) > 1:
            yield _leak(kind, members)


def _across_folds(images: Sequence[Mapping[str, Any]]) -> Iterator[Leak]:
    for members in _shared(("group",), images):
        if len({tuple(m["folds"]) for m in members}) > 1:
            yield _leak("patient_in_folds", members)


def _two_patients(images: Sequence[Mapping[str, Any]]) -> Iterator[Leak]:
    """The same file under two patients: one of the two is wrong, and nobody knows which."""
    for members in _shared(("sha256",), images):
        if len({m["patient"] for m in members}) > 1:
            yield _leak("one_photo_two_patients", members)


def _leak(kind: LeakKind, members: Sequence[Mapping[str, Any]]) -> Leak:
    return Leak(kind, tuple(m["name"] for m in members))
