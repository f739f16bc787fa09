"""The program's icons: Phosphor's line icons out of qtawesome, drawn in the theme's colour each time they are painted.

qtawesome's fonts are used as they lie in its package: importing the package itself stalls the window for 200 ms.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPen, QPixmap

from app.views.theme import current

_NAMES = {
    "diagnose": "magnifying-glass-plus",
    "annotate": "bounding-box",
    "settings": "sliders-horizontal",
    "language": "translate",
    "file": "file-plus",
    "folder": "folder-open",
    "draw": "selection-plus",
    "fit": "frame-corners",
    "width": "arrows-out-line-horizontal",
    "actual": "number-square-one",
    "bright": "sun",
    "run": "play",
    "save": "floppy-disk",
    "picture": "image",
    "print": "printer",
    "undo": "arrow-u-up-left",
    "redo": "arrow-u-up-right",
    "previous": "caret-left",
    "next": "caret-right",
    "check": "check",
    "verified": "check-circle",
    "close": "x",
    "warn": "warning",
    "info": "info",
    "trash": "trash",
    "down": "caret-down",
    "up": "caret-up",
    "doubt": "question",
    "tighten": "arrows-in-simple",
    "needs": "flag",
    "send_back": "arrow-bend-up-left",
    "more": "dots-three",
    "back": "arrow-left",
    "person": "user-circle",
    "people": "users",
    "add": "plus",
    "import": "download-simple",
    "export": "upload-simple",
    "patches": "squares-four",
    "restore": "arrow-counter-clockwise",
    "backup": "archive",
    "clean": "funnel",
    "datasets": "stack",
    "keep": "check",
    "exclude": "prohibit",
    "mask": "square-half",
    "relabel": "tag",
    "merge": "git-merge",
    "second_opinion": "chats-circle",
    "history": "clock-counter-clockwise",
    "differ": "circles-three",
    "on": "toggle-right",
    "off": "toggle-left",
    "train": "graduation-cap",
    "queued": "hourglass-medium",
    "pause": "pause",
    "failed": "x-circle",
}

_FOLDS = {"left": 0.34, "right": 0.66}
"""Folding side panels: where the line between panel and page stands."""


def icon(name: str, *, on_colour: bool = False) -> QIcon:
    """``on_colour``: for a button filled with the accent."""
    return QIcon(_Engine(name, on_colour))


@cache
def _fonts() -> Path:
    spec = find_spec("qtawesome")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("qtawesome is not installed")
    return Path(spec.submodule_search_locations[0]) / "fonts"


@cache
def _family() -> str:
    (file,) = _fonts().glob("phosphor-*.ttf")
    return QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(file)))[0]


@cache
def _letters() -> dict[str, str]:
    (file,) = _fonts().glob("phosphor-charmap-*.json")
    codes = json.loads(file.read_text(encoding="utf-8"))
    return {name: chr(int(codes[glyph], 16)) for name, glyph in _NAMES.items()}


def paint_icon(painter: QPainter, name: str, rect: QRect | QRectF, colour: str) -> None:
    square = QRectF(rect)
    if name in _FOLDS:
        _paint_fold(painter, _FOLDS[name], square, colour)
        return
    font = QFont(_family())
    font.setPixelSize(max(1, round(square.height())))
    painter.save()
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(square, Qt.AlignmentFlag.AlignCenter, _letters()[name])
    painter.restore()


def _paint_fold(painter: QPainter, divider: float, square: QRectF, colour: str) -> None:
    """A window with a side panel, which the family does not have."""
    unit = square.height() / 16
    frame = square.adjusted(1.5 * unit, 2.5 * unit, -1.5 * unit, -2.5 * unit)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colour), unit))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(frame, 1.5 * unit, 1.5 * unit)
    x = frame.left() + divider * frame.width()
    painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
    painter.restore()


class _Engine(QIconEngine):
    """Paints with the theme of the moment, so that a change of theme needs no new icons."""

    def __init__(self, name: str, on_colour: bool) -> None:
        super().__init__()
        self._name = name
        self._on_colour = on_colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        tokens = current()
        colour = tokens.on_colour if self._on_colour else tokens.text
        if mode == QIcon.Mode.Disabled:
            colour = tokens.line
        paint_icon(painter, self._name, rect, colour)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._on_colour)
