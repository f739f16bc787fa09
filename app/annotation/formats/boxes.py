"""Between a file's shapes and the program's boxes: corners put right, parts outside cut, outlines in a box's frame."""

from __future__ import annotations

from collections.abc import Callable

from app.annotation.document import Annotation, Document, Origin, new_id
from app.annotation.document import Ring as BoxRing
from app.annotation.formats.sheet import Page, Ring, Shape
from app.common.errors import UserError
from app.common.geometry import Box, box_from_corners

NEAR = 1e-6  # pixels; nearer than this two coordinates are the same one


def annotations_of(
    page: Page, width: int, height: int, label: Callable[[str], str], file: int | None
) -> tuple[Annotation, ...]:
    """The boxes that a page describes, in the file's order, for a photo of this upright size in pixels.

    Flipped corners are put right and parts outside cut; a box without an area is a box. With ``file`` (the file's id)
    the boxes know their origin and have ids made from it, so that reading once more gives equal boxes.

    Raises:
        UserError: ``annotation_other_size`` when the file was made for a photo of another size.
    """
    if (page.width or width, page.height or height) != (width, height):
        raise UserError(
            "annotation_other_size",
            file=page.photo_name,
            theirs=f"{page.width} x {page.height}",
            ours=f"{width} x {height}",
        )
    return tuple(_annotation(shape, width, height, label, file) for shape in page.shapes)


def _annotation(shape: Shape, width: int, height: int, label: Callable[[str], str], file: int | None) -> Annotation:
    box = box_of(shape, width, height)
    return Annotation(
        new_id() if file is None else f"00{file:08x}{shape.position:08x}",
        box,
        label(shape.label),
        shape.difficult,
        verified=shape.score is None,
        source="person" if shape.score is None else "model",
        score=shape.score,
        outline=tuple(_framed(ring, box) for ring in shape.outline),
        origin=None if file is None else Origin(file, shape.position),
    )


def box_of(shape: Shape, width: int, height: int) -> Box:
    """The shape's box inside the photo; only put right, not cut, where the size is unknown (0)."""
    box = box_from_corners(*shape.corners)
    return box.clipped(width, height) if width and height else box


def shapes_of(
    document: Document, word: Callable[[str], str], file: int | None = None
) -> tuple[tuple[int | None, Shape], ...]:
    """The document's boxes as shapes; those that were read from ``file`` (its id) with their position in it.

    ``word``: from a label to the word in the file (see :func:`app.annotation.formats.word_of`).
    """
    return tuple(_shape(one, word, file) for one in document.annotations)


def _shape(one: Annotation, word: Callable[[str], str], file: int | None) -> tuple[int | None, Shape]:
    box = one.box
    known = one.origin is not None and one.origin.file == file
    position = one.origin.position if known and one.origin else None
    return position, Shape(
        word(one.label),
        (box.x0, box.y0, box.x1, box.y1),
        one.difficult,
        tuple(_unframed(ring, box) for ring in one.outline),
        one.score,
        -1 if position is None else position,
    )


def _framed(ring: Ring, box: Box) -> BoxRing:
    width, height = box.width or 1.0, box.height or 1.0
    return tuple(((x - box.x0) / width, (y - box.y0) / height) for x, y in ring)


def _unframed(ring: BoxRing, box: Box) -> Ring:
    return tuple((box.x0 + u * box.width, box.y0 + v * box.height) for u, v in ring)


def extent(points: Ring) -> tuple[float, float, float, float]:
    """The corners of what the points cover; there must be one at least."""
    xs = [x for x, _ in points]
    ys = [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def mapped(value: float, was: tuple[float, float], becomes: tuple[float, float]) -> float:
    """A coordinate carried along from one interval to another; their ends go exactly onto each other."""
    if value == was[0]:
        return becomes[0]
    if value == was[1]:
        return becomes[1]
    return becomes[0] + (value - was[0]) * (becomes[1] - becomes[0]) / (was[1] - was[0])
