"""What the workbench does when a key, a menu or a button asks for it: one entry of :meth:`Commands.table` each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint

from app.annotation.document import Annotation
from app.common.errors import UserError
from app.common.words import text
from app.datasets.records import ImageRow
from app.views.messages import DetailsDialog
from app.views.settings_panel import SettingsPanel
from app.views.window import retranslate_all
from app.views.workbench import desk

if TYPE_CHECKING:
    from app.views.workbench.workbench import Workbench


class Commands(QObject):
    """``table`` names an action of :data:`app.views.actions.ENTRIES` and what it does."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench

    def table(self) -> Mapping[str, Callable[[], object]]:
        bench, canvas = self._bench, self._bench.canvas
        collection, keeping, photos = bench.collection, bench.keeping, bench.photos
        return {
            "open_files": collection.ask_for_files,
            "open_folder": collection.ask_for_folder,
            "open_boxes": partial(self.with_photo, keeping.ask_for_boxes),
            "save": partial(self.with_photo, keeping.save_boxes),
            "save_folder": keeping.choose_folder,
            "picture": partial(self.with_photo, lambda row: keeping.save_picture(row, bench.status.models_words())),
            "print": partial(self.with_photo, lambda row: keeping.print_picture(row, bench.status.models_words())),
            "quit": bench.frame.close,
            "undo": partial(bench.sitting.undoing.walk, back=True),
            "redo": partial(bench.sitting.undoing.walk, back=False),
            "draw": lambda: canvas.stop_drawing() if canvas.drawing() else canvas.start_drawing(),
            "edit_mode": canvas.stop_drawing,
            "square": lambda: canvas.set_square(self._is_on("square")),
            "accept": self.accept,
            "accept_all": canvas.accept_all,
            "name": self.name_box,
            "delete": canvas.delete_selected,
            "duplicate": canvas.duplicate_selected,
            "copy_previous": self.copy_previous,
            "difficult": canvas.toggle_difficult,
            "next_box": canvas.select_next,
            "previous_box": lambda: canvas.select_next(-1),
            "previous": lambda: photos.step(-1),
            "next": lambda: photos.step(1),
            "verify": canvas.toggle_verified,
            "read_again": bench.sitting.read,
            "zoom_in": lambda: canvas.zoom_by(1.25),
            "zoom_out": lambda: canvas.zoom_by(0.8),
            "actual_size": canvas.actual_size,
            "fit_window": canvas.fit_window,
            "fit_width": canvas.fit_width,
            "brighten": lambda: canvas.change_brightness(1),
            "darken": lambda: canvas.change_brightness(-1),
            "reset_brightness": canvas.reset_brightness,
            "hide_boxes": lambda: canvas.set_boxes_visible(False),
            "show_boxes": lambda: canvas.set_boxes_visible(True),
            "tags": lambda: canvas.set_tags_visible(self._is_on("tags")),
            "fold_left": lambda: photos.setVisible(self._is_on("fold_left")),
            "fold_right": lambda: bench.right.setVisible(self._is_on("fold_right")),
            "settings": self.open_settings,
            "keys": partial(self.open_settings, keys=True),
            "about": self.about,
        }

    def _is_on(self, action: str) -> bool:
        return self._bench.actions_[action].isChecked()

    def with_photo(self, do: Callable[[ImageRow], object]) -> None:
        """Only while a photo stands."""
        sitting = self._bench.sitting
        if sitting.row is not None and sitting.shown:
            do(sitting.row)

    # -- boxes ---------------------------------------------------------------------------------------------------
    def accept(self) -> None:
        """A suggestion becomes a box; a box drawn by hand takes the name that the classifier gave it."""
        canvas = self._bench.canvas
        selected = canvas.selected()
        document = canvas.document()
        drawn = document.find(selected) if document else None
        if drawn is None:
            canvas.accept_selected()
        elif not drawn.label:
            top, _ = self._bench.sitting.top3(selected)
            if top:
                canvas.relabel_selected(top[0][0])

    def copy_previous(self) -> None:
        bench = self._bench
        index = bench.photos.view.currentIndex().row()
        before = bench.photos.model.row_of(bench.photos.model.index(index - 1))
        if before is None or not bench.sitting.shown:
            return
        here = bench.sitting.row

        def insert(boxes: Sequence[Annotation]) -> None:
            if not boxes:
                bench.frame.messages.error(UserError("no_previous_boxes"))
            elif bench.sitting.row is here:
                bench.canvas.insert(list(boxes))

        bench.services.background.read(partial(desk.boxes_of, image_id=before.id), insert, owner=self)

    def name_box(self) -> None:
        canvas = self._bench.canvas
        if canvas.selected():
            self._bench.actions_.label_menu(self._bench).popup(canvas.mapToGlobal(canvas.rect().center()))

    def context_menu(self, id_: str, at: QPoint) -> None:
        actions = self._bench.actions_
        menu = actions.label_menu(self._bench)
        if not id_:
            menu.clear()
        else:
            menu.addSeparator()
        names = (
            ("accept", "delete", "duplicate", "difficult") if id_ else ("draw", "fit_window", "actual_size", "verify")
        )
        menu.addActions([actions[name] for name in names])
        menu.popup(at)

    # -- the rest ------------------------------------------------------------------------------------------------
    def open_settings(self, *, keys: bool = False) -> None:
        bench = self._bench
        window = bench.frame
        panel = SettingsPanel(
            bench.services,
            bench.actions_,
            window.use_language,
            window.use_theme,
            self.use_device,
            bench.status.device_words,
            window,
        )
        bench.engine.state_changed.connect(panel.show_device)
        if keys:
            panel.show_keys()
        panel.open()

    def keep_keys(self, chosen: Mapping[str, tuple[str, ...]]) -> None:
        """Everything that says a key says the new one."""
        self._bench.services.change_settings(keys=chosen)
        retranslate_all()

    def use_device(self, device: str) -> None:
        bench = self._bench
        if device != bench.services.settings.device:
            bench.services.change_settings(device=device)
            bench.frame.messages.dismiss(bench.engine.problem)
            bench.engine.restart()

    def about(self) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("squama")
        except PackageNotFoundError:
            number = "?"
        words = text("about.words", version=number)
        DetailsDialog(text("menu.about"), words, self._bench.status.details(), self._bench.frame).open()
