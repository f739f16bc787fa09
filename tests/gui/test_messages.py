"""The strips at the foot of the page: counted, timed, whole, and never in the way of the hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.common.errors import UserError
from app.common.words import set_language, text
from app.views import messages
from app.views.messages import Message, MessageBar


@pytest.fixture
def page(qtbot: QtBot, qapp: object) -> Iterator[QWidget]:
    from app.views.theme import apply_theme

    apply_theme(qapp, "dark")  # type: ignore[arg-type]
    set_language("en")
    page = QWidget()
    page.resize(900, 500)
    column = QVBoxLayout(page)
    for part in (QPushButton("first"), QLineEdit()):
        column.addWidget(part)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitExposed(page)
    yield page
    set_language("zh")


def test_only_the_same_words_are_counted(page: QWidget) -> None:
    bar = MessageBar(page)
    bar.info("saved", lambda: "Saved a.xml.")
    bar.info("saved", lambda: "Saved b.xml.")
    assert bar.texts() == ["Saved b.xml."]
    bar.info("saved", lambda: "Saved b.xml.")
    assert bar.texts() == [text("message.times", message="Saved b.xml.", n=2)]


def test_what_is_said_anew_stays_its_full_time(page: QWidget, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "INFO_MS", 600)
    bar = MessageBar(page)
    bar.info("saved", lambda: "Saved a.xml.")
    qtbot.wait(400)
    bar.info("saved", lambda: "Saved b.xml.")
    qtbot.wait(400)
    assert bar.texts() == ["Saved b.xml."]
    qtbot.waitUntil(lambda: bar.texts() == [], timeout=2_000)


def test_a_repeated_error_shows_all_of_its_words(page: QWidget, qtbot: QtBot) -> None:
    """Whatever the length at which the count begins a new line."""
    bar = MessageBar(page)
    actions = ((lambda: "Repair", lambda: None), (lambda: "Set it aside", lambda: None))
    for length in range(45):
        error = UserError("annotation_damaged", file=f"photo {'x' * length}.xml", reason="line 7: broken off here")
        for _ in range(2):
            bar.show_message(Message("damaged", partial(str, error.what), partial(str, "Mend."), "danger", actions))
            qtbot.wait(5)
        (strip,) = bar.strips()
        label = strip.label  # type: ignore[attr-defined]
        assert label.height() >= label.heightForWidth(label.width()), length
        bar.dismiss("damaged")


def test_strips_float_above_the_buttons_at_the_foot_of_a_page(page: QWidget, qtbot: QtBot) -> None:
    foot = page.findChildren(QLineEdit)[0]
    bar = MessageBar(page)
    bar.keep_clear(foot)
    bar.note("crash", lambda: "Something.")
    assert bar.geometry().bottom() < foot.y()
    foot.hide()  # another page is seen
    assert bar.geometry().bottom() > page.height() - 20
    foot.show()
    page.resize(900, 700)
    qtbot.waitUntil(lambda: bar.geometry().bottom() < foot.y())


def test_the_hand_stays_where_it_was(page: QWidget, qtbot: QtBot) -> None:
    (work,) = page.findChildren(QLineEdit)
    bar = MessageBar(page)
    bar.note("crash", lambda: "Something.", (lambda: "Undo", lambda: None))
    work.setFocus()
    (button,) = bar.findChildren(QPushButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert bar.texts() == []
    assert work.hasFocus()
    bar.note("crash", lambda: "Something.")
    (close,) = [b for b in bar.findChildren(QToolButton) if b.isVisible()]
    close.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(close, Qt.Key.Key_Space)
    assert work.hasFocus()
