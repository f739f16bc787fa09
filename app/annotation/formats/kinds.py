"""The formats by name."""

from __future__ import annotations

from typing import Final, Literal, get_args

Format = Literal["voc", "yolo", "createml", "coco", "labelme", "xanylabeling"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
WHOLE_SET: Final[frozenset[Format]] = frozenset({"createml", "coco"})
"""One file for all photos; the others have a file a photo, named by its stem."""

SUFFIXES: Final[dict[Format, str]] = {
    "voc": ".xml",
    "yolo": ".txt",
    "createml": ".json",
    "coco": ".json",
    "labelme": ".json",
    "xanylabeling": ".json",
}
NAMES: Final[dict[Format, str]] = {
    "voc": "Pascal VOC",
    "yolo": "YOLO",
    "createml": "CreateML",
    "coco": "COCO",
    "labelme": "labelme",
    "xanylabeling": "X-AnyLabeling",
}
"""Their own names, the same in every language."""

MARKED: Final[frozenset[Format]] = frozenset({"voc", "createml", "xanylabeling"})
"""Those that can say that a person has gone through a photo."""
SET_FILE: Final = "annotations.json"
