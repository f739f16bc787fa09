"""Colours, sizes and the style sheet of both themes: the one place where a colour is named.

The ground under a photo is the same neutral grey in both, because a tinted or white ground changes how redness is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app.common.words import language
from app.views.style_sheet import style_sheet

GROUND = "#1F1F1F"
ON_GROUND = "#E6E6E6"
ON_GROUND_SOFT = "#A8A8A8"

SPACE = 8
GROUP = 16
EDGE = 24
RADIUS = 6
TARGET = 28
BASE, CAPTION, SECTION, PAGE = 13, 11, 15, 20  # font sizes in pixels

_CJK = ("Microsoft YaHei UI", "PingFang SC", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei")
_GENERIC = {"Sans Serif", "Sans", "sans-serif", ""}


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme, as ``#RRGGBB``."""

    dark: bool
    panel: str
    raised: str
    sunken: str
    line: str
    hover: str
    text: str
    text_soft: str
    accent_text: str
    selected: str
    accent: str = "#2F8FE0"
    danger: str = "#D9483B"
    warning: str = "#D99A2B"
    good: str = "#3C9D63"
    on_colour: str = "#0B0F14"
    """Text on accent, danger, warning and good: dark, as white would miss WCAG AA on all four."""


DARK = Tokens(
    dark=True,
    panel="#2B2B2B",
    raised="#363636",
    sunken="#242424",
    line="#454545",
    hover="#3C3C3C",
    text="#E6E6E6",
    text_soft="#A8A8A8",
    accent_text="#7DBDF2",
    selected="#263A4D",
)
LIGHT = Tokens(
    dark=False,
    panel="#F7F7F7",
    raised="#FFFFFF",
    sunken="#EFEFEF",
    line="#D9D9D9",
    hover="#E9E9E9",
    text="#1F1F1F",
    text_soft="#5F5F5F",
    accent_text="#15629F",
    selected="#D8E9F8",
)

_current = DARK


def current() -> Tokens:
    """The theme in use, for widgets that paint themselves."""
    return _current


def wants_dark(choice: str) -> bool:
    """Whether the setting ``auto``, ``light`` or ``dark`` means the dark theme now."""
    if choice != "auto":
        return choice == "dark"
    return QGuiApplication.styleHints().colorScheme() != Qt.ColorScheme.Light


def apply_theme(app: QApplication, choice: str) -> None:
    """Dress the whole program; may be called again at any time."""
    global _current
    _current = DARK if wants_dark(choice) else LIGHT
    app.setFont(ui_font())
    app.setPalette(_palette(_current))
    app.setStyleSheet(style_sheet(_current))


_system_family: str | None = None


def ui_font(pixels: int = BASE) -> QFont:
    """The system's UI font, with Chinese faces behind it; in Chinese they lead, so that both scripts match."""
    global _system_family
    if _system_family is None:
        _system_family = QGuiApplication.font().family()
    latin = ("Noto Sans", "Droid Sans") if _system_family in _GENERIC else (_system_family,)
    families = (*_CJK, *latin) if language() == "zh" else (*latin, *_CJK)
    font = QFont(list(families))
    font.setPixelSize(pixels)
    return font


def _palette(t: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, t.panel),
        (role.Base, t.raised),
        (role.AlternateBase, t.sunken),
        (role.Button, t.raised),
        (role.ToolTipBase, t.raised),
        (role.Text, t.text),
        (role.WindowText, t.text),
        (role.ButtonText, t.text),
        (role.ToolTipText, t.text),
        (role.PlaceholderText, t.text_soft),
        (role.Highlight, t.accent),
        (role.HighlightedText, t.on_colour),
        (role.Link, t.accent_text),
        (role.Mid, t.line),
    ):
        palette.setColor(which, QColor(colour))
    for which in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(t.text_soft))
    return palette


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two colours, 1..21."""
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
