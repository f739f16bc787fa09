"""Everything that a key, a menu or a button does, once: its words, its keys, its icon. labelImg's keys are kept.

The keys here are the defaults; a person may choose others (:mod:`app.views.keys`). Arrows, Esc and Enter on the photo
are the canvas's own and are not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from app.common.packs import Pack
from app.common.words import text
from app.views import keys
from app.views.icons import icon
from app.views.keys import KeyTable, with_key

Say = Callable[[], str]
DIGITS = 9
PORTABLE = QKeySequence.SequenceFormat.PortableText


@dataclass(frozen=True)
class Entry:
    """``on_photo``: Space presses a button that has the focus, so this key counts only on the photo and the lists.

    ``anywhere``: also while a sheet lies over the work.
    """

    key: str
    say: Say
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    on_photo: bool = False
    checkable: bool = False
    anywhere: bool = False


ENTRIES = (
    Entry("open_files", lambda: text("menu.open_files"), ("Ctrl+O",), "file"),
    Entry("open_folder", lambda: text("menu.open_folder"), ("Ctrl+U",), "folder"),
    Entry("open_boxes", lambda: text("menu.open_boxes"), ("Ctrl+Shift+O",)),
    Entry("save", lambda: text("menu.save"), ("Ctrl+S",), "save"),
    Entry("save_folder", lambda: text("menu.save_folder"), ("Ctrl+R",)),
    Entry("save_format", lambda: text("menu.save_format"), ("Ctrl+Y",)),
    Entry("import_boxes", lambda: text("menu.import_boxes"), ("Ctrl+I",), "import"),
    Entry("export_boxes", lambda: text("menu.export_boxes"), ("Ctrl+Shift+E",), "export"),
    Entry("patches", lambda: text("menu.patches"), (), "patches"),
    Entry("backup", lambda: text("menu.backup"), (), "backup", anywhere=True),
    Entry("picture", lambda: text("menu.picture"), ("Ctrl+Shift+S",), "picture"),
    Entry("print", lambda: text("menu.print"), ("Ctrl+P",), "print"),
    Entry("quit", lambda: text("menu.quit"), ("Ctrl+Q",), anywhere=True),
    Entry("undo", lambda: text("menu.undo"), ("Ctrl+Z",), "undo"),
    Entry("redo", lambda: text("menu.redo"), ("Ctrl+Shift+Z",), "redo"),
    Entry("draw", lambda: text("menu.draw"), ("W",), "draw", checkable=True),
    Entry("draw_many", lambda: text("menu.draw_many"), ("Shift+W",), checkable=True),
    Entry("edit_mode", lambda: text("menu.edit_mode"), ("Ctrl+J",)),
    Entry("square", lambda: text("menu.square"), ("Ctrl+Shift+R",), checkable=True),
    Entry("accept", lambda: text("menu.accept"), ("Y",), "check"),
    Entry("accept_all", lambda: text("menu.accept_all"), ("Shift+Y",)),
    Entry("refuse_all", lambda: text("menu.refuse_all"), ("Shift+Del",)),
    Entry("tighten", lambda: text("menu.tighten"), ("T",), "tighten"),
    Entry("name", lambda: text("menu.name"), ("Ctrl+E",)),
    Entry("no_label", lambda: text("menu.no_label"), ("0",)),
    Entry("delete", lambda: text("menu.delete"), ("Del", "Backspace"), "trash"),
    Entry("duplicate", lambda: text("menu.duplicate"), ("Ctrl+D",)),
    Entry("copy_previous", lambda: text("menu.copy_previous"), ("Ctrl+V",)),
    Entry("difficult", lambda: text("menu.difficult"), ("X",)),
    Entry("next_box", lambda: text("menu.next_box"), ("N",)),
    Entry("previous_box", lambda: text("menu.previous_box"), ("Shift+N",)),
    Entry("previous", lambda: text("menu.previous"), ("A",), "previous"),
    Entry("next", lambda: text("menu.next"), ("D",), "next"),
    Entry("next_needing", lambda: text("menu.next_needing"), ("G",), "needs"),
    Entry("previous_needing", lambda: text("menu.previous_needing"), ("Shift+G",)),
    Entry("verify", lambda: text("menu.verify"), ("Space",), "verified", on_photo=True, checkable=True),
    Entry("reject", lambda: text("menu.reject"), ("R",), "send_back"),
    Entry("read_again", lambda: text("menu.read_again"), ("F5",), "run"),
    Entry("trash_photo", lambda: text("menu.trash_photo"), ("Ctrl+Shift+D",)),
    Entry("trash", lambda: text("menu.trash"), (), "trash"),
    Entry("people", lambda: text("people.manage"), (), "people", anywhere=True),
    Entry("agreement", lambda: text("agreement.open"), ()),
    Entry("zoom_in", lambda: text("menu.zoom_in"), ("Ctrl++",)),
    Entry("zoom_out", lambda: text("menu.zoom_out"), ("Ctrl+-",)),
    Entry("actual_size", lambda: text("menu.actual_size"), ("Ctrl+=",), "actual"),
    Entry("fit_window", lambda: text("menu.fit_window"), ("Ctrl+F",), "fit"),
    Entry("fit_width", lambda: text("menu.fit_width"), ("Ctrl+Shift+F",), "width"),
    Entry("brighten", lambda: text("menu.brighten"), ("Ctrl+Shift++",)),
    Entry("darken", lambda: text("menu.darken"), ("Ctrl+Shift+-",)),
    Entry("reset_brightness", lambda: text("menu.reset_brightness"), ("Ctrl+Shift+=",)),
    Entry("looks", lambda: text("menu.looks"), ("L",), "bright", checkable=True),
    Entry("magnifier", lambda: text("menu.magnifier"), ("M",), checkable=True),
    Entry("crosshair", lambda: text("menu.crosshair"), ("C",), checkable=True),
    Entry("keep_view", lambda: text("menu.keep_view"), ("K",), checkable=True),
    Entry("line_colour", lambda: text("menu.line_colour"), ("Ctrl+L",)),
    Entry("hide_boxes", lambda: text("menu.hide_boxes"), ("Ctrl+H",)),
    Entry("show_boxes", lambda: text("menu.show_boxes"), ("Ctrl+A",)),
    Entry("tags", lambda: text("menu.tags"), ("Ctrl+Shift+P",), checkable=True),
    Entry("history", lambda: text("menu.history"), ("H",)),
    Entry("fold_left", lambda: text("menu.fold_left"), ("F8",), "left", checkable=True),
    Entry("fold_right", lambda: text("menu.fold_right"), ("F9",), "right", checkable=True),
    Entry("settings", lambda: text("menu.settings"), ("Ctrl+,",), "settings", anywhere=True),
    Entry("keys", lambda: text("menu.keys"), ("F1",), anywhere=True),
    Entry("about", lambda: text("menu.about"), anywhere=True),
)

MENUS: tuple[tuple[Say, str], ...] = (
    (
        lambda: text("menu.file"),
        (
            "open_files open_folder open_boxes | save save_folder save_format | import_boxes export_boxes patches"
            " | picture print | backup settings | quit"
        ),
    ),
    (
        lambda: text("menu.edit"),
        (
            "undo redo | draw draw_many edit_mode square | accept accept_all refuse_all tighten"
            " | name no_label difficult | delete duplicate copy_previous | next_box previous_box"
        ),
    ),
    (
        lambda: text("menu.photo"),
        "next previous | next_needing previous_needing | verify reject read_again | trash_photo trash",
    ),
    (
        lambda: text("menu.view"),
        (
            "fit_window fit_width actual_size zoom_in zoom_out keep_view | looks brighten darken reset_brightness"
            " | magnifier crosshair | hide_boxes show_boxes tags line_colour history | fold_left fold_right"
        ),
    ),
    (lambda: text("menu.people"), "people agreement"),
    (lambda: text("menu.help"), "keys about"),
)


class Actions(QObject):
    """The window's QActions by name; ``labels`` holds one for each disease that has a digit.

    A disease's action is called ``label:<its key>`` in the table of keys.
    """

    label_wanted = Signal(str)  # a disease's key
    keys_changed = Signal(object)  # {action: keys} of those that a person changed

    def __init__(
        self,
        pack: Pack,
        page: QWidget,
        commands: Mapping[str, Callable[[], object]],
        chosen: Mapping[str, Iterable[str]],
    ) -> None:
        super().__init__(page)
        self._page = page
        self._menus: list[tuple[QMenu, Say]] = []
        self._at_work = QActionGroup(self)  # one that only stops its members while a sheet lies over them
        self._at_work.setExclusionPolicy(QActionGroup.ExclusionPolicy.None_)
        self._actions = {entry.key: self._make(entry, page, commands[entry.key]) for entry in ENTRIES}
        self.labels: dict[str, QAction] = {}
        keys.use_keys(key_table(pack, chosen))
        self.set_pack(pack)

    def set_pack(self, pack: Pack) -> None:
        """Diseases that were added have an action too."""
        self._pack = pack
        for disease in pack.labels:
            if disease.key not in self.labels:
                self.labels[disease.key] = self._make_label(disease.key)
        self._use(key_table(pack, keys.present().chosen))

    def _make_label(self, key: str) -> QAction:
        action = QAction(self._page)
        action.triggered.connect(lambda _checked=False: self.label_wanted.emit(key))
        self._page.addAction(action)
        self._at_work.addAction(action)
        return action

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def _make(self, entry: Entry, page: QWidget, command: Callable[[], object]) -> QAction:
        action = QAction(page)
        action.setObjectName(entry.key)
        action.setCheckable(entry.checkable)
        action.triggered.connect(lambda _checked=False: command())
        if entry.icon:
            action.setIcon(icon(entry.icon))
        if not entry.anywhere:
            self._at_work.addAction(action)
        if entry.on_photo:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        else:
            page.addAction(action)
        return action

    def set_at_work(self, at_work: bool) -> None:
        """False while a sheet lies over the work: its keys are the sheet's then."""
        self._at_work.setEnabled(at_work)

    def listen_on(self, widget: QWidget) -> None:
        """The keys that count on the photo and the lists count on this widget."""
        for entry in ENTRIES:
            if entry.on_photo:
                widget.addAction(self._actions[entry.key])

    def fill(self, bar: QMenuBar) -> None:
        for say, names in MENUS:
            menu = bar.addMenu("")
            for name in names.split():
                if name != "|":
                    menu.addAction(self._actions[name])
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

    # -- keys ----------------------------------------------------------------------------------------------------
    def change_keys(self, table: KeyTable) -> None:
        """Menus, tool tips and keys follow at once; ``keys_changed`` says what to keep."""
        self._use(table)
        self.keys_changed.emit(dict(table.chosen))

    def _use(self, table: KeyTable) -> None:
        keys.use_keys(table)
        for name, action in self.by_key_name().items():
            action.setShortcuts([QKeySequence(key) for key in table.keys(name)])
        self.retranslate()

    def by_key_name(self) -> dict[str, QAction]:
        """Every action under its name in the table of keys, in the order in which they are listed."""
        return {**self._actions, **{label_key(key): action for key, action in self.labels.items()}}

    def groups(self) -> list[tuple[Say, tuple[str, ...]]]:
        """The table of keys, menu by menu; the diseases at the end."""
        listed = [(say, tuple(name for name in names.split() if name != "|")) for say, names in MENUS]
        return [*listed, (lambda: text("keys.diseases"), tuple(map(label_key, self.labels)))]

    def retranslate(self) -> None:
        for entry in ENTRIES:
            action = self._actions[entry.key]
            action.setText(entry.say())
            action.setToolTip(with_key(entry.say(), entry.key))
        for menu, say in self._menus:
            menu.setTitle(say())
        for key, action in self.labels.items():
            action.setText(str(self._pack.disease(key).name))


def label_key(disease: str) -> str:
    return f"label:{disease}"


def key_table(pack: Pack, chosen: Mapping[str, Iterable[str]]) -> KeyTable:
    """The defaults, and what a person chose instead."""
    return keys.table_of(_defaults(pack), chosen)


def _defaults(pack: Pack) -> dict[str, tuple[str, ...]]:
    """The first nine diseases have the digits; what people added comes last, so that the others keep theirs."""
    ordered = (*pack.diseases, pack.other, *pack.more)
    digits = {label_key(d.key): (str(n),) if n <= DIGITS else () for n, d in enumerate(ordered, 1)}
    portable = {e.key: tuple(QKeySequence(k).toString(PORTABLE) for k in e.shortcuts) for e in ENTRIES}
    return {**portable, **digits}
