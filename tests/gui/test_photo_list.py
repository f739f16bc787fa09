"""The list of photos: long, far down, honest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytestqt.qtbot import QtBot

from tests.gui.conftest import PATIENCE

if TYPE_CHECKING:
    pass


def test_the_list_is_quick_at_a_hundred_thousand_rows(qtbot: QtBot) -> None:
    from time import perf_counter

    from app.datasets.records import ImageRow
    from app.views.photo_list import PhotoModel

    rows = [
        ImageRow(n, f"photo {n}.jpg", Path(f"photo {n}.jpg"), True, False, None, None, None, None, 0, False)
        for n in range(100_000)
    ]
    model = PhotoModel()
    began = perf_counter()
    model.set_rows(rows)
    assert model.index_of(99_999).row() == 99_999
    model.set_words("99999")
    assert model.rowCount() == 1
    assert model.index_of(99_999).row() == 0
    assert not model.index_of(5).isValid()
    assert perf_counter() - began < 5  # some 50 ms on an idle machine


def test_a_photo_far_down_a_long_list_is_brought_into_view(qtbot: QtBot) -> None:
    from app.datasets.records import ImageRow
    from app.views.background import Background
    from app.views.photo_list import PhotoPanel
    from app.views.thumbnails import Thumbnails

    rows = [
        ImageRow(n, f"{n}.jpg", Path(f"{n}.jpg"), True, False, None, None, None, None, 0, False) for n in range(40_000)
    ]
    background = Background("tester")
    background.user_error.connect(lambda _: None)
    panel = PhotoPanel(Thumbnails(background))
    qtbot.addWidget(panel)
    panel.resize(190, 600)
    panel.show()
    panel.show_rows(rows, choose=39_000)
    view = panel.view
    qtbot.waitUntil(lambda: view.viewport().rect().intersects(view.visualRect(view.currentIndex())), timeout=PATIENCE)
    assert panel.current() == rows[39_000]
    background.close()


def test_a_phantom_says_that_it_is_one_in_the_list_too() -> None:
    from app.datasets.records import ImageRow
    from app.views.photo_delegate import state_words

    def words(boxes: int, synthetic: bool) -> str:
        return state_words(ImageRow(1, "a.jpg", Path("a.jpg"), True, synthetic, None, None, None, None, boxes, False))

    assert (words(0, True), words(3, True)) == ("synthetic", "synthetic · 3")
    assert (words(0, False), words(3, False)) == ("no boxes yet", "boxes: 3")
