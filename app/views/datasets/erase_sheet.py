"""Erasing a patient: the one act that cannot be undone, so the code is typed twice and what goes is said before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QLineEdit, QPushButton

from app.common.words import text
from app.views.forms import FormSheet
from app.views.parts import label

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.views.services import Services
    from app.views.window import Window


class EraseSheet(FormSheet):
    """``erased`` is called when the patient is gone."""

    def __init__(self, services: Services, window: Window, erased: Callable[[], object]) -> None:
        super().__init__(services, window)
        self._erased = erased
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
        for part in (self._code_caption, self.code, self._again_caption, self.again):
            self.panel.column.addWidget(part)
        self.panel.column.addStretch()
        self.panel.foot.addWidget(self.erase)
        self.beside.addWidget(self._found)
        self.beside.addWidget(self._words)
        self.beside.addStretch()

    def title(self) -> str:
        return text("erase.title")

    def purpose(self) -> str:
        return text("erase.purpose")

    def may_close(self) -> bool:
        return not self.running

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
        words = ["patient", "erase", "--", self.code.text().strip()]
        self.run_errand(words, lambda: text("erase.working"), self._done, may_stop=False)

    def _done(self, document: Any) -> None:
        images, versions = int(document["images"]), int(document["versions_reduced"])
        self._window.messages.info("erased", lambda: text("erase.done", images=images, versions=versions))
        self._erased()

    def retranslate(self) -> None:
        self._code_caption.setText(text("erase.code"))
        self._again_caption.setText(text("erase.again"))
        for field, words in ((self.code, text("erase.code")), (self.again, text("erase.again"))):
            field.setAccessibleName(words)
            field.setToolTip(words)
        self.erase.setText(text("erase.do"))
        self.erase.setToolTip(text("erase.purpose"))
        code = self.code.text().strip()
        sure = bool(code) and code == self.again.text().strip() and self._photos is not None
        self.erase.setEnabled(sure and not self.running)
        self._found.setText("" if self._photos is None else text("erase.found", code=code, n=self._photos))
        self._found.setVisible(self._photos is not None)
        self._words.setText(text("erase.words"))


def _photos_of(session: Any, code: str) -> int:
    from app.datasets.store import photos_of_patient

    return len(photos_of_patient(session, code))
