"""What the workbench does when a key, a menu or a button asks for it: one entry of :meth:`Commands.table` each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

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
        bench, canvas, boxes = self._bench, self._bench.canvas, self._bench.boxes
        collection, keeping, photos = bench.collection, bench.keeping, bench.photos
        return {
            "open_files": collection.ask_for_files,
            "open_folder": collection.ask_for_folder,
            "picture": partial(self.with_photo, lambda row: keeping.save_picture(row, bench.status.models_words())),
            "print": partial(self.with_photo, lambda row: keeping.print_picture(row, bench.status.models_words())),
            "quit": bench.frame.close,
            "undo": partial(bench.sitting.undoing.walk, back=True),
            "redo": partial(bench.sitting.undoing.walk, back=False),
            "draw": boxes.draw,
            "draw_many": partial(self.toggle, "draw_many"),
            "edit_mode": canvas.stop_drawing,
            "square": lambda: canvas.set_square(self._is_on("square")),
            "accept": boxes.accept,
            "accept_all": canvas.accept_all,
            "refuse_all": canvas.refuse_all,
            "tighten": partial(self.with_photo, boxes.tighten),
            "name": boxes.find_label,
            "no_label": partial(boxes.set_next_label, ""),
            "delete": canvas.delete_selected,
            "duplicate": canvas.duplicate_selected,
            "copy_previous": boxes.copy_previous,
            "difficult": canvas.toggle_difficult,
            "next_box": canvas.select_next,
            "previous_box": lambda: canvas.select_next(-1),
            "previous": lambda: photos.step(-1),
            "next": lambda: photos.step(1),
            "next_needing": self.next_needing,
            "previous_needing": partial(self.next_needing, back=True),
            "verify": canvas.toggle_verified,
            "reject": partial(self.with_photo, lambda _row: self.reject()),
            "read_again": bench.sitting.read,
            "zoom_in": lambda: canvas.zoom_by(1.25),
            "zoom_out": lambda: canvas.zoom_by(0.8),
            "actual_size": canvas.actual_size,
            "fit_window": canvas.fit_window,
            "fit_width": canvas.fit_width,
            "brighten": lambda: canvas.change_brightness(1),
            "darken": lambda: canvas.change_brightness(-1),
            "reset_brightness": canvas.reset_brightness,
            "looks": lambda: bench.looks.open(self._is_on("looks")),
            "magnifier": lambda: canvas.set_magnifier(self._is_on("magnifier")),
            "crosshair": partial(self.toggle, "crosshair"),
            "keep_view": partial(self.toggle, "keep_view"),
            "line_colour": boxes.next_line_colour,
            "history": self.show_history,
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

    # -- going on ------------------------------------------------------------------------------------------------
    def next_needing(self, *, back: bool = False) -> None:
        """The next photo of the list that needs the person at work; the panel says why."""
        bench = self._bench
        ask = partial(
            desk.next_needing,
            order=bench.photos.model.shown_ids(),
            after=bench.sitting.row.id if bench.sitting.row else None,
            back=back,
        )
        bench.services.background.read(ask, self._go_to_needing, owner=self)

    def _go_to_needing(self, found: int | None) -> None:
        if found is None:
            self._bench.frame.messages.info("nothing_needed", lambda: text("needs.none_left"))
        else:
            self._bench.photos.go_to(found)

    def reject(self) -> None:
        """The hand goes to the comment; a photo that was sent back is taken back with the cross beside it."""
        bench = self._bench
        if bench.frame.place != "annotate":
            bench.frame.go("annotate")
        bench.actions_["fold_right"].setChecked(True)
        bench.right.show()
        bench.annotate.verdict.begin()
        bench.right.bring_into_view(bench.annotate.verdict.comment)

    # -- looking -------------------------------------------------------------------------------------------------
    def toggle(self, name: str) -> None:
        """A way of looking or drawing that a person turns on and off, kept for the next start."""
        on = self._is_on(name)
        self._turn(name, on)
        self._bench.services.change_settings(**{name: on})

    def _turn(self, name: str, on: bool) -> None:
        canvas = self._bench.canvas
        turns: Mapping[str, Callable[[bool], object]] = {
            "keep_view": canvas.set_keep_view,
            "crosshair": canvas.set_crosshair,
            "draw_many": canvas.set_draw_many,
        }
        turns[name](on)

    def take_up(self) -> None:
        """What was turned on in an earlier session is on again."""
        settings = self._bench.services.settings
        for name in ("keep_view", "crosshair", "draw_many"):
            on = bool(getattr(settings, name))
            self._bench.actions_[name].setChecked(on)
            self._turn(name, on)
        self._bench.canvas.set_keep_looks(settings.keep_looks)
        self._bench.looks.set_keep(settings.keep_looks)

    def keep_looks(self, keep: bool) -> None:
        self._bench.canvas.set_keep_looks(keep)
        self._bench.services.change_settings(keep_looks=keep)

    def show_history(self) -> None:
        bench = self._bench
        if bench.frame.place != "annotate":
            bench.frame.go("annotate")
        bench.annotate.history.fold.toggle()

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
