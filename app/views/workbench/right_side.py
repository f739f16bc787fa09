"""The panel on the right: the case, and under it what the place needs (Diagnose, Annotate); it scrolls."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

WIDTH = 292  # at 1366 pixels the photo keeps 60 % of the window


class RightSide(QFrame):
    def __init__(self, case: QWidget, *panels: QWidget) -> None:
        super().__init__()
        self.setObjectName("rightPanel")
        self.setMinimumWidth(WIDTH)
        self._all = panels
        self._panels = QStackedWidget()
        for panel in panels:
            self._panels.addWidget(panel)
        self.show_panel(panels[0])
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(12)
        column.addWidget(case)
        column.addWidget(self._panels, 1)
        self._scroll = scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(scroll)

    def show_panel(self, panel: QWidget) -> None:
        """The other panels take no room: the tallest does not make the others scroll."""
        for other in self._all:
            height = QSizePolicy.Policy.Preferred if other is panel else QSizePolicy.Policy.Ignored
            other.setSizePolicy(QSizePolicy.Policy.Preferred, height)
        self._panels.setCurrentWidget(panel)

    def bring_into_view(self, part: QWidget) -> None:
        """Scroll to it; what it has just got or shown is laid out first, level by level."""
        for _ in range(4):
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        self._scroll.ensureWidgetVisible(part, 0, 12)
