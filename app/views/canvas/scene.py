"""What the canvas shows, as a value: document, suggestions and answers, and what each box's tag says. Knows no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from app.annotation import edits
from app.annotation.document import Annotation, Document, Ring, Suggestion
from app.annotation.same_place import SamePlaces
from app.common.geometry import Box
from app.common.packs import Pack
from app.common.words import percent, text

NO_LABEL_COLOUR = "#F2F2F2"


@dataclass(frozen=True, slots=True)
class Reading:
    """The classifier's first answer for a box that a person drew: shown in the tag while the box has no label."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Item:
    """One box to be drawn, in photo pixels; a suggestion is dashed. ``sure``: a person has said what it is."""

    id: str
    box: Box
    colour: str
    dashed: bool
    sure: bool
    tag: str
    short: str = ""  # the number alone, for where tags would hide the skin
    outline: tuple[Ring, ...] = ()  # drawn inside the box, in its own frame


@dataclass(frozen=True)
class Scene:
    document: Document | None = None
    suggestions: tuple[Suggestion, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)
    pack: Pack | None = None
    min_score: float = 0.5
    boxes: bool = True
    tags: bool = True
    line: str = ""  # one colour for every box, where the diseases' own are hard to see; "" for theirs

    def changed(self, **changes: Any) -> Scene:
        """Another scene, which takes over the items that stay the same; without ``changes`` it takes over nothing."""
        new = replace(self, **changes)
        if changes and not changes.keys() & {"pack", "line"}:
            new.__dict__["_made"] = self._made
        if "suggestions" not in changes:
            new.__dict__["_places"] = self._places
        return new

    @cached_property
    def shown(self) -> tuple[Suggestion, ...]:
        return edits.shown(self.document or Document(0, 0), self.suggestions, self.min_score, self._places)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        return edits.numbering(self.document or Document(0, 0), self.suggestions, self._places)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """What is drawn: suggestions first, so that a person's boxes lie above them."""
        if not self.boxes:
            return ()
        annotations = self.document.annotations if self.document else ()
        return (*map(self._suggestion_item, self.shown), *map(self._annotation_item, annotations))

    @cached_property
    def _places(self) -> SamePlaces:
        return SamePlaces(self.suggestions)

    @cached_property
    def _made(self) -> dict[str, tuple[object, Item]]:
        """By a box's id: what its item was made of, and the item. Passed on from scene to scene."""
        return {}

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        return {item.id: item for item in self.items}

    def find(self, id_: str) -> Box | None:
        item = self.by_id.get(id_)
        return item.box if item else None

    @cached_property
    def _looks(self) -> dict[str, tuple[str, str]]:
        return {}

    def look(self, label: str) -> tuple[str, str]:
        """The label in the person's language and its colour; a word that the pack does not know stays as it is."""
        if label not in self._looks:
            known = self.pack.resolve(label) if self.pack and label else None
            disease = self.pack.disease(known) if self.pack and known else None
            name, colour = (str(disease.name), disease.colour) if disease else (label, NO_LABEL_COLOUR)
            self._looks[label] = name, self.line or colour
        return self._looks[label]

    def _suggestion_item(self, one: Suggestion) -> Item:
        name, colour = self.look(one.label)
        return Item(one.id, one.box, colour, True, False, _scored(one.number, name, one.score), str(one.number))

    def _annotation_item(self, one: Annotation) -> Item:
        made_of = (one, self.numbers[one.id], self.readings.get(one.id))
        before = self._made.get(one.id)
        if before is None or before[0] != made_of:
            before = self._made[one.id] = (made_of, self._new_item(*made_of))
        return before[1]

    def _new_item(self, one: Annotation, number: int, reading: Reading | None) -> Item:
        name, colour = self.look(one.label or (reading.label if reading else ""))
        if one.label or not reading:
            tag = text("canvas.tag", number=number, name=name or text("canvas.no_label"))
        else:
            tag = _scored(number, name, reading.score)
        if one.difficult:
            tag = text("canvas.tag_difficult", tag=tag)
        return Item(one.id, one.box, colour, False, bool(one.label), tag, str(number), one.outline)


def _scored(number: int, name: str, score: float) -> str:
    return text("canvas.tag_scored", number=number, name=name, percent=percent(score))
