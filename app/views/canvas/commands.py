"""What the keys and buttons do on a canvas, by the action ids of :mod:`app.views.keys`."""

from __future__ import annotations

from collections.abc import Callable

from app.common.packs import Pack
from app.views.canvas.canvas import PhotoCanvas
from app.views.keys import DIGITS

_ZOOM_STEP = 1.25


def canvas_commands(canvas: PhotoCanvas, pack: Pack) -> dict[str, Callable[[], object]]:
    """Commands for :func:`app.views.keys.make_actions`; digit n gives the pack's n-th label, "none of these" last."""
    commands: dict[str, Callable[[], object]] = {
        "draw": canvas.start_drawing,
        "edit_mode": canvas.stop_drawing,
        "square": lambda: canvas.set_square(not canvas.square()),
        "undo": canvas.undo,
        "redo": canvas.redo,
        "delete": canvas.delete_selected,
        "duplicate": canvas.duplicate_selected,
        "accept": canvas.accept_selected,
        "accept_all": canvas.accept_all,
        "next_box": canvas.select_next,
        "previous_box": lambda: canvas.select_next(-1),
        "difficult": canvas.toggle_difficult,
        "verify": canvas.toggle_verified,
        "zoom_in": lambda: canvas.zoom_by(_ZOOM_STEP),
        "zoom_out": lambda: canvas.zoom_by(1 / _ZOOM_STEP),
        "actual_size": canvas.actual_size,
        "fit_window": canvas.fit_window,
        "fit_width": canvas.fit_width,
        "brighter": lambda: canvas.change_brightness(1),
        "darker": lambda: canvas.change_brightness(-1),
        "brightness_reset": canvas.reset_brightness,
        "hide_boxes": lambda: canvas.set_boxes_visible(False),
        "show_boxes": lambda: canvas.set_boxes_visible(True),
        "show_tags": lambda: canvas.set_tags_visible(not canvas.scene.tags),
    }
    for digit, label in enumerate(pack.labels[:DIGITS], 1):
        commands[f"label_{digit}"] = _labeller(canvas, label.key)
    return commands


def _labeller(canvas: PhotoCanvas, label: str) -> Callable[[], None]:
    return lambda: canvas.relabel_selected(label)
