"""Two versions beside each other: what came, what went, what is different. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from app.datasets.freezing.frozen import FrozenDataset, FrozenImage

Aspect = Literal["photo", "label", "boxes", "masks", "patient", "lesion", "facts"]


@dataclass(frozen=True, slots=True)
class Changed:
    """A photo that both versions hold, as the second has it, and in what it differs."""

    image: FrozenImage
    aspects: tuple[Aspect, ...]


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """``moved``: photos in another part or fold than before, changed or not. All in the order of the photos' ids."""

    before: str
    after: str
    added: tuple[FrozenImage, ...]
    removed: tuple[FrozenImage, ...]
    changed: tuple[Changed, ...]
    moved: tuple[FrozenImage, ...]

    def as_json(self) -> dict[str, Any]:
        """The contract's ``dataset diff``: a photo in another part or fold has changed too; ``changes`` says what."""
        what: dict[int, list[str]] = {c.image.id: list(c.aspects) for c in self.changed}
        images = {i.id: i for i in (*(c.image for c in self.changed), *self.moved)}
        for image in self.moved:
            what.setdefault(image.id, []).append("split")
        return {
            "added": [_named(image) for image in self.added],
            "removed": [_named(image) for image in self.removed],
            "changed": [{**_named(images[i]), "changes": what[i]} for i in sorted(images)],
        }


def diff(before: FrozenDataset, after: FrozenDataset) -> VersionDiff:
    """Photos are the same by their number in the workspace, so that a file that was replaced is a change."""
    old, new = ({image.id: image for image in d.images} for d in (before, after))
    both = sorted(old.keys() & new.keys())
    changed = (Changed(new[i], _aspects(old[i], new[i])) for i in both)
    return VersionDiff(
        before.full_name,
        after.full_name,
        added=tuple(new[i] for i in sorted(new.keys() - old.keys())),
        removed=tuple(old[i] for i in sorted(old.keys() - new.keys())),
        changed=tuple(c for c in changed if c.aspects),
        moved=tuple(new[i] for i in both if (old[i].split, old[i].folds) != (new[i].split, new[i].folds)),
    )


def _aspects(old: FrozenImage, new: FrozenImage) -> tuple[Aspect, ...]:
    pairs: tuple[tuple[Aspect, Any, Any], ...] = (
        ("photo", old.sha256, new.sha256),
        ("label", old.label, new.label),
        ("boxes", old.boxes, new.boxes),
        ("masks", old.masks, new.masks),
        ("patient", old.patient, new.patient),
        ("lesion", old.lesion, new.lesion),
        ("facts", old.meta, new.meta),
    )
    return tuple(name for name, was, is_ in pairs if was != is_)


def _named(image: FrozenImage) -> dict[str, Any]:
    return {"image": str(image.path), "id": image.id}
