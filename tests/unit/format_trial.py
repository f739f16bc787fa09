"""What a file must stand, whatever is in it: a result or a clear error, and no harm done. For fuzzing."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import PurePath

from app.annotation.document import Document
from app.annotation.formats import (
    Shape,
    TargetPage,
    annotations_of,
    check,
    fixed,
    fresh,
    label_of,
    read,
    rewritten,
    shapes_of,
    word_of,
)
from app.common.errors import UserError

from .mutations import CONTEXT, SIZE, Specimen

CLEAR = {"annotation_damaged", "annotation_other_size", "classes_missing", "photo_size_unknown", "class_not_in_list"}


def tried(one: Specimen) -> Counter[str]:
    """Read, check, fix, write unchanged, change and write anew; what came of it. Only UserError is caught."""
    seen: Counter[str] = Counter()
    findings = check(one.format, one.data, one.name, CONTEXT)
    new = fixed(one.format, one.data, one.name, CONTEXT)
    seen["repaired"] += bool(findings) and new != one.data
    fixed(one.format, new, one.name, CONTEXT)
    refused: UserError | None = None
    try:
        sheet = read(one.format, one.data, one.name, CONTEXT)
    except UserError as error:
        refused = error
    if refused is not None:
        assert refused.code in CLEAR, refused.code
        assert str(refused)
        assert findings, "not readable, and nothing found wrong"
        seen["refused"] += 1
        return seen
    seen["read"] += 1
    targets = []
    for page in sheet.pages:
        for shape in page.shapes:
            assert all(math.isfinite(v) for v in shape.corners)
            assert all(math.isfinite(v) for ring in shape.outline for point in ring for v in point)
            shape.label.encode("utf-8")
        size = (page.width or SIZE[0], page.height or SIZE[1])
        document = Document(*size, annotations_of(page, *size, label_of(None), 1), page.verified)
        targets.append(TargetPage(page.image, *size, page.verified, shapes_of(document, word_of, 1)))
    assert rewritten(one.format, one.data, one.name, targets, CONTEXT) == one.data
    changed = [_changed(t) for t in targets]
    data = rewritten(one.format, one.data, one.name, changed, CONTEXT)
    again = read(one.format, data, one.name, CONTEXT)
    assert [len(p.shapes) for p in again.pages] == [len(t.shapes) for t in changed]
    for name in fresh(one.format, sheet.pages, CONTEXT):
        assert PurePath(name).name == name
        assert not set(name) & set('/\\\0:<>|?*"')
    return seen


def _changed(target: TargetPage) -> TargetPage:
    """The first box elsewhere, the second gone, one more."""
    width, height = target.width, target.height
    shapes = list(target.shapes)
    if shapes:
        position, first = shapes[0]
        shapes[0] = position, first._replace(corners=(width / 8, height / 8, width / 2, height / 2), label="psoriasis")
    del shapes[1:2]
    shapes.append((None, Shape("湿疹", (0, 0, width / 3, height / 3))))
    return TargetPage(target.image, width, height, not target.verified, tuple(shapes))
