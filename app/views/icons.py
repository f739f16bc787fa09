"""The program's own line icons: 24 x 24 strokes, drawn in the theme's colour each time they are painted."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.views.theme import current

_PATHS = {
    "diagnose": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21M10.5 7.5v6M7.5 10.5h6"/>',
    "annotate": '<path d="M8 4H4v4M16 4h4v4M8 20H4v-4M20 16v4h-4"/><path d="M9 9h6v6H9z"/>',
    "settings": '<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>',
    "language": '<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c5 5.5 5 11.5 0 17M12 3.5c-5 5.5-5 11.5 '
    '0 17"/>',
    "file": '<path d="M6 3h8l4 4v14H6z"/><path d="M14 3v4h4"/>',
    "folder": '<path d="M3 6h6l2 2h10v11H3z"/>',
    "draw": '<path d="M5 5h14v14H5z" stroke-dasharray="3 2.4"/><path d="M12 9v6M9 12h6"/>',
    "fit": '<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>',
    "width": '<path d="M3 5v14M21 5v14M6 12h12M9 9l-3 3 3 3M15 9l3 3-3 3"/>',
    "actual": '<path d="M5 9l2-1.5V17M18 9l2-1.5V17"/><circle cx="12.5" cy="10" r=".6"/>'
    '<circle cx="12.5" cy="15" r=".6"/>',
    "bright": '<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 '
    '1.4M5.6 18.4 7 17M17 7l1.4-1.4"/>',
    "run": '<path d="M7 4.5v15l12-7.5z"/>',
    "save": '<path d="M4 4h13l3 3v13H4z"/><path d="M8 4v5h7V4M8 20v-6h8v6"/>',
    "picture": '<path d="M3 5h18v14H3z"/><circle cx="8.5" cy="10" r="1.5"/><path d="M4 18l5.5-5 3.5 3 3-3 4.5 4.5"/>',
    "print": '<path d="M7 8V3h10v5M7 17H4V8h16v9h-3"/><path d="M7 14h10v7H7z"/>',
    "undo": '<path d="M8 5 4 9l4 4"/><path d="M4 9h9a6 6 0 0 1 0 12H9"/>',
    "redo": '<path d="M16 5l4 4-4 4"/><path d="M20 9h-9a6 6 0 0 0 0 12h4"/>',
    "previous": '<path d="M14.5 5 8 12l6.5 7"/>',
    "next": '<path d="M9.5 5 16 12l-6.5 7"/>',
    "check": '<path d="M4.5 12.5 10 18 20 6.5"/>',
    "verified": '<circle cx="12" cy="12" r="8.5"/><path d="M8 12.4l2.8 2.8L16 9.6"/>',
    "close": '<path d="M6 6l12 12M18 6 6 18"/>',
    "warn": '<path d="M12 4 2.8 20h18.4zM12 10v5M12 17.4v.6"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.4V8"/>',
    "trash": '<path d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5"/>',
    "left": '<path d="M3 5h18v14H3zM9 5v14"/>',
    "right": '<path d="M3 5h18v14H3zM15 5v14"/>',
    "down": '<path d="M7 10l5 5 5-5"/>',
    "up": '<path d="M7 14l5-5 5 5"/>',
    "doubt": '<circle cx="12" cy="12" r="8.5"/><path d="M9.4 9.6c.3-3.4 5.4-3.2 5.2 0-.1 2-2.6 2.2-2.6 4.2M12 '
    '16.6v.5"/>',
}  # fmt: skip


def icon(name: str, *, on_colour: bool = False) -> QIcon:
    """``on_colour``: for a button filled with the accent."""
    return QIcon(_Engine(name, on_colour))


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{colour}" stroke-width="1.6" '
        f'stroke-linecap="round" stroke-linejoin="round">{_PATHS[name]}</svg>'
    )
    return QSvgRenderer(svg.encode())


def paint_icon(painter: QPainter, name: str, rect: QRect | QRectF, colour: str) -> None:
    _renderer(name, colour).render(painter, QRectF(rect))


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
