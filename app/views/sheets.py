"""What fills the room right of the rail: the pages that the rail goes to, and sheets that lie over them for a while."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget


class Sheet(QWidget):
    """One task that wants the whole page for a while; the arrow in the header and Esc lead back."""

    back_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sheet")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def title(self) -> str:
        raise NotImplementedError

    def purpose(self) -> str:
        """One line: what this sheet is for."""
        raise NotImplementedError

    def begin(self) -> None:
        """It is seen, for the first time or again after the one above it was closed."""

    def may_close(self) -> bool:
        """False: the sheet keeps its ground, and has said why."""
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.back_wanted.emit()
        else:
            super().keyPressEvent(event)


class Page(QWidget):
    """What is seen at a place of the rail, made when somebody first goes there."""

    def begin(self) -> None:
        """It is seen, for the first time or again."""


class Pages(QWidget):
    """One page at a time, by place; sheets in a heap above it."""

    changed = Signal()  # another page or sheet is seen

    def __init__(self) -> None:
        super().__init__()
        self._stack = QStackedWidget()
        self._pages: dict[str, QWidget] = {}
        self._later: dict[str, Callable[[], QWidget]] = {}
        self._place = ""
        self._sheets: list[Sheet] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)

    @property
    def sheet(self) -> Sheet | None:
        return self._sheets[-1] if self._sheets else None

    def add(self, page: QWidget, *places: str) -> None:
        """``page`` is what is seen at these places; it may serve several."""
        self._stack.addWidget(page)
        self._pages.update(dict.fromkeys(places, page))
        self._show()

    def add_later(self, make: Callable[[], QWidget], *places: str) -> None:
        """A page that is made when somebody goes to one of its places for the first time."""
        self._later.update(dict.fromkeys(places, make))

    @property
    def page(self) -> QWidget | None:
        """The page of the place, also while a sheet lies over it."""
        return self._pages.get(self._place)

    def show_place(self, place: str) -> bool:
        """Close what lies above and show the place's page; False where a sheet keeps its ground."""
        while self._sheets:
            if not self.back():
                return False
        self._place = place
        self._make(place)
        self._show()
        return True

    def open(self, sheet: Sheet) -> None:
        """Lay ``sheet`` over everything; it is thrown away when it is closed."""
        self._sheets.append(sheet)
        self._stack.addWidget(sheet)
        sheet.back_wanted.connect(self.back)
        self._show()

    def back(self) -> bool:
        """Close the uppermost sheet; False where it keeps its ground, or there is none."""
        if not self._sheets or not self._sheets[-1].may_close():
            return False
        gone = self._sheets.pop()
        self._stack.removeWidget(gone)
        gone.hide()
        gone.deleteLater()
        self._show()
        return True

    def _make(self, place: str) -> None:
        make = self._later.get(place)
        if make is not None:
            places = [p for p, other in self._later.items() if other is make]
            for p in places:
                del self._later[p]
            page = make()
            self._stack.addWidget(page)
            self._pages.update(dict.fromkeys(places, page))

    def _show(self) -> None:
        seen = self.sheet or self._pages.get(self._place)
        if seen is None:
            return
        self._stack.setCurrentWidget(seen)
        if isinstance(seen, Sheet | Page):
            seen.setFocus()
            seen.begin()
        self.changed.emit()
