"""What leaves the program: boxes as Pascal VOC, the picture with its boxes, paper; and boxes that come from a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QWidget

from app.annotation.document import Annotation, Document
from app.annotation.voc import document_of, load_voc, save_voc, voc_of
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

    # -- boxes ---------------------------------------------------------------------------------------------------
    def save_boxes(self, row: ImageRow) -> None:
        """Beside the photo, or in the folder that was chosen."""
        document = self._canvas.document()
        if document is None:
            return
        target = self._voc_file(row)
        voc = voc_of(document, row.path.name, row.path.parent.name)
        self._services.background.work(partial(save_voc, target, voc), partial(self._saved, target.name), owner=self)

    def _saved(self, file: str, written: bool) -> None:
        if written:
            self._tell("saved", lambda: text("saved.voc", file=file))
        else:
            self._tell("saved", lambda: text("saved.voc_same", file=file))

    def _voc_file(self, row: ImageRow) -> Path:
        folder = self._services.settings.save_folder
        return (Path(folder) if folder else row.path.parent) / f"{row.path.stem}.xml"

    def choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self._window, text("menu.save_folder"), self._services.settings.save_folder
        )
        if folder:
            self._services.change_settings(save_folder=folder)
            self._tell("save_folder", lambda: text("saved.folder", folder=folder))

    def ask_for_boxes(self, row: ImageRow) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self._window, text("menu.open_boxes"), str(row.path.parent), text("saved.voc_filter")
        )
        if file:
            self.open_boxes(row, Path(file))

    def open_sidecar(self, row: ImageRow) -> None:
        """labelImg's file beside a photo that nobody has boxed here yet, if there is one."""
        self.open_boxes(row, self._voc_file(row))

    def open_boxes(self, row: ImageRow, file: Path) -> None:
        document = self._canvas.document()
        if document is not None:
            size = (document.width, document.height)
            read = partial(_read_boxes, file, size, self._services)
            self._services.background.work(read, partial(self._take_boxes, document), owner=self)

    def _take_boxes(self, before: Document, boxes: Sequence[Annotation]) -> None:
        if boxes and self._canvas.document() == before:
            self._canvas.insert(boxes)

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


def _read_boxes(file: Path, size: tuple[int, int], services: Services) -> tuple[Annotation, ...]:
    voc = load_voc(file)
    return () if voc is None else document_of(voc, *size, services.pack).annotations


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
