"""What happened to a box, in words: who did what, from what to what."""

from __future__ import annotations

from datetime import datetime

from app.annotation.document import Annotation
from app.common.geometry import Box
from app.common.packs import Pack
from app.common.words import text
from app.datasets.records import BoxEvent
from app.views.workbench.reading import name_of
from app.views.workbench.step_words import edit_words


def event_words(event: BoxEvent, pack: Pack) -> str:
    """``disease named: eczema → psoriasis``; undone and redone steps say so."""
    said = _what(event, pack)
    said = said[:1].upper() + said[1:]
    if event.way == "undo":
        return text("history.undone", what=said)
    return text("history.redone", what=said) if event.way == "redo" else said


def _what(event: BoxEvent, pack: Pack) -> str:
    if event.kind == "import":
        return text("history.from_file", file=event.file) if event.file else text("history.came_with_photo")
    said = edit_words(event.kind)
    detail = event.comment or _change(event.before, event.after, pack)
    if event.kind == "verify" and event.verified is False:
        said = text("history.unverified")
    return text("history.with_detail", what=said, detail=detail) if detail else said


def _change(before: Annotation | None, after: Annotation | None, pack: Pack) -> str:
    if before is None or after is None:
        there = after or before
        return _name(there, pack) if there is not None and there.label else ""
    if before.label != after.label:
        return text("history.from_to", before=_name(before, pack), after=_name(after, pack))
    if before.box != after.box:
        return _moved(before.box, after.box)
    return ""


def _moved(before: Box, after: Box) -> str:
    """The size from and to; the way where only the place is another."""
    if abs(before.width - after.width) < 0.5 and abs(before.height - after.height) < 0.5:
        return text("history.by", dx=f"{after.x0 - before.x0:+.0f}", dy=f"{after.y0 - before.y0:+.0f}")
    return text("history.from_to", before=_size(before), after=_size(after))


def _size(box: Box) -> str:
    return f"{box.width:.0f} × {box.height:.0f}"


def _name(annotation: Annotation, pack: Pack) -> str:
    return name_of(pack, annotation.label) if annotation.label else text("lesions.unlabelled")


def when_words(event: BoxEvent, now: datetime) -> str:
    """Who, and when: today only the time. ``now`` is local time with its zone."""
    if event.at is None:
        return event.who or text("history.unknown")
    local = event.at.astimezone(now.tzinfo)
    written = f"{local:%H:%M}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M}"
    return text("history.who_when", who=event.who, when=written) if event.who else written
