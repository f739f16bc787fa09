"""The formats by the names that people know them by."""

from __future__ import annotations

from app.common.words import text

KEYS = ("voc", "yolo", "createml", "coco", "labelme", "xanylabeling")


def format_words(key: str) -> str:
    said = {
        "voc": text("format.voc"),
        "yolo": text("format.yolo"),
        "createml": text("format.createml"),
        "coco": text("format.coco"),
        "labelme": text("format.labelme"),
        "xanylabeling": text("format.xanylabeling"),
    }
    return said.get(key, key)


def short_words(key: str) -> str:
    """For where there is little room."""
    return text("format.voc_short") if key == "voc" else format_words(key)


def options() -> list[tuple[str, str]]:
    return [(key, format_words(key)) for key in KEYS]
