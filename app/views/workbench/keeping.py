"""What leaves the program to be looked at: the picture with its boxes, on disk or on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QWidget

from app.common.errors import UserError
from app.common.words import text
from app.datasets.records import ImageRow
from app.views.canvas import PhotoCanvas
from app.views.canvas.scene import Item
from app.views.services import Services
from app.views.workbench.photo_loader import load_photo
from app.views.workbench.picture import Caption, caption_of, page_layout, picture, print_picture

Tell = Callable[[str, Callable[[], str]], None]


PICTURES = (".png", ".jpg", ".jpeg")


class Keeping(QObject):
    """``tell(code, say)`` shows what was done."""

    def __init__(self, services: Services, canvas: PhotoCanvas, tell: Tell, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._canvas = canvas
        self._tell = tell
        self._window = parent

    # -- the picture ---------------------------------------------------------------------------------------------
    def save_picture(self, row: ImageRow, models: str) -> None:
        folder = Path(self._services.settings.last_folder or Path.home())
        file, _ = QFileDialog.getSaveFileName(
            self._window,
            text("menu.picture"),
            str(folder / f"{row.path.stem}.overlay.png"),
            text("saved.picture_filter"),
        )
        if file:
            self.write_picture(row, models, Path(file))

    def write_picture(self, row: ImageRow, models: str, target: Path) -> None:
        if target.suffix.lower() not in PICTURES:
            target = target.with_name(f"{target.name}.png")
        make = partial(_write, row.path, self._canvas.scene.items, caption_of(row.name, models, row.synthetic), target)
        self._services.background.work(
            make, lambda _: self._tell("picture", lambda: text("saved.picture", file=target.name)), owner=self
        )

    def print_picture(self, row: ImageRow, models: str) -> None:
        make = partial(_make, row.path, self._canvas.scene.items, caption_of(row.name, models, row.synthetic))
        self._services.background.work(make, self._print, owner=self)

    def _print(self, made: QImage) -> None:
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setPageLayout(page_layout(printer.pageLayout(), made))
        dialog = QPrintDialog(printer, self._window)
        if dialog.exec() == QPrintDialog.DialogCode.Accepted:
            painter = QPainter(printer)
            page = printer.pageRect(QPrinter.Unit.DevicePixel)
            print_picture(made, painter, QRect(0, 0, round(page.width()), round(page.height())))
            painter.end()


def _make(photo: Path, items: Sequence[Item], caption: Caption) -> QImage:
    loaded = load_photo(photo, None)
    return picture(loaded.image, loaded.size[0], items, caption)


def _write(photo: Path, items: Sequence[Item], caption: Caption, target: Path) -> None:
    """Whole or not at all, like everything that is saved."""
    from PySide6.QtCore import QBuffer, QIODevice

    from app.common.files import write_atomically

    made = _make(photo, items, caption)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    is_jpeg = target.suffix.lower() in (".jpg", ".jpeg")
    if not made.save(buffer, "JPEG" if is_jpeg else "PNG", 92 if is_jpeg else -1):  # type: ignore[call-overload]
        raise UserError("write_failed", file=target.name, reason=target.suffix)
    write_atomically(target, bytes(buffer.data().data()))
