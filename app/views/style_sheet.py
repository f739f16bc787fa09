"""The Qt style sheet, filled from the tokens of a theme."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.views.theme import Tokens

_SHEET = Template("""
* { outline: none; }
QMainWindow, QDialog { background: $panel; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px 6px; }

QMenuBar { background: $panel; padding: 0 4px; border-bottom: 1px solid $line; }
QMenuBar::item { padding: 5px 9px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: $hover; }
QMenu { background: $raised; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 6px 28px 6px 24px; border-radius: 4px; }
QMenu::item:selected { background: $selected; color: $text; }
QMenu::item:disabled { color: $text_soft; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QMenu::indicator { width: 14px; height: 14px; margin-left: 6px; }

QLabel[kind="page"] { font-size: 20px; font-weight: 700; }
QLabel[kind="section"] { font-size: 13px; font-weight: 700; }
QLabel[kind="soft"] { color: $text_soft; }
QLabel[kind="caption"] { color: $text_soft; font-size: 11px; }
QLabel[kind="small"] { color: $text_soft; font-size: 12px; }
QLabel[kind="empty"] { font-size: 15px; color: $on_ground; font-weight: 700; }
QLabel[kind="trouble"] { border-left: 3px solid $danger; padding: 2px 0 2px 8px; }
QLabel[kind="banner"] { color: $text_soft; font-size: 12px; }

#header, #statusLine, #rail, #sidePanel, #toolRow { background: $panel; }
#header { border-bottom: 1px solid $line; }
#statusLine { border-top: 1px solid $line; }
#statusLine QLabel { font-size: 12px; color: $text_soft; }
#rail { border-right: 1px solid $line; }
#toolRow { border-bottom: 1px solid $line; }
#sidePanel { border: none; }
#leftPanel { background: $panel; border-right: 1px solid $line; }
#rightPanel { background: $panel; border-left: 1px solid $line; }
#ground { background: $ground; }
#sheet { background: $panel; }
QFrame[kind="line"] { background: $line; border: none; }
QFrame[kind="card"] { background: $raised; border: 1px solid $line; border-radius: 6px; }
QFrame[kind="note"] { background: $raised; border: 1px solid $line; border-left: 3px solid $warning;
    border-radius: 4px; }
QFrame[kind="danger"] { background: $raised; border: 1px solid $line; border-left: 3px solid $danger;
    border-radius: 4px; }

QToolButton[kind="rail"] { border: none; border-left: 3px solid transparent; border-radius: 0; color: $text_soft;
    font-size: 11px; padding: 7px 3px 6px 0; }
QToolButton[kind="rail"]:hover { background: $hover; color: $text; }
QToolButton[kind="rail"]:checked { background: $raised; color: $text; border-left: 3px solid $accent; }
QToolButton[kind="rail"]:focus { border-left: 3px solid $accent_text; }

QPushButton { background: $raised; border: 1px solid $line; border-radius: 6px; padding: 0 12px; min-height: 28px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $sunken; }
QPushButton:disabled { color: $text_soft; background: $panel; }
QPushButton[kind="primary"] { background: $accent; color: $on_colour; border-color: $accent; font-weight: 700; }
QPushButton[kind="primary"]:hover { background: $accent_hover; }
QPushButton[kind="primary"]:disabled { background: $panel; color: $text_soft; border-color: $line; font-weight: 400; }
QPushButton[kind="grave"] { background: $danger; color: $on_colour; border-color: $danger; font-weight: 700; }
QPushButton[kind="grave"]:disabled { background: $panel; color: $text_soft; border-color: $line; font-weight: 400; }
QPushButton[kind="grave"]:focus { border-color: $text; }
QPushButton:focus, QToolButton:focus { border: 2px solid $accent; }
QPushButton:focus { padding: 0 11px; min-height: 26px; }
QToolButton:focus { padding: 2px; }
QPushButton[kind="primary"]:focus { border-color: $text; }
QPushButton[kind="chosen"] { background: $selected; border-color: $accent; }
QPushButton[kind="chosen"]:focus { border: 2px solid $accent; }
QPushButton[kind="flat"] { background: transparent; border: 1px solid transparent; color: $accent_text;
    padding: 0 6px; }
QPushButton[kind="flat"]:focus { padding: 0 5px; border: 2px solid $accent; }
QPushButton[kind="flat"]:hover { background: $hover; }
QPushButton[kind="chip"] { border-radius: 6px; padding: 0 8px; text-align: left; }
QPushButton[kind="chip"]:checked { background: $selected; border-color: $accent; }

QToolButton { border: 1px solid transparent; border-radius: 6px; padding: 3px; min-width: 22px; min-height: 22px; }
QToolButton:hover { background: $hover; }
QToolButton:checked { background: $selected; border-color: $accent; }
QToolButton[kind="quiet"]:checked { background: $hover; border-color: transparent; }
QToolButton:disabled { color: $text_soft; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QComboBox, QPlainTextEdit, QAbstractSpinBox { background: $raised; border: 1px solid $line;
    border-radius: 6px;
    padding: 3px 7px; min-height: 20px; selection-background-color: $accent; selection-color: $on_colour; }
QLineEdit:focus, QComboBox:focus, QPlainTextEdit:focus, QAbstractSpinBox:focus
    { border: 2px solid $accent; padding: 2px 6px; }
QLineEdit[kind="inplace"], QComboBox[kind="inplace"], QPlainTextEdit[kind="inplace"]
    { background: transparent; border-color: transparent; }
QLineEdit[kind="inplace"]:hover, QComboBox[kind="inplace"]:hover, QPlainTextEdit[kind="inplace"]:hover
    { background: $raised; border-color: $line; }
QLineEdit[kind="inplace"]:focus, QComboBox[kind="inplace"]:focus, QPlainTextEdit[kind="inplace"]:focus
    { background: $raised; border: 2px solid $accent; }
QLineEdit QToolButton { padding: 0; border: none; min-width: 16px; min-height: 16px; }
QComboBox QLineEdit { border: none; padding: 0; background: transparent; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView, QComboBox QAbstractItemView:focus { background: $raised; border: 1px solid $text_soft;
    padding: 3px; selection-background-color: $selected; selection-color: $text; }
QComboBox QAbstractItemView::item { min-height: 24px; padding: 0 4px; }

QListView, QTreeView, QTableView { background: $panel; border: 2px solid transparent;
    selection-background-color: $selected; selection-color: $text; }
QListView:focus, QTableView:focus, QTreeView:focus { border-color: $accent; }
QTreeView::item { min-height: 26px; padding: 0 4px; }
QTableView::item { padding: 0 8px; border-bottom: 1px solid $line; }
QTableView::item:selected { background: $selected; color: $text; }
QHeaderView { background: $panel; }
QHeaderView::section { background: $panel; color: $text_soft; border: none; border-bottom: 1px solid $line;
    padding: 6px 8px; font-size: 12px; }
QCheckBox { spacing: 8px; min-height: 26px; }
QCheckBox::indicator { width: 14px; height: 14px; }
QTableView::indicator { width: 14px; height: 14px; }
QCheckBox::indicator:unchecked, QTableView::indicator:unchecked { background: transparent;
    border: 1px solid $text_soft; border-radius: 3px; }
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus { border: none; background: transparent; padding: 0 5px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: none; }
QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { width: 10px; background: transparent; margin: 0; }
QScrollBar:horizontal { height: 10px; background: transparent; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; margin: 1px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: $text_soft; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $accent; }

QSlider::groove:horizontal { height: 4px; background: $line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
    background: $text; border: none; }
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus { background: $accent; }
QProgressBar { background: $line; border: none; border-radius: 2px; max-height: 4px; text-align: center; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
""")


def style_sheet(tokens: Tokens) -> str:
    return _SHEET.substitute(
        panel=tokens.panel,
        raised=tokens.raised,
        sunken=tokens.sunken,
        line=tokens.line,
        hover=tokens.hover,
        text=tokens.text,
        text_soft=tokens.text_soft,
        accent=tokens.accent,
        accent_hover="#4BA0E8",
        accent_text=tokens.accent_text,
        selected=tokens.selected,
        danger=tokens.danger,
        warning=tokens.warning,
        on_colour=tokens.on_colour,
        on_ground="#E6E6E6",
        ground="#1F1F1F",
    )
