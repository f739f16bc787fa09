"""A file that is read, or read again: its boxes and the workspace's brought together, all of the file or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, cast

from app.annotation.document import Annotation, Edit
from app.annotation.formats import Format, Page, Sheet, read
from app.annotation.merging import FileState, Merge, Prefer, merged
from app.common.errors import UserError
from app.datasets.exchange.box_files import Memory, PageOf, context_of, memory_of, remember, sha256
from app.datasets.journal import apply_edit, document
from app.datasets.layers import COMMON

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from db.tables import AnnotationFile

Label = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says now. ``pages``: by their place in the sheet, those whose photo is known, and what words mean."""

    data: bytes
    sheet: Sheet
    pages: Mapping[int, tuple[PageOf, Label]]
    context: Mapping[str, object]


def merge_file(
    session: Session, row: AnnotationFile, reading: Reading, prefer: Prefer = "nobody"
) -> dict[int, Edit | None]:
    """Merge the file with the boxes of its photos, and remember it. Gives by photo the edit that was made.

    ``row``: as it was read or written last, or a new one without content. The edits are journalled, so that the person
    at work can undo them.

    Raises:
        UserError: ``sidecar_conflict`` with the number of boxes that both sides changed, unless ``prefer`` says whose
            are meant; ``annotation_other_size``. Nothing was changed then.
    """
    if row.sha256 == sha256(reading.data) and row.context.get("classes") == reading.context.get("classes"):
        return {}
    old, before, after = old_sheet(row, reading), memory_of(row), Memory(row.id)
    merges: dict[int, Merge] = {}
    made: dict[int, dict[int, Annotation]] = {}
    for number, (one, label) in reading.pages.items():
        made[number] = one.boxes(row.id, label)
        was = _state_before(old, one, row.id, label)
        kept = before.stands_for(was.boxes)
        ours = document(session, one.image_id, COMMON)
        assert ours is not None
        merges[number] = merged(ours, kept, was, FileState(made[number], one.page.verified), prefer)
    conflicts = sum(m.conflicts for m in merges.values())
    if conflicts and prefer == "nobody":
        raise UserError("sidecar_conflict", file=PurePath(row.name).name, n=conflicts)
    edits: dict[int, Edit | None] = {}
    for number, (one, _) in reading.pages.items():
        after.put(made[number], merges[number].kept)
        edits[one.image_id] = edit = merges[number].edit
        if edit is not None:
            apply_edit(session, one.image_id, edit, COMMON)
    _follow(after, before, old, reading)
    remember(row, reading.data, after, reading.context)
    return edits


def old_sheet(row: AnnotationFile, reading: Reading) -> Sheet:
    """What the file said when it was read or written last; nothing for one that is new."""
    if not row.sha256:
        return Sheet(())
    pages = [one for one, _ in reading.pages.values()]
    stem = PurePath(row.name).stem
    sizes = {stem: (pages[0].width, pages[0].height)} if pages else {}
    label = next((label for _, label in reading.pages.values()), str)
    return read(cast("Format", row.format), row.content, row.name, context_of(row, label, sizes=sizes))


def _state_before(old: Sheet, one: PageOf, file: int, label: Label) -> FileState:
    page = page_called(old, one.page.image)
    if page is None:
        return FileState({})
    return FileState(PageOf(page, one.image_id, one.width, one.height).boxes(file, label), page.verified)


def page_called(sheet: Sheet, image: str) -> Page | None:
    """The page of that name; a file of one page has but that one, whatever its name."""
    if len(sheet.pages) == 1:
        return sheet.pages[0]
    return next((page for page in sheet.pages if page.image == image), None)


def _follow(after: Memory, before: Memory, old: Sheet, reading: Reading) -> None:
    """Pages whose photos nobody knows, as long as they say what they said."""
    for number, page in enumerate(reading.sheet.pages):
        was = None if number in reading.pages else page_called(old, page.image)
        if was is not None and len(was.shapes) == len(page.shapes):
            after.follow(before, was, page)
