"""Does anything of the training part come back in another? Looked at in the finished split, whoever made it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

LeakKind = Literal[
    "patient", "lesion", "duplicate", "near_duplicate", "centre", "patient_in_folds", "one_photo_two_patients"
]


@dataclass(frozen=True, slots=True)
class Leak:
    """``images``: the names of the photos that share what ``kind`` says; ``ids``: theirs, in the same order."""

    kind: LeakKind
    images: tuple[str, ...]
    ids: tuple[int, ...] = ()


def find_leaks(
    images: Sequence[Mapping[str, Any]], links: Iterable[Iterable[int]] = (), by_centre: bool = False
) -> tuple[Leak, ...]:
    """Leaks among frozen images (payload rows: id, name, patient, lesion, sha256, group, split, folds, meta).

    ``links``: ids of photos that are copies of each other or show one lesion, whoever said so. ``by_centre``: a centre
    on both sides is a leak too.
    """
    return (
        *_across("patient", ("patient",), images),
        *_across("lesion", ("lesion", "patient"), images),
        *_across("duplicate", ("sha256",), images),
        *_across_links(images, links),
        *(_across_centres(images) if by_centre else ()),
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


def _across_links(images: Sequence[Mapping[str, Any]], links: Iterable[Iterable[int]]) -> Iterator[Leak]:
    known = {image["id"]: image for image in images} if links else {}
    for link in links:
        members = [known[i] for i in sorted(link) if i in known]
        if len({(m["split"], tuple(m["folds"])) for m in members}) > 1:
            yield _leak("near_duplicate", members)


def _across_centres(images: Sequence[Mapping[str, Any]]) -> Iterator[Leak]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for image in images:
        found[image["meta"].get("centre") or ""].append(image)
    for members in found.values():
        if len({m["split"] for m in members}) > 1:
            yield _leak("centre", members)


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
    return Leak(kind, tuple(m["name"] for m in members), tuple(m.get("id", 0) for m in members))
