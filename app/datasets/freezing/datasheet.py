"""The datasheet of a frozen version: who, when, how many of what, and what was left out. Numbers; pure.

After Gebru et al., "Datasheets for Datasets" (CACM 2021), as far as a program can know the answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from app.common import tones
from app.datasets.freezing.frozen import Cleaning, FrozenDataset, FrozenImage
from app.datasets.freezing.leakage import find_leaks
from app.datasets.freezing.splits import PARTS, Part

Field = Literal["tone", "age", "sex", "site", "centre"]
FIELDS: tuple[Field, ...] = ("tone", "age", "sex", "site", "centre")
UNKNOWN = "unknown"
REST = "rest"
"""The group of all values of a field that are too rare for a row of their own."""
SEVERAL = "several"
"""Stands for the disease of photos whose boxes are of several; also where nobody said one."""

_MOST_GROUPS = 12
_AGES = ((0, 17), (18, 39), (40, 64), (65, 200))


@dataclass(frozen=True, slots=True)
class Count:
    """``patients``: codes; photos of no known patient count by what a split keeps together (lesion, copies, photo)."""

    photos: int
    patients: int
    boxes: int


@dataclass(frozen=True, slots=True)
class DiseaseRow:
    """One disease (a key of the pack, "other" or SEVERAL) in each part; ``boxes`` are of the disease, in any photo."""

    disease: str
    parts: Mapping[Part, Count]
    all: Count


@dataclass(frozen=True, slots=True)
class Coverage:
    """Photos per disease and group of a field; ``groups`` in the order to show, UNKNOWN last.

    Ages are "0-17", ... in years, tones the groups of :mod:`app.common.tones`, the others as the cases say them.
    """

    field: Field
    groups: tuple[str, ...]
    photos: Mapping[str, Mapping[str, int]]  # disease -> group -> photos

    @property
    def known(self) -> int:
        """Photos of which the field is known."""
        return sum(n for of in self.photos.values() for group, n in of.items() if group != UNKNOWN)

    def of_group(self, group: str) -> int:
        return sum(of.get(group, 0) for of in self.photos.values())


@dataclass(frozen=True, slots=True)
class Datasheet:
    """``missing``: (disease, part) without a single photo. ``leaks``: 0, or it could not have been frozen."""

    dataset: str
    hash: str
    pack: str
    parent: str | None
    author: str
    created: datetime | None
    seed: int
    by_centre: bool
    folds: int
    repeats: int
    total: Count
    parts: Mapping[Part, Count]
    diseases: tuple[DiseaseRow, ...]
    missing: tuple[tuple[str, Part], ...]
    cleaning: Cleaning
    coverage: tuple[Coverage, ...]
    masked: int
    synthetic: int
    without_patient: int
    leaks: int

    def as_json(self) -> dict[str, Any]:
        plain = asdict(self)
        return {**plain, "created": self.created.isoformat() if self.created else None}


def datasheet_of(frozen: FrozenDataset) -> Datasheet:
    """All numbers of a version."""
    by_disease = _by_disease(frozen)
    rows = tuple(_row(disease, images, frozen) for disease, images in by_disease.items())
    parts = {part: _count(frozen.part(part)) for part in PARTS}
    used = [part for part in PARTS if parts[part].photos]
    return Datasheet(
        dataset=frozen.full_name,
        hash=frozen.hash,
        pack=frozen.pack,
        parent=frozen.parent,
        author=frozen.author,
        created=frozen.created,
        seed=frozen.seed,
        by_centre=frozen.by_centre,
        folds=1 + max((f for i in frozen.images for f in i.folds if f is not None), default=-1),
        repeats=max((len(i.folds) for i in frozen.images), default=0),
        total=_count(frozen.images),
        parts=parts,
        diseases=rows,
        missing=tuple((r.disease, p) for r in rows if r.all.photos for p in used if not r.parts[p].photos),
        cleaning=frozen.cleaning,
        coverage=tuple(_coverage(field, by_disease) for field in FIELDS),
        masked=sum(bool(i.masks) for i in frozen.images),
        synthetic=sum(i.synthetic for i in frozen.images),
        without_patient=sum(i.patient is None for i in frozen.images),
        leaks=len(find_leaks([_leak_row(i) for i in frozen.images], by_centre=frozen.by_centre)),
    )


def _by_disease(frozen: FrozenDataset) -> dict[str, list[FrozenImage]]:
    """Diseases of the pack in its order, also those without a photo; then what else there is."""
    found: dict[str, list[FrozenImage]] = {disease: [] for disease in frozen.classes}
    for image in sorted(frozen.images, key=lambda i: (i.label is None, i.label or "")):
        found.setdefault(image.label or SEVERAL, []).append(image)
    return found


def _row(disease: str, images: Sequence[FrozenImage], frozen: FrozenDataset) -> DiseaseRow:
    boxes = Counter(i.split for i in frozen.images for _, label in i.boxes if label == disease)
    parts = {p: _count([i for i in images if i.split == p], boxes[p]) for p in PARTS}
    return DiseaseRow(disease, parts, _count(images, boxes.total()))


def _count(images: Sequence[FrozenImage], boxes: int | None = None) -> Count:
    found = sum(len(i.boxes) for i in images) if boxes is None else boxes
    return Count(len(images), len({i.patient or i.group for i in images}), found)


def _coverage(field: Field, by_disease: Mapping[str, Sequence[FrozenImage]]) -> Coverage:
    group = _GROUPS[field]
    counted = {disease: Counter(group(i) for i in images) for disease, images in by_disease.items() if images}
    whole = sum(counted.values(), Counter[str]())
    shown = _order(field, whole)
    if rest := set(whole) - set(shown) - {UNKNOWN}:
        for of in counted.values():
            of[REST] = sum(of.pop(name, 0) for name in rest)
        shown = [*shown, REST]
    groups = (*shown, *([UNKNOWN] if whole[UNKNOWN] else ()))
    return Coverage(field, groups, {d: {g: of[g] for g in groups} for d, of in counted.items()})


def _order(field: Field, whole: Counter[str]) -> list[str]:
    names = [name for name in whole if name != UNKNOWN]
    if field == "age":
        return [name for name in map(_years, _AGES) if name in names]
    if field == "tone":
        return [name for name in tones.GROUPS if name in names]
    return sorted(names, key=lambda n: (-whole[n], n))[:_MOST_GROUPS]


def _age(image: FrozenImage) -> str:
    age = image.meta.get("age")
    if not isinstance(age, int | float):
        return UNKNOWN
    return next((_years(span) for span in _AGES if span[0] <= age < span[1] + 1), UNKNOWN)


def _years(span: tuple[int, int]) -> str:
    return f"{span[0]}-{span[1]}" if span is not _AGES[-1] else f"{span[0]}+"


def _plain(field: Field) -> Callable[[FrozenImage], str]:
    return lambda image: str(image.meta.get(field) or UNKNOWN)


_GROUPS: dict[Field, Callable[[FrozenImage], str]] = {
    "tone": _plain("tone"),
    "age": _age,
    "sex": _plain("sex"),
    "site": _plain("site"),
    "centre": _plain("centre"),
}


def _leak_row(image: FrozenImage) -> dict[str, Any]:
    names: Iterable[str] = ("id", "name", "patient", "lesion", "sha256", "group", "split", "folds", "meta")
    return {name: getattr(image, name) for name in names}
