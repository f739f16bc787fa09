"""The Clean page: checks as cards, a gallery of what the chosen one caught, one photo large, decided about by keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.cleaning.checks import ABOUT_LABELS, check_name
from app.cleaning.records import PhotoDetail, QueueRow, Tally, Walked
from app.common.words import text
from app.views.cleaning import desk
from app.views.cleaning.card_model import WAITING, cards_of
from app.views.cleaning.check_cards import CheckCards
from app.views.cleaning.check_settings import CheckSettings
from app.views.cleaning.deciding import Deciding
from app.views.cleaning.empty import FirstSteps
from app.views.cleaning.gallery import Gallery
from app.views.cleaning.gallery_model import Key
from app.views.cleaning.pane import ACTS, Pane
from app.views.cleaning.queue_head import QueueHead
from app.views.cleaning.run_panel import RunPanel
from app.views.parts import line
from app.views.services import Services
from app.views.sheets import Page
from app.views.thumbnails import Thumbnails
from app.views.window import Window

CARDS_WIDTH, GALLERY_WIDTH = 236, 252
WIDE, MORE = 1600, 112
"""From this width of the page on the gallery has a column more."""
FEW = 50
"""When no more lines of a long list are left, the next ones are fetched."""
AHEAD = 4
"""Lines of the queue whose photos are decoded before they are asked for."""
SETTLE_MS = 300
"""A threshold that is moved by keys is stored, and decisions are counted, when the hand rests."""
ARRIVE_MS = 1000
"""What a run finds is shown as often."""


class CleanPage(Page):
    def __init__(self, services: Services, window: Window) -> None:
        super().__init__()
        self.services = services
        self.window_ = window
        self._desk: desk.Desk | None = None
        self._check = ""
        self._arranged = False
        self._wanted: Key | None = None  # the line to go to when its rows have come
        self._tally = Tally()
        self._looking = self._look_again = self._rows_missed = False
        self.cards = CheckCards()
        self.gallery = Gallery(Thumbnails(services.background, self))
        self.pane = Pane(services)
        self.run = RunPanel(services, window.status)
        self.deciding = Deciding(services, window, self.gallery, self.pane)
        self.steps = FirstSteps(lambda: window.go("diagnose"), self.run.toggle)
        self.settings = CheckSettings(services, window, self.cards)
        self.head = QueueHead(self.switch)
        self.on = QPushButton()  # to the next check that has something open
        self.on.setProperty("kind", "flat")
        self._counting = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._arriving = QTimer(self, singleShot=True, interval=ARRIVE_MS)
        self._lay_out()
        self._connect()
        self._listen()
        self.retranslate()

    def _lay_out(self) -> None:
        left = QWidget()
        left.setObjectName("leftPanel")
        left.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        left.setMinimumWidth(180)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.run)
        column.addWidget(line())
        column.addWidget(self.cards, 1)
        middle = QWidget()
        middle.setObjectName("leftPanel")
        middle.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        between = QVBoxLayout(middle)
        between.setContentsMargins(0, 0, 0, 0)
        between.setSpacing(0)
        between.addWidget(self.head)
        between.addWidget(self.gallery, 1)
        between.addWidget(self.on)
        work = self.work = QSplitter(Qt.Orientation.Horizontal)
        work.setHandleWidth(1)
        work.setChildrenCollapsible(False)
        work.addWidget(middle)
        work.addWidget(self.pane)
        work.setStretchFactor(1, 1)
        work.setSizes([GALLERY_WIDTH, 10_000])
        self._stack = QStackedWidget()
        self._stack.addWidget(self.steps)
        self._stack.addWidget(work)
        self.left = left
        across = QSplitter(Qt.Orientation.Horizontal)
        across.setHandleWidth(1)
        across.setChildrenCollapsible(False)
        across.addWidget(left)
        across.addWidget(self._stack)
        across.setStretchFactor(1, 1)
        across.setSizes([CARDS_WIDTH, 10_000])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(across)
        self.setTabOrder(self.cards, self.gallery)
        self.setTabOrder(self.gallery, self.pane.note)

    def _connect(self) -> None:
        self.cards.chosen.connect(self.choose)
        self.cards.moved.connect(self._threshold_moved)
        self.settings.stored.connect(self.look)
        self.settings.switched.connect(self._reload)
        self.settings.refused.connect(self._reload)
        self.gallery.chosen.connect(self._show_row)
        self.head.modes.picked.connect(self._set_mode)
        self.pane.acted.connect(self.deciding.act)
        self.pane.undo_wanted.connect(partial(self.deciding.undo, back=True))
        self.pane.mask_left.connect(self.gallery.setFocus)
        self.pane.pick.left.connect(self.gallery.setFocus)
        self.pane.note.returnPressed.connect(self.gallery.setFocus)
        self.deciding.made.connect(self._made)
        self.deciding.stored.connect(self._stored)
        self._counting.timeout.connect(self.look)
        self.deciding.failed.connect(self._reload)
        self.deciding.walked.connect(self._walked)
        self.run.arrived.connect(lambda: self._arriving.isActive() or self._arriving.start())
        self._arriving.timeout.connect(self._reload)
        self.run.started.connect(self.look)
        self.run.ended.connect(self._reload)
        self.on.clicked.connect(lambda: self.go_on())
        self.work.splitterMoved.connect(lambda *_: setattr(self, "_arranged", True))
        self.services.actor_changed.connect(lambda _: self._reload())
        self.services.pack_changed.connect(self._reload)
        self.window_.closing.connect(self.run.close_down)
        self.window_.messages.keep_clear(self.pane.foot)

    def _listen(self) -> None:
        for kind, key in ACTS:
            self._key(key, partial(self.deciding.act, kind))
        for keys, command in (
            ("Shift+M", self.deciding.draw_mask),
            ("U", partial(self.deciding.undo, back=True)),
            ("Ctrl+Z", partial(self.deciding.undo, back=True)),
            ("Ctrl+Shift+Z", partial(self.deciding.undo, back=False)),
            ("A", partial(self.gallery.step, -1)),
            ("D", partial(self.gallery.step, 1)),
            ("W", partial(self.pane.next_other, -1)),
            ("S", partial(self.pane.next_other, 1)),
            ("B", self.pane.make_best),
            ("P", self.pane.toggle_differing),
            ("Z", self.pane.first.toggle_actual),
            ("+", partial(self.pane.first.zoom_by, 1.25)),
            ("-", partial(self.pane.first.zoom_by, 0.8)),
            ("Alt+Left", partial(self.pane.first.pan, -0.2, 0)),
            ("Alt+Right", partial(self.pane.first.pan, 0.2, 0)),
            ("Alt+Up", partial(self.pane.first.pan, 0, -0.2)),
            ("Alt+Down", partial(self.pane.first.pan, 0, 0.2)),
            ("N", self.pane.note.setFocus),
            ("E", self.go_on),
            ("T", self.switch),
            ("H", self.pane.toggle_history),
            ("F5", self.run.toggle),
            ("F8", self.fold),
        ):
            self._key(keys, command)

    def _key(self, keys: str, command: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(lambda: command())

    @property
    def under_way(self) -> bool:
        """Something is still to be stored or counted, once the hand rests."""
        return self.settings.under_way or self._counting.isActive() or self._arriving.isActive()

    # -- everything ----------------------------------------------------------------------------------------------
    def begin(self) -> None:
        self.look()
        (self.gallery if self.gallery.current() is not None else self.cards).setFocus()

    def look(self) -> None:
        """Count anew; asked for again while it counts, it counts once more after."""
        if self._looking:
            self._look_again = True
            return
        self._looking = True
        person = self.services.actor
        self.services.background.read(partial(desk.look, person=person), self._looked, self._not_looked, owner=self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A wide page has room for more thumbnails, until somebody arranges it by hand."""
        super().resizeEvent(event)
        if not self._arranged:
            width = GALLERY_WIDTH + (MORE if self.width() > WIDE else 0)
            self.work.setSizes([width, max(self.width() - CARDS_WIDTH - width, 1)])

    def _not_looked(self, error: Any) -> None:
        self._looking = False
        self.services.report(error)

    def _looked(self, seen: desk.Desk) -> None:
        self._looking = False
        if self._look_again:
            self._look_again = False
            self.look()
        self._desk = seen
        self.settings.know(seen.work.checks)
        self.deciding.persons = seen.persons
        work = seen.work
        nothing = work.photos == 0 or (work.unseen == work.photos and not any(c.past for c in work.checks))
        self.steps.say(work.photos, running=self.run.running)
        self._stack.setCurrentIndex(0 if nothing else 1)
        self.run.show_unseen(work.unseen)
        self.run.setVisible(work.photos > 0)
        if not self.cards.held and not self.settings.under_way:
            self.cards.show_cards(cards_of(work.checks, work.waiting))
        if not nothing and not self.cards.key:
            self.go_on()
        self._say()

    def go_on(self) -> None:
        """The next check that has something open; the first card where none has."""
        key = self.cards.step_to_open()
        if not key and not self.cards.key and self.cards.model_.cards:
            key = self.cards.model_.cards[0].key
        if key:
            self.cards.choose(key)
            self.gallery.setFocus()

    def fold(self) -> None:
        """The cards away, or back."""
        self.left.setVisible(self.left.isHidden())

    # -- one check -----------------------------------------------------------------------------------------------
    def choose(self, key: str) -> None:
        """Show what this check caught."""
        if key != self._check:
            self.settings.store(self._check)
            self._check = key
            self._wanted = None
            self.deciding.forget_keys()
            self.gallery.model_.show((), 0.0, self._mode())
        self._read_rows()
        self._say()

    def _read_rows(self) -> None:
        key = self._check
        if not key:
            return
        person = self.services.actor
        mode = self._mode()
        ask: Callable[[Any], desk.Caught] = (
            partial(desk.waiting, person=person) if key == WAITING else partial(desk.caught, check=key, mode=mode)
        )
        self.services.background.read(ask, partial(self._rows_came, key, mode), owner=self)

    def _mode(self) -> desk.Mode:
        """Which lines are listed; of those that wait for the person all."""
        if self._check == WAITING:
            return "all"
        return self.head.mode

    def _rows_came(self, key: str, mode: desk.Mode, caught: desk.Caught) -> None:
        if key != self._check or mode != self._mode():
            return
        if self.deciding.busy:  # what is being stored is not in it
            self._rows_missed = True
            return
        summary = self.cards.summary(key)
        limit = summary.threshold if summary is not None else 0.0
        self._tally = caught.tally
        self.gallery.keeping(lambda: self.gallery.model_.show(caught.rows, limit, mode))
        if self._wanted is not None:
            self.gallery.go_to(self._wanted)
            self._wanted = None
        self._say()

    def _made(self, closed: int) -> None:
        """The card counts along until the database has."""
        summary = self.cards.summary(self._check)
        if summary is not None:
            self.cards.model_.change(self._check, open=max(0, summary.open - closed))
        self._say()
        self.pane.undo_button.setEnabled(True)

    def _stored(self) -> None:
        self._counting.start()
        if self.deciding.busy:
            return
        few = len(self.gallery.model_.shown) < FEW <= desk.MOST <= len(self.gallery.model_.rows)
        if self._rows_missed or few:  # the next ones of a long list
            self._rows_missed = False
            self._read_rows()

    def _reload(self) -> None:
        self.look()
        self._read_rows()

    def _set_mode(self, _mode: str) -> None:
        self._read_rows()
        self.gallery.setFocus()

    # -- its settings -------------------------------------------------------------------------------------------
    def _threshold_moved(self, check: str, value: float) -> None:
        """Count and gallery follow the hand."""
        if check != self._check:
            self.cards.model_.change(check, threshold=value)
            return
        self.gallery.keeping(lambda: self.gallery.model_.set_threshold(value))
        tally = self._tally
        self.cards.model_.change(check, threshold=value, past=tally.past(value), open=tally.open(value))
        self._say()

    def switch(self) -> None:
        """The check off, or on again."""
        self.settings.switch(self._check)

    # -- one line ------------------------------------------------------------------------------------------------
    def _show_row(self, row: QueueRow | None) -> None:
        if row is None:
            if not self.gallery.model_.shown:  # else the next line is on its way
                self.deciding.forget_keys()
                self.pane.clear(self._nothing_words)
            self._say()
            return
        self.services.background.read(partial(desk.details, items=row.items), partial(self._detailed, row), owner=self)
        self._say()

    def _detailed(self, row: QueueRow, details: tuple[PhotoDetail, ...]) -> None:
        current = self.gallery.current()
        if current is None or current.key != row.key:
            return
        ahead = [p.file for r in self.gallery.following(AHEAD) for p in r.photos[:2]]
        self.pane.show_row(current, details, ahead)
        self.deciding.photo_shown()

    def _walked(self, walked: Walked) -> None:
        """Show what was taken back, on whatever card it is."""
        if self._check != WAITING and walked.check != self._check:
            self.cards.choose(walked.check)
        self._wanted = self._key_of(walked)
        self._reload()

    def _key_of(self, walked: Walked) -> Key | None:
        ids = set(walked.image_ids)
        rows = self.gallery.model_.rows
        found = next((r.key for r in rows if r.check == walked.check and any(p.id in ids for p in r.photos)), None)
        return found or (walked.check, walked.image_ids[0])

    # -- words ---------------------------------------------------------------------------------------------------
    def _nothing_words(self) -> str:
        summary = self.cards.summary(self._check)
        if summary is not None and not summary.active:
            return text("clean.is_off")
        if summary is None or not sum(summary.histogram):
            return text("clean.found_no_doubt") if self._check in ABOUT_LABELS else text("clean.check_found_nothing")
        return text("clean.all_decided") if summary.past else text("clean.none_past")

    def _say(self) -> None:
        total = len(self.gallery.model_.shown)
        self.head.show_place(self._check, self.gallery.currentIndex().row() + 1, total)
        self.head.show_check(self.cards.summary(self._check))
        self.head.show_work(self._desk.work if self._desk is not None else None)
        following = self.cards.step_to_open()
        self.on.setVisible(bool(following) and total == 0)
        if following:
            self.on.setText(text("clean.go_on", check=check_name(following)))
            self.on.setToolTip(text("clean.go_on_tip"))
        if self._desk is not None:
            self.pane.undo_button.setEnabled(self._desk.undoable)

    def retranslate(self) -> None:
        self.head.retranslate()
        self.cards.retranslate()
        self.gallery.retranslate()
        self.pane.retranslate()
        self.steps.retranslate()
        self._say()
