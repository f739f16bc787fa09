"""Who is at work: the person at the rail's foot, and the menu to change places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from app.common.words import text
from app.views.icons import icon
from app.views.people import desk
from app.views.people.people_dialog import PeopleDialog, role_words

if TYPE_CHECKING:
    from app.datasets.records import UserRecord
    from app.views.services import Services
    from app.views.window import Window


class Persons(QObject):
    """``agreement``: opens the page of double annotation; ``leave``: keeps what is half entered, before a change."""

    def __init__(
        self, services: Services, window: Window, agreement: Callable[[], object], leave: Callable[[], object]
    ) -> None:
        super().__init__(window)
        self._services = services
        self._window = window
        self._agreement = agreement
        self._leave = leave
        self.menu: QMenu | None = None
        window.rail.person_wanted.connect(self.ask)
        window.rail.show_person(services.actor)
        services.actor_changed.connect(window.rail.show_person)

    def ask(self) -> None:
        """The menu beside the person: change places, add somebody."""
        self._services.background.read(desk.users, self._show_menu, owner=self)

    def _show_menu(self, people: Sequence[UserRecord]) -> None:
        menu = self.menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        here = self._services.actor
        group = QActionGroup(menu)
        known = {p.name: p.role for p in people if p.active}
        for name, role in {here: "", **known}.items():
            action = menu.addAction(f"{name}  ·  {role_words(role)}" if role else name)
            action.setCheckable(True)
            action.setChecked(name == here)
            action.triggered.connect(partial(self._sit_down, name))
            group.addAction(action)
        menu.addSeparator()
        menu.addAction(icon("people"), text("people.manage"), self.manage)
        menu.addAction(text("agreement.open"), self._agreement)
        button = self._window.rail.person
        menu.popup(button.mapToGlobal(button.rect().topRight()))

    def _sit_down(self, name: str, _checked: bool = False) -> None:
        self._leave()
        self._services.change_actor(name)

    def manage(self) -> None:
        dialog = PeopleDialog(self._services, self._window)
        dialog.open()
