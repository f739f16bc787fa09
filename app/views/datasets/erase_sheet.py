"""Erasing a patient: the one act that cannot be undone, so the code is typed twice and what goes is said before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout

from app.common.errors import UserError
from app.common.words import text
from app.views.child_process import Child, errand
from app.views.forms import FormPanel
from app.views.parts import label
from app.views.sheets import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.views.services import Services
    from app.views.window import Window


class EraseSheet(Sheet):
    """``erased`` is called when the patient is gone."""

    def __init__(self, services: Services, window: Window, erased: Callable[[], object]) -> None:
        super().__init__()
        self._services = services
        self._window = window
        self._erased = erased
        self._child: Child | None = None
        self._photos: int | None = None
        self._code_caption = label()
        self.code = QLineEdit()
        self._again_caption = label()
        self.again = QLineEdit()
        self.erase = QPushButton()
        self.erase.setProperty("kind", "grave")
        self._found = label("section")
        self._words = label("soft", wrap=True)
        self._lay_out()
        self.code.textChanged.connect(lambda _: self._look_up())
        self.again.textChanged.connect(lambda _: self.retranslate())
        self.erase.clicked.connect(lambda: self._erase())
        self.setFocusProxy(self.code)
        self.retranslate()

    def _lay_out(self) -> None:
        panel = FormPanel()
        for part in (self._code_caption, self.code, self._again_caption, self.again):
            panel.column.addWidget(part)
        panel.column.addStretch()
        panel.foot.addWidget(self.erase)
        column = QVBoxLayout()
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(self._found)
        column.addWidget(self._words)
        column.addStretch()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(panel)
        layout.addLayout(column, 1)

    def title(self) -> str:
        return text("erase.title")

    def purpose(self) -> str:
        return text("erase.purpose")

    def may_close(self) -> bool:
        return self._child is None or not self._child.running

    def _look_up(self) -> None:
        code = self.code.text().strip()
        self._photos = None
        self.retranslate()
        if code:
            self._services.background.read(partial(_photos_of, code=code), partial(self._show, code), owner=self)

    def _show(self, code: str, photos: int) -> None:
        if code == self.code.text().strip():
            self._photos = photos
            self.retranslate()

    def _erase(self) -> None:
        self._child = errand(
            self._services, ["patient", "erase", "--", self.code.text().strip()], self._done, self._failed, self
        )
        self._window.status.set_work(lambda: text("erase.working"))
        self.retranslate()

    def _done(self, document: Any) -> None:
        self._window.status.set_work(lambda: "")
        images, versions = int(document["images"]), int(document["versions_reduced"])
        self._window.messages.info("erased", lambda: text("erase.done", images=images, versions=versions))
        self._erased()
        self.back_wanted.emit()

    def _failed(self, error: UserError) -> None:
        self._window.status.set_work(lambda: "")
        self._window.show_error(error)
        self.retranslate()

    def retranslate(self) -> None:
        self._code_caption.setText(text("erase.code"))
        self._again_caption.setText(text("erase.again"))
        for field, words in ((self.code, text("erase.code")), (self.again, text("erase.again"))):
            field.setAccessibleName(words)
            field.setToolTip(words)
        self.erase.setText(text("erase.do"))
        self.erase.setToolTip(text("erase.purpose"))
        code = self.code.text().strip()
        idle = self._child is None or not self._child.running
        self.erase.setEnabled(bool(code) and code == self.again.text().strip() and self._photos is not None and idle)
        self._found.setText("" if self._photos is None else text("erase.found", code=code, n=self._photos))
        self._found.setVisible(self._photos is not None)
        self._words.setText(text("erase.words"))


def _photos_of(session: Any, code: str) -> int:
    from app.datasets.store import photos_of_patient

    return len(photos_of_patient(session, code))
