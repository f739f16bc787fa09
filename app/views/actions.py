"""Everything that a key, a menu or a button does, once: its words, its keys, its icon. labelImg's keys are kept.

Arrows, Esc and Enter on the photo are the canvas's own and are not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from app.common.packs import Pack
from app.common.words import text
from app.views.icons import icon

Say = Callable[[], str]
DIGITS = 9


@dataclass(frozen=True)
class Entry:
    """``on_photo``: Space presses a button that has the focus, so this key counts only on the photo and the lists."""

    key: str
    say: Say
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    on_photo: bool = False
    checkable: bool = False


ENTRIES = (
    Entry("open_files", lambda: text("menu.open_files"), ("Ctrl+O",), "file"),
    Entry("open_folder", lambda: text("menu.open_folder"), ("Ctrl+U",), "folder"),
    Entry("open_boxes", lambda: text("menu.open_boxes"), ("Ctrl+Shift+O",)),
    Entry("save", lambda: text("menu.save"), ("Ctrl+S",), "save"),
    Entry("save_folder", lambda: text("menu.save_folder"), ("Ctrl+R",)),
    Entry("picture", lambda: text("menu.picture"), ("Ctrl+Shift+S",), "picture"),
    Entry("print", lambda: text("menu.print"), ("Ctrl+P",), "print"),
    Entry("quit", lambda: text("menu.quit"), ("Ctrl+Q",)),
    Entry("undo", lambda: text("menu.undo"), ("Ctrl+Z",), "undo"),
    Entry("redo", lambda: text("menu.redo"), ("Ctrl+Shift+Z",), "redo"),
    Entry("draw", lambda: text("menu.draw"), ("W",), "draw", checkable=True),
    Entry("edit_mode", lambda: text("menu.edit_mode"), ("Ctrl+J",)),
    Entry("square", lambda: text("menu.square"), ("Ctrl+Shift+R",), checkable=True),
    Entry("accept", lambda: text("menu.accept"), ("Y",), "check"),
    Entry("accept_all", lambda: text("menu.accept_all"), ("Shift+Y",)),
    Entry("name", lambda: text("menu.name"), ("Ctrl+E",)),
    Entry("delete", lambda: text("menu.delete"), ("Del", "Backspace"), "trash"),
    Entry("duplicate", lambda: text("menu.duplicate"), ("Ctrl+D",)),
    Entry("copy_previous", lambda: text("menu.copy_previous"), ("Ctrl+V",)),
    Entry("difficult", lambda: text("menu.difficult"), ("X",)),
    Entry("next_box", lambda: text("menu.next_box"), ("N",)),
    Entry("previous_box", lambda: text("menu.previous_box"), ("Shift+N",)),
    Entry("previous", lambda: text("menu.previous"), ("A",), "previous"),
    Entry("next", lambda: text("menu.next"), ("D",), "next"),
    Entry("verify", lambda: text("menu.verify"), ("Space",), "verified", on_photo=True, checkable=True),
    Entry("read_again", lambda: text("menu.read_again"), ("F5",), "run"),
    Entry("zoom_in", lambda: text("menu.zoom_in"), ("Ctrl++",)),
    Entry("zoom_out", lambda: text("menu.zoom_out"), ("Ctrl+-",)),
    Entry("actual_size", lambda: text("menu.actual_size"), ("Ctrl+=",), "actual"),
    Entry("fit_window", lambda: text("menu.fit_window"), ("Ctrl+F",), "fit"),
    Entry("fit_width", lambda: text("menu.fit_width"), ("Ctrl+Shift+F",), "width"),
    Entry("brighten", lambda: text("menu.brighten"), ("Ctrl+Shift++",)),
    Entry("darken", lambda: text("menu.darken"), ("Ctrl+Shift+-",)),
    Entry("reset_brightness", lambda: text("menu.reset_brightness"), ("Ctrl+Shift+=",)),
    Entry("hide_boxes", lambda: text("menu.hide_boxes"), ("Ctrl+H",)),
    Entry("show_boxes", lambda: text("menu.show_boxes"), ("Ctrl+A",)),
    Entry("tags", lambda: text("menu.tags"), ("Ctrl+Shift+P",), checkable=True),
    Entry("fold_left", lambda: text("menu.fold_left"), ("F8",), "left", checkable=True),
    Entry("fold_right", lambda: text("menu.fold_right"), ("F9",), "right", checkable=True),
    Entry("settings", lambda: text("menu.settings"), ("Ctrl+,",), "settings"),
    Entry("keys", lambda: text("menu.keys"), ("F1",)),
    Entry("about", lambda: text("menu.about")),
)

MENUS: tuple[tuple[Say, str], ...] = (
    (
        lambda: text("menu.file"),
        "open_files open_folder open_boxes | save save_folder | picture print | settings | quit",
    ),
    (
        lambda: text("menu.edit"),
        (
            "undo redo | draw edit_mode square | accept accept_all name difficult | delete duplicate copy_previous"
            " | next_box previous_box"
        ),
    ),
    (lambda: text("menu.photo"), "next previous | verify read_again"),
    (
        lambda: text("menu.view"),
        (
            "fit_window fit_width actual_size zoom_in zoom_out | brighten darken reset_brightness"
            " | hide_boxes show_boxes tags | fold_left fold_right"
        ),
    ),
    (lambda: text("menu.help"), "keys about"),
)


class Actions(QObject):
    """The window's QActions by name; ``labels`` holds one for each disease that has a digit."""

    def __init__(self, pack: Pack, page: QWidget, commands: Mapping[str, Callable[[], object]]) -> None:
        super().__init__(page)
        self._pack = pack
        self._menus: list[tuple[QMenu, Say]] = []
        self._actions = {entry.key: self._make(entry, page, commands[entry.key]) for entry in ENTRIES}
        self.labels: dict[str, QAction] = {}
        for number, disease in enumerate(pack.labels[:DIGITS], 1):
            action = QAction(page)
            action.setShortcut(QKeySequence(str(number)))
            page.addAction(action)
            self.labels[disease.key] = action
        self.retranslate()

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def _make(self, entry: Entry, page: QWidget, command: Callable[[], object]) -> QAction:
        action = QAction(page)
        action.setObjectName(entry.key)
        action.setShortcuts([QKeySequence(s) for s in entry.shortcuts])
        action.setCheckable(entry.checkable)
        action.triggered.connect(lambda _checked=False: command())
        if entry.icon:
            action.setIcon(icon(entry.icon))
        if entry.on_photo:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        else:
            page.addAction(action)
        return action

    def listen_on(self, widget: QWidget) -> None:
        """The keys that count on the photo and the lists count on this widget."""
        for entry in ENTRIES:
            if entry.on_photo:
                widget.addAction(self._actions[entry.key])

    def fill(self, bar: QMenuBar) -> None:
        for say, keys in MENUS:
            menu = bar.addMenu("")
            for key in keys.split():
                if key != "|":
                    menu.addAction(self._actions[key])
                else:
                    menu.addSeparator()
            self._menus.append((menu, say))
        self.retranslate()

    def label_menu(self, parent: QWidget) -> QMenu:
        """The diseases with their digits."""
        menu = QMenu(parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(list(self.labels.values()))
        return menu

    def key_list(self) -> Iterator[tuple[str, str]]:
        """What can be done by key, and the keys, in the present language and the platform's writing."""
        for action in (*self._actions.values(), *self.labels.values()):
            written = [s.toString(QKeySequence.SequenceFormat.NativeText) for s in action.shortcuts()]
            if written:
                yield action.text(), "  ·  ".join(written)

    def retranslate(self) -> None:
        for entry in ENTRIES:
            action = self._actions[entry.key]
            action.setText(entry.say())
            action.setToolTip(with_key(entry.say(), action))
        for menu, say in self._menus:
            menu.setTitle(say())
        for key, action in self.labels.items():
            action.setText(str(self._pack.disease(key).name))


def with_key(words: str, action: QAction) -> str:
    native = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return f"{words}  ({native})" if native else words
