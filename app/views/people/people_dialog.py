"""Who works here and in which role: a row each, and one to add somebody."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.common.errors import UserError
from app.common.words import text
from app.views.background import Changed
from app.views.choice import Choice
from app.views.parts import Elided, empty_layout, label, line
from app.views.people import desk

if TYPE_CHECKING:
    from app.datasets.records import UserRecord
    from app.views.services import Services

PEOPLE = Changed(frozenset({"people"}))


def role_words(role: str) -> str:
    words = {
        "owner": text("people.owner"),
        "doctor": text("people.doctor"),
        "annotator": text("people.annotator"),
        "scientist": text("people.scientist"),
    }
    return words.get(role, role)


def _roles() -> list[tuple[str, str]]:
    return [(role, role_words(role)) for role in ("annotator", "doctor", "scientist", "owner")]


class PeopleDialog(QDialog):
    def __init__(self, services: Services, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._people: tuple[UserRecord, ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._title = label("page")
        self._words = label("soft", wrap=True)
        self._heads = [label("caption") for _ in range(3)]
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(12)
        self.grid.setVerticalSpacing(6)
        self.grid.setColumnStretch(0, 1)
        self.name = QLineEdit()
        self.name.returnPressed.connect(self.add)
        self.role = Choice(_roles)
        self.role.set_key("annotator")
        self.add_button = QPushButton()
        self.add_button.setProperty("kind", "primary")
        self.add_button.setAutoDefault(False)
        self.add_button.clicked.connect(lambda: self.add())
        self._trouble = label("danger", wrap=True)
        self._close = QPushButton()
        self._close.setAutoDefault(False)
        self._close.clicked.connect(self.accept)
        self._lay_out()
        self.retranslate()
        self._read()
        self.name.setFocus()

    def _lay_out(self) -> None:
        new = QHBoxLayout()
        new.setSpacing(8)
        new.addWidget(self.name, 1)
        new.addWidget(self.role)
        new.addWidget(self.add_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(self._title)
        layout.addWidget(self._words)
        layout.addLayout(self.grid)
        layout.addWidget(line())
        layout.addLayout(new)
        layout.addWidget(self._trouble)
        layout.addStretch()
        layout.addWidget(self._close, 0, Qt.AlignmentFlag.AlignRight)

    def add(self) -> None:
        make = partial(desk.add_person, name=self.name.text(), role=self.role.key)
        self._services.background.change(make, PEOPLE, self._added, self._refuse, owner=self)

    def _added(self, people: tuple[UserRecord, ...]) -> None:
        self.name.clear()
        self._show(people)

    def _change(self, name: str, role: str, active: bool) -> None:
        make = partial(desk.change_person, name=name, role=role, active=active)
        self._services.background.change(make, PEOPLE, self._show, self._refuse, owner=self)

    def _refuse(self, error: UserError) -> None:
        self._show(self._people)
        self._trouble.setText(str(error))
        self._trouble.show()

    def _read(self) -> None:
        self._services.background.read(desk.users, self._show, owner=self)

    def _show(self, people: Sequence[UserRecord]) -> None:
        self._people = tuple(people)
        self._trouble.hide()
        empty_layout(self.grid)
        self._heads = [label("caption") for _ in range(3)]
        for column, head in enumerate(self._heads):
            self.grid.addWidget(head, 0, column)
        for row, person in enumerate(people, 1):
            name = Elided()
            name.setText(person.name)
            role = Choice(_roles)
            role.set_key(person.role)
            role.setAccessibleName(text("people.role_of", person=person.name))
            active = QCheckBox()
            active.setChecked(person.active)
            active.setAccessibleName(text("people.active_of", person=person.name))
            active.setToolTip(text("people.active_tip"))
            role.picked.connect(lambda key, p=person: self._change(p.name, key, p.active))
            active.clicked.connect(lambda on, p=person: self._change(p.name, p.role, on))
            self.grid.addWidget(name, row, 0)
            self.grid.addWidget(role, row, 1)
            self.grid.addWidget(active, row, 2, Qt.AlignmentFlag.AlignCenter)
        self.retranslate()

    def retranslate(self) -> None:
        self.setWindowTitle(text("people.title"))
        self._title.setText(text("people.title"))
        self._words.setText(text("people.words"))
        for head, words in zip(
            self._heads, (text("people.name"), text("people.role"), text("people.active")), strict=True
        ):
            head.setText(words)
        self.name.setPlaceholderText(text("people.new_name"))
        self.name.setAccessibleName(text("people.new_name"))
        self.role.setAccessibleName(text("people.role"))
        self.role.setToolTip(text("people.role_tip"))
        self.add_button.setText(text("people.add"))
        self._close.setText(text("message.close"))
