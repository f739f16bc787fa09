"""The photos on the left: heading, search, filter, and the list itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.common.words import text
from app.datasets.records import ImageRow
from app.views.choice import Choice
from app.views.icons import icon
from app.views.parts import Elided, EmptyWords, label
from app.views.photo_delegate import ITEM_HEIGHT, PhotoDelegate
from app.views.photo_model import NOTE, PhotoModel, Show
from app.views.thumbnails import Thumbnails

__all__ = ["NOTE", "PhotoModel", "PhotoPanel"]

AHEAD = (1, 2, -1, 3)
"""The neighbours worth decoding before they are asked for, the likeliest first; mirrored while going backwards."""


class PhotoView(QTableView):
    """A table of one column: unlike Qt's list it does not ask for each of 100,000 rows to lay itself out."""

    def __init__(self) -> None:
        super().__init__()
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        down, across = self.verticalHeader(), self.horizontalHeader()
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(ITEM_HEIGHT)
        across.hide()
        across.setMinimumSectionSize(1)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home and End mean the first and the last photo, as in a list."""
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: self.model().rowCount() - 1}
        wanted = ends.get(Qt.Key(event.key()))
        if wanted is not None and not event.modifiers():
            self.setCurrentIndex(self.model().index(wanted, 0))
        else:
            super().keyPressEvent(event)


class PhotoPanel(QWidget):
    """``chosen`` carries the ImageRow to show."""

    chosen = Signal(object)
    all_wanted = Signal()

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.setObjectName("leftPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(150)
        self.model = PhotoModel(self)
        self._title: str | None = None
        self._wanted = 0
        self._going = 1
        self._heading = Elided("section")
        self._count = label("caption")
        self.back = QPushButton()
        self.back.setProperty("kind", "flat")
        self.back.clicked.connect(lambda: self.all_wanted.emit())
        self.filter = QLineEdit()
        self.filter.setClearButtonEnabled(True)
        for clear in self.filter.findChildren(QAction):  # Qt's own icon is made for light windows
            clear.setIcon(icon("close"))
        self.filter.textChanged.connect(self._search)
        self.shows = _Shows(self.model)
        self.shows.picked.connect(self.show_only)
        self.view = PhotoView()
        self.view.setModel(self.model)
        self.nothing = EmptyWords(self.view, lambda: text("photos.none_match"))
        self.view.setItemDelegate(PhotoDelegate(thumbnails, self.view))
        self.view.selectionModel().currentChanged.connect(self._current_changed)
        thumbnails.arrived.connect(self._thumbnail_arrived)
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 8, 0)
        head.addWidget(self._heading, 1)
        head.addWidget(self._count)
        find = QVBoxLayout()
        find.setContentsMargins(8, 0, 8, 4)
        find.setSpacing(4)
        find.addWidget(self.filter)
        find.addWidget(self.shows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addLayout(find)
        layout.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.view, 1)
        self.retranslate()

    # -- rows ----------------------------------------------------------------------------------------------------
    def show_rows(
        self,
        rows: Iterable[ImageRow],
        title: str | None = None,
        notes: dict[int, str] | None = None,
        choose: int = 0,
        more: bool = False,
    ) -> None:
        """``title`` names a folder or a patient (None: the workspace); ``choose``: the id to open, else the first.

        With ``more`` to come by :meth:`append_rows`, the one to open may be among them; :meth:`all_came` ends it.
        """
        self._title = title
        self._wanted = choose if more else 0
        self._going = 1
        self.filter.blockSignals(True)
        self.filter.clear()
        self.filter.blockSignals(False)
        self.model.set_rows(rows, notes)
        self.retranslate()
        if not self.go_to(choose) and not self._wanted:
            self.view.setCurrentIndex(self.model.index(0))

    def append_rows(self, rows: Sequence[ImageRow]) -> None:
        """More of what is shown; the chosen photo and the place in the list stay."""
        self.model.append_rows(rows)
        self._say_count()
        if self._wanted and self.go_to(self._wanted):
            self._wanted = 0

    def all_came(self) -> None:
        """No more rows come: a photo that was to be opened and is not there gives way to the first."""
        if self._wanted and not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.model.index(0))
        self._wanted = 0

    def remove(self, image_id: int) -> bool:
        """Take a photo out and go to the next one; False if none is left."""
        index = self.model.index_of(image_id)
        row = index.row() if index.isValid() else 0
        self.model.remove_row(image_id)
        self._say_count()
        self.view.setCurrentIndex(self.model.index(min(row, self.model.rowCount() - 1)))
        return self.model.total > 0

    def show_only(self, show: Show) -> None:
        self._keeping_current(lambda: self.model.set_show(show))

    def _search(self, words: str) -> None:
        self._keeping_current(lambda: self.model.set_words(words))

    def _keeping_current(self, filter_: Callable[[], None]) -> None:
        """The photo at work stays open, and chosen where the filter lets it through."""
        row = self.current()
        filter_()
        if row is not None and (index := self.model.index_of(row.id)).isValid():
            self.view.selectionModel().blockSignals(True)
            self.view.setCurrentIndex(index)
            self.view.selectionModel().blockSignals(False)
        self.retranslate()

    # -- the chosen one ------------------------------------------------------------------------------------------
    def current(self) -> ImageRow | None:
        return self.model.row_of(self.view.currentIndex())

    def neighbours(self) -> tuple[ImageRow, ...]:
        """The photos that are likely to be wanted next, the likeliest first."""
        at = self.view.currentIndex().row()
        beside = (self.model.row_of(self.model.index(at + self._going * step)) for step in AHEAD)
        return tuple(row for row in beside if row is not None)

    def go_to(self, image_id: int) -> bool:
        """Choose this photo; False if the list does not show it."""
        index = self.model.index_of(image_id)
        if index.isValid():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)
        return index.isValid()

    def step(self, by: int) -> None:
        """The next or previous photo; stays at the ends."""
        index = self.view.currentIndex()
        wanted = self.model.index((index.row() if index.isValid() else -1) + by)
        if wanted.isValid():
            self.view.setCurrentIndex(wanted)

    def _current_changed(self, index: QModelIndex, before: QModelIndex) -> None:
        row = self.model.row_of(index)
        if row is not None:
            self._wanted = 0
            self._going = -1 if before.isValid() and index.row() < before.row() else 1
            self.chosen.emit(row)

    def _thumbnail_arrived(self, file: str) -> None:
        """Paint its row anew, if it is one of those in sight."""
        height = self.view.viewport().height()
        for at in range(self.view.rowAt(0), self.view.rowAt(height - 1) + 1 or self.model.rowCount()):
            row = self.model.row_of(self.model.index(at))
            if row is not None and row.file == file:
                self.view.update(self.model.index(at))

    # -- words ---------------------------------------------------------------------------------------------------
    def resizeEvent(self, event: QResizeEvent) -> None:
        """A list that became shorter still shows the whole of the chosen photo."""
        super().resizeEvent(event)
        self.view.scrollTo(self.view.currentIndex())

    def _say_count(self) -> None:
        shown, total = self.model.rowCount(), self.model.total
        self._count.setText(f"{total:,}" if shown == total else f"{shown:,} / {total:,}")

    def retranslate(self) -> None:
        self._heading.setText(self._title or text("photos.all"))
        self._heading.setToolTip(self._title or "")
        self._say_count()
        self.filter.setPlaceholderText(text("photos.filter"))
        self.filter.setAccessibleName(text("photos.filter"))
        self.shows.retranslate()
        self.back.setText(text("photos.show_all"))
        self.back.setVisible(self._title is not None)
        self.view.setAccessibleName(text("photos.all"))
        self.view.viewport().update()


class _Shows(Choice):
    """Which photos the list shows. How many each choice has is counted when a person looks at the choices."""

    def __init__(self, model: PhotoModel) -> None:
        self._model = model
        super().__init__(_show_words)

    def retranslate(self) -> None:
        super().retranslate()
        self.set_key(self._model.show)
        self.setToolTip(text("photos.shown"))
        self.setAccessibleName(text("photos.shown"))

    def showPopup(self) -> None:
        counts = self._model.counts()
        for place, (key, words) in enumerate(_show_words()):
            self.setItemText(place, f"{words}  {counts[key]:,}")
        super().showPopup()

    def hidePopup(self) -> None:
        super().hidePopup()
        self.retranslate()


def _show_words() -> tuple[tuple[Show, str], ...]:
    return (
        ("all", text("photos.show.all")),
        ("needs", text("photos.show.needs")),
        ("empty", text("photos.show.empty")),
        ("boxed", text("photos.show.boxed")),
        ("unverified", text("photos.show.unverified")),
        ("verified", text("photos.show.verified")),
        ("rejected", text("photos.show.rejected")),
        ("mine", text("photos.show.mine")),
    )
