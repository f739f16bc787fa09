"""The photo canvas, clicked, dragged and typed at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.annotation.document import Annotation, Document, Edit, Suggestion, apply
from app.common.geometry import Box
from app.common.packs import load_pack
from app.common.words import set_language
from app.views.canvas import PhotoCanvas, Reading
from app.views.canvas.photo_layer import PhotoLayer
from app.views.canvas.tags import Layout
from app.views.canvas.view import View, fitted

WIDTH, HEIGHT = 800, 600
LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NOTHING = Qt.KeyboardModifier.NoModifier
BOX = Annotation("00box", Box(100, 100, 300, 250), "psoriasis")
SUGGESTED = Suggestion(Box(500, 350, 700, 500), "eczema", 0.87, 1, "suggested")


class Log:
    """What the canvas has told."""

    def __init__(self, canvas: PhotoCanvas) -> None:
        self.edits: list[Edit] = []
        self.documents: list[Document] = []
        self.settled: list[str] = []
        self.chosen: list[str] = []
        canvas.edited.connect(self._edited)
        canvas.drawn_box_settled.connect(self.settled.append)
        canvas.selection_changed.connect(self.chosen.append)

    def _edited(self, document: Document, edit: Edit) -> None:
        self.documents.append(document)
        self.edits.append(edit)


@pytest.fixture
def canvas(qtbot: QtBot) -> PhotoCanvas:
    canvas = PhotoCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(WIDTH + 16, HEIGHT + 16)
    canvas.set_pack(load_pack())
    image = QImage(WIDTH // 2, HEIGHT // 2, QImage.Format.Format_RGB888)
    image.fill(QColor(200, 120, 110))
    canvas.set_photo(image, (WIDTH, HEIGHT))
    canvas.set_document(Document(WIDTH, HEIGHT, (BOX,)))
    canvas.set_suggestions([SUGGESTED])
    with qtbot.waitExposed(canvas):
        canvas.show()
    canvas.setFocus()
    return canvas


@pytest.fixture
def log(canvas: PhotoCanvas) -> Log:
    return Log(canvas)


def at(canvas: PhotoCanvas, x: float, y: float) -> QPoint:
    return canvas.to_widget(x, y).toPoint()


def drag(
    qtbot: QtBot,
    canvas: PhotoCanvas,
    start: tuple[float, float],
    end: tuple[float, float],
    button: Qt.MouseButton = LEFT,
    held: Qt.KeyboardModifier = NOTHING,
) -> None:
    a, b = at(canvas, *start), at(canvas, *end)
    qtbot.mousePress(canvas, button, held, a)
    for point in ((a + b) / 2, b):
        qtbot.mouseMove(canvas, point)
    qtbot.mouseRelease(canvas, button, held, b)


def wheel(canvas: PhotoCanvas, x: float, y: float, notches: int, held: Qt.KeyboardModifier = NOTHING) -> None:
    where = QPointF(at(canvas, x, y))
    event = QWheelEvent(
        where, canvas.mapToGlobal(where), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, held,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def boxes(canvas: PhotoCanvas) -> dict[str, Box]:
    document = canvas.document()
    assert document is not None
    return {a.id: a.box for a in document.annotations}


def close(box: Box, *corners: float) -> bool:
    return box.as_list() == pytest.approx(corners, abs=1)


def test_a_box_is_drawn_selected_and_told_once(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.start_drawing()
    drag(qtbot, canvas, (400, 50), (520, 150))
    assert [e.kind for e in log.edits] == ["add"]
    new = log.edits[0].after[0]
    assert close(new.box, 400, 50, 520, 150)
    assert new.label == ""
    assert canvas.selected() == new.id
    assert log.settled == [new.id]
    assert not canvas.drawing()
    assert canvas.numbers()[new.id] == 3


def test_ctrl_while_drawing_gives_a_square(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.start_drawing()
    drag(qtbot, canvas, (400, 50), (500, 90), held=CONTROL)
    box = log.edits[0].after[0].box
    assert box.width == pytest.approx(box.height)
    assert close(box, 400, 50, 500, 150)


def test_a_box_drawn_over_the_edge_is_cut_at_the_edge(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.start_drawing()
    drag(qtbot, canvas, (700, 30), (805, -5))
    assert close(log.edits[0].after[0].box, 700, 0, 800, 30)


def test_escape_stops_a_drag_then_drawing_then_the_selection(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("00box")
    canvas.start_drawing()
    qtbot.mousePress(canvas, LEFT, NOTHING, at(canvas, 400, 50))
    qtbot.mouseMove(canvas, at(canvas, 500, 150))
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    qtbot.mouseRelease(canvas, LEFT, NOTHING, at(canvas, 500, 150))
    assert canvas.drawing()
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.drawing()
    assert canvas.selected() == "00box"
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.selected() == ""
    assert log.edits == []


def test_a_click_selects_and_a_click_beside_it_deselects(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    qtbot.mouseClick(canvas, LEFT, NOTHING, at(canvas, 150, 150))
    qtbot.mouseClick(canvas, LEFT, NOTHING, at(canvas, 600, 400))
    qtbot.mouseClick(canvas, LEFT, NOTHING, at(canvas, 400, 300))
    assert log.chosen == ["00box", "suggested", ""]
    assert log.edits == []


def test_a_box_is_moved_as_far_as_the_photo_goes(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    with qtbot.waitSignal(canvas.drawn_box_settled):
        drag(qtbot, canvas, (200, 180), (10, 100))
    assert [e.kind for e in log.edits] == ["move"]
    assert close(boxes(canvas)["00box"], 0, 20, 200, 170)


def test_a_handle_resizes(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("00box")
    drag(qtbot, canvas, (300, 175), (350, 400))
    assert [e.kind for e in log.edits] == ["resize"]
    assert close(boxes(canvas)["00box"], 100, 100, 350, 250)
    drag(qtbot, canvas, (100, 100), (90, 80))
    assert close(boxes(canvas)["00box"], 90, 80, 350, 250)


def test_a_trembling_click_moves_nothing(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    drag(qtbot, canvas, (200, 180), (202, 181))
    assert log.edits == []


def test_a_moved_suggestion_becomes_a_box_and_undo_brings_it_back(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    drag(qtbot, canvas, (600, 420), (560, 400))
    assert [e.kind for e in log.edits] == ["accept"]
    document = canvas.document()
    assert document is not None
    accepted = document.find("suggested")
    assert accepted is not None
    assert (accepted.source, accepted.label) == ("model", "eczema")
    assert close(accepted.box, 460, 330, 660, 480)
    assert canvas.shown_suggestions() == ()
    assert canvas.take(log.edits[0].inverse())
    assert canvas.shown_suggestions() == (SUGGESTED,)
    assert canvas.take(log.edits[0])
    assert canvas.document() == document


def test_accept_relabel_and_numbers(canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("suggested")
    canvas.relabel_selected("lichen_planus")
    document = canvas.document()
    assert document is not None
    found = document.find("suggested")
    assert found is not None
    assert (found.label, found.verified) == ("lichen_planus", True)
    assert canvas.numbers() == {"suggested": 1, "00box": 2}
    canvas.relabel_selected("other")
    assert [e.kind for e in log.edits] == ["accept", "relabel"]


def test_enter_accepts_and_delete_refuses_a_suggestion(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("suggested")
    canvas.delete_selected()
    assert canvas.shown_suggestions() == ()
    canvas.set_suggestions([SUGGESTED])
    assert canvas.shown_suggestions() == (), "read again by these models it stays refused"
    assert canvas.take(log.edits[0].inverse())
    canvas.refuse_all()
    canvas.refuse_all()
    assert [e.kind for e in log.edits] == ["refuse", "refuse"]
    assert canvas.take(log.edits[1].inverse())
    canvas.select("suggested")
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert log.edits[-1].kind == "accept"
    canvas.delete_selected()
    assert "suggested" not in boxes(canvas)


def test_the_slider_hides_and_the_selection_follows(canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("suggested")
    canvas.set_min_score(0.9)
    assert canvas.shown_suggestions() == ()
    assert log.chosen == ["suggested", ""]
    canvas.set_min_score(0.87)
    assert canvas.shown_suggestions() == (SUGGESTED,)


def test_holding_an_arrow_is_one_step(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("00box")
    for _ in range(3):
        qtbot.keyPress(canvas, Qt.Key.Key_Right)
    qtbot.keyPress(canvas, Qt.Key.Key_Down, SHIFT)
    assert log.edits == []
    with qtbot.waitSignal(canvas.drawn_box_settled) as settled:
        qtbot.keyRelease(canvas, Qt.Key.Key_Right)
    assert settled.args == ["00box"]
    assert [e.kind for e in log.edits] == ["move"]
    assert boxes(canvas)["00box"] == Box(103, 110, 303, 260)
    assert canvas.take(log.edits[0].inverse())
    assert boxes(canvas)["00box"] == BOX.box


def test_ctrl_and_an_arrow_changes_the_size_by_a_pixel(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("00box")
    qtbot.keyPress(canvas, Qt.Key.Key_Right, CONTROL)
    qtbot.keyPress(canvas, Qt.Key.Key_Up, CONTROL)
    qtbot.keyRelease(canvas, Qt.Key.Key_Up, CONTROL)
    assert [e.kind for e in log.edits] == ["resize"]
    assert boxes(canvas)["00box"] == Box(100, 100, 301, 249)
    qtbot.keyPress(canvas, Qt.Key.Key_Down, CONTROL | SHIFT)
    qtbot.keyPress(canvas, Qt.Key.Key_Down, SHIFT)  # another gesture: the first one is done
    qtbot.keyRelease(canvas, Qt.Key.Key_Down)
    assert [e.kind for e in log.edits] == ["resize", "resize", "move"]
    assert boxes(canvas)["00box"] == Box(100, 110, 301, 269)
    canvas.select("")
    view = canvas.view()
    qtbot.keyClick(canvas, Qt.Key.Key_Right, CONTROL)
    assert canvas.view() == view


def test_the_next_label_sticks_to_what_is_drawn(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.set_next_label("eczema")
    canvas.set_tags_visible(False)
    blue = QColor(load_pack().disease("eczema").colour)
    canvas.start_drawing()
    qtbot.mousePress(canvas, LEFT, NOTHING, at(canvas, 400, 50))
    qtbot.mouseMove(canvas, at(canvas, 520, 150))
    image, edge = canvas.grab().toImage(), at(canvas, 450, 50)
    assert any(image.pixelColor(edge.x(), edge.y() + n) == blue for n in range(-4, 1))
    qtbot.mouseRelease(canvas, LEFT, NOTHING, at(canvas, 520, 150))
    (new,) = log.edits[0].after
    assert (new.label, new.verified) == ("eczema", True)
    assert canvas.next_label() == "eczema"


def test_many_boxes_are_drawn_on_wish_until_escape(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.set_draw_many(True)
    canvas.start_drawing()
    for x in (330.0, 400.0):
        drag(qtbot, canvas, (x, 50), (x + 50, 90))
        assert canvas.drawing()
    assert [e.kind for e in log.edits] == ["add", "add"]
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.drawing()


def test_a_box_without_area_is_seen_and_picked_inside_another(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    point = Annotation("point", Box(200, 150, 200, 150), "eczema")
    canvas.set_document(Document(WIDTH, HEIGHT, (BOX, point)))
    canvas.set_tags_visible(False)
    where = at(canvas, 200, 150)
    assert canvas.grab().toImage().pixelColor(where) == QColor(load_pack().disease("eczema").colour)
    qtbot.mouseClick(canvas, LEFT, NOTHING, where + QPoint(4, 3))
    assert canvas.selected() == "point"
    qtbot.mouseClick(canvas, LEFT, NOTHING, where + QPoint(30, 30))
    assert canvas.selected() == "00box"


def test_leaving_the_photo_keeps_a_nudge(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("00box")
    qtbot.keyPress(canvas, Qt.Key.Key_Left)
    canvas.clearFocus()
    assert boxes(canvas)["00box"].x0 == 99


def test_right_drag_offers_copy_or_move(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    for choice, kind in ((0, "duplicate"), (1, "move")):
        drag(qtbot, canvas, (200, 180), (450, 180), RIGHT)
        assert canvas.drop_menu.isVisible()
        assert log.edits[choice:] == []
        canvas.drop_menu.actions()[choice].trigger()
        canvas.drop_menu.close()
        assert log.edits[-1].kind == kind
        assert close(log.edits[-1].after[0].box, 350, 100, 550, 250)
        canvas.delete_selected() if kind == "duplicate" else None
        log.edits[choice + 1 :] = []
        canvas.select("00box")


def test_a_right_click_asks_for_the_menu(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    with qtbot.waitSignal(canvas.context_menu_wanted) as asked:
        qtbot.mouseClick(canvas, RIGHT, NOTHING, at(canvas, 150, 150))
    assert asked.args is not None
    assert asked.args[0] == "00box"
    assert canvas.selected() == "00box"


def test_duplicate_difficult_verify_insert(canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("00box")
    canvas.duplicate_selected()
    canvas.toggle_difficult()
    canvas.toggle_verified()
    canvas.insert([BOX])
    assert [e.kind for e in log.edits] == ["duplicate", "difficult", "verify", "add"]
    document = canvas.document()
    assert document is not None
    assert document.verified
    assert len(document.annotations) == 3
    for edit in reversed(log.edits):
        assert canvas.take(edit.inverse())
    assert canvas.document() == Document(WIDTH, HEIGHT, (BOX,))


def test_the_edits_told_lead_from_document_to_document(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    start = canvas.document()
    assert start is not None
    canvas.accept_all()
    drag(qtbot, canvas, (200, 180), (220, 200))
    for edit, document in zip(log.edits, log.documents, strict=True):
        start = apply(start, edit)
        assert start == document


def test_a_step_of_the_journal_is_shown_unless_it_does_not_fit(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    qtbot.mousePress(canvas, LEFT, NOTHING, at(canvas, 200, 180))
    assert canvas.take(Edit("add", after=(BOX,)).inverse())
    qtbot.mouseMove(canvas, at(canvas, 260, 200))
    qtbot.mouseRelease(canvas, LEFT, NOTHING, at(canvas, 260, 200))
    assert boxes(canvas) == {}
    assert not canvas.take(Edit("add", after=(BOX,)).inverse())
    assert log.edits == [], "what the journal did is not told again"
    canvas.clear_photo()
    assert not canvas.take(Edit("add", after=(BOX,)))


def test_read_only_selects_but_changes_nothing(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.set_read_only(True)
    canvas.start_drawing()
    assert not canvas.drawing()
    drag(qtbot, canvas, (200, 180), (220, 200))
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    canvas.delete_selected()
    assert log.edits == []
    assert canvas.selected() == "00box"


def test_a_new_photo_leaves_nothing_of_the_old(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.select("00box")
    qtbot.keyPress(canvas, Qt.Key.Key_Right)
    canvas.set_photo(QImage(10, 10, QImage.Format.Format_RGB32), (10, 10))
    assert (canvas.document(), canvas.selected(), canvas.shown_suggestions()) == (None, "", ())
    qtbot.keyRelease(canvas, Qt.Key.Key_Right)
    canvas.start_drawing()
    drag(qtbot, canvas, (1, 1), (8, 8))
    assert log.edits == []


def test_the_wheel_zooms_at_the_pointer_scrolls_and_brightens(canvas: PhotoCanvas) -> None:
    before, where = canvas.zoom(), QPointF(at(canvas, 600, 100))
    point = canvas.to_photo(where)
    for _ in range(4):
        wheel(canvas, *canvas.to_photo(where), 1, CONTROL)
    assert canvas.zoom() > 2 * before
    assert canvas.to_photo(where) == pytest.approx(point, abs=1)
    y = canvas.view().y
    wheel(canvas, 600, 100, -1)
    assert canvas.view().y < y
    wheel(canvas, 600, 100, 2, CONTROL | SHIFT)
    assert canvas.brightness() == 1
    canvas.reset_brightness()
    assert canvas.brightness() == 0


def test_empty_ground_pans_and_so_does_the_middle_button(qtbot: QtBot, canvas: PhotoCanvas, log: Log) -> None:
    canvas.set_zoom(2)
    for button, start in ((LEFT, (400.0, 300.0)), (MIDDLE, (300.0, 240.0))):
        x = canvas.view().x
        drag(qtbot, canvas, start, (start[0] - 20, start[1]), button)
        assert canvas.view().x == pytest.approx(x - 40, abs=1)
    assert log.edits == []


def test_better_pixels_leave_the_view_where_it_is(canvas: PhotoCanvas) -> None:
    canvas.set_zoom(3)
    view = canvas.view()
    full = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    full.fill(QColor(10, 200, 30))
    canvas.improve_photo(full)
    assert canvas.view() == view
    assert canvas.grab().toImage().pixelColor(5, 5).green() > 150


def test_pixels_come_from_the_smallest_copy_that_is_sharp_enough() -> None:
    layer = PhotoLayer(_filled(1000, 500, "red"), (4000, 2000))
    assert layer.level(0.25).width() == 1000
    assert layer.level(2.0).width() == 1000
    layer.improve(_filled(4000, 2000, "green"))
    assert [layer.level(s).width() for s in (2.0, 0.6, 0.5, 0.26, 0.25, 0.12, 0.06)] == [
        4000, 4000, 2000, 2000, 1000, 500, 250,
    ]  # fmt: skip
    assert layer.level(0.25).pixelColor(0, 0) == QColor("red")


def _filled(width: int, height: int, colour: str) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB888)
    image.fill(QColor(colour))
    return image


def test_a_photo_made_read_only_in_the_middle_of_a_drag_stays_as_it_is(
    qtbot: QtBot, canvas: PhotoCanvas, log: Log
) -> None:
    qtbot.mousePress(canvas, LEFT, NOTHING, at(canvas, 200, 180))
    qtbot.mouseMove(canvas, at(canvas, 260, 200))
    canvas.set_read_only(True)
    qtbot.mouseRelease(canvas, LEFT, NOTHING, at(canvas, 260, 200))
    canvas.set_read_only(False)
    assert log.edits == []


def test_fitting_follows_the_window(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    assert canvas.zoom() * canvas.devicePixelRatioF() == pytest.approx(1)
    canvas.resize(416, 316)
    assert canvas.zoom() == pytest.approx(0.5)
    canvas.fit_width()
    canvas.resize(816, 316)
    assert canvas.zoom() == pytest.approx(1)
    canvas.actual_size()
    canvas.resize(500, 300)
    assert canvas.zoom() == pytest.approx(1)


def test_while_a_box_is_drawn_the_selected_one_stays_where_it_is(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    orange = QColor(load_pack().disease("psoriasis").colour).rgb()

    def orange_at(x: float, y: float) -> bool:
        image, where = canvas.grab().toImage(), at(canvas, x, y)
        return any(image.pixel(where.x(), where.y() + step) == orange for step in range(-3, 4))

    canvas.select("00box")
    canvas.start_drawing()
    qtbot.mousePress(canvas, LEFT, NOTHING, at(canvas, 400, 400))
    qtbot.mouseMove(canvas, at(canvas, 560, 560))
    assert orange_at(230, 100)  # on the upper line of the box, off its handles
    assert not orange_at(440, 400)  # on the upper line of what is drawn: its disease is not known yet
    qtbot.mouseRelease(canvas, LEFT, NOTHING, at(canvas, 560, 560))


def test_boxes_and_the_synthetic_badge_are_painted(canvas: PhotoCanvas) -> None:
    def count(colour: str) -> int:
        image = canvas.grab().toImage()
        wanted = QColor(colour).rgb()
        return sum(image.pixel(x, y) == wanted for x in range(0, image.width(), 1) for y in range(0, image.height(), 7))

    orange, blue = load_pack().disease("psoriasis").colour, load_pack().disease("eczema").colour
    assert count(orange) > 20
    assert count(blue) > 20
    canvas.set_boxes_visible(False)
    assert (count(orange), count(blue)) == (0, 0)
    plain = canvas.grab().toImage()
    canvas.set_photo(QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32), (WIDTH, HEIGHT), synthetic=True)
    canvas.clear_photo()
    assert canvas.grab().toImage() != plain


def test_nothing_inside_a_box_is_covered(canvas: PhotoCanvas) -> None:
    canvas.set_document(Document(WIDTH, HEIGHT, (Annotation("small", Box(400, 300, 412, 312), "psoriasis"),)))
    canvas.set_suggestions([Suggestion(Box(420, 296, 430, 310), "eczema", 0.9, 1)])
    image = canvas.grab().toImage()
    skin = QColor(200, 120, 110).rgb()
    for box in (Box(400, 300, 412, 312), Box(420, 296, 430, 310)):
        a, b = at(canvas, box.x0, box.y0), at(canvas, box.x1, box.y1)
        assert all(image.pixel(x, y) == skin for x in range(a.x(), b.x()) for y in range(a.y(), b.y()))


def test_many_tags_shrink_to_numbers_and_the_pointer_brings_one_back(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    def dark() -> int:
        """Pixels of tags' ground."""
        image = canvas.grab().toImage()
        ground = QColor(24, 24, 24)
        return sum(
            abs(image.pixelColor(x, y).red() - ground.red()) < 24 and y > 12
            for x in range(8, WIDTH, 2)
            for y in range(8, HEIGHT, 2)
        )

    many = [Suggestion(Box(x, y, x + 20, y + 20), "eczema", 0.8, x) for x in range(60, 760, 80) for y in (90, 250, 400)]
    canvas.set_document(Document(WIDTH, HEIGHT))
    canvas.set_suggestions(many[:3])
    few = dark() / 3
    canvas.set_suggestions(many + [Suggestion(s.box.moved(0, 60), "eczema", 0.8, 1) for s in many])
    crowded = dark()
    assert crowded / 54 < 0.5 * few
    qtbot.mouseMove(canvas, at(canvas, 70, 100))
    assert dark() > crowded


def test_tags_speak_both_languages_and_say_what_is_not_known(canvas: PhotoCanvas) -> None:
    drawn = Annotation("c", Box(1, 1, 50, 50))
    canvas.set_document(Document(WIDTH, HEIGHT, (BOX, drawn, Annotation("d", Box(9, 9, 99, 99), "angioma", True))))
    assert [i.tag for i in canvas.scene.items] == [
        "1 · Eczema 87 %", "2 · Psoriasis", "3 · no disease yet", "4 · angioma (difficult)",
    ]  # fmt: skip
    canvas.set_readings({"c": Reading("psoriasis", 0.613)})
    set_language("zh")
    canvas.retranslate()
    assert [i.tag for i in canvas.scene.items] == [
        "1 · 湿疹 87 %", "2 · 银屑病", "3 · 银屑病 61 %", "4 · angioma（难判）",
    ]  # fmt: skip
    assert canvas.accessibleName() == "照片与标注框"


def test_a_screen_reader_hears_what_is_selected(canvas: PhotoCanvas) -> None:
    assert canvas.accessibleName()
    canvas.select("suggested")
    assert "1 · Eczema 87 %" in canvas.accessibleDescription()


def test_stepping_through_the_boxes(canvas: PhotoCanvas) -> None:
    canvas.set_zoom(20)
    seen = []
    for _ in range(3):
        canvas.select_next()
        seen.append(canvas.selected())
        box = canvas.scene.find(canvas.selected())
        assert box is not None
        assert canvas.rect().contains(at(canvas, *box.centre))
    assert seen == ["suggested", "00box", "suggested"]
    canvas.select_next(-1)
    assert canvas.selected() == "00box"


@given(st.floats(0.02, 30), st.floats(-500, 900), st.floats(-500, 900), st.floats(0.02, 30))
def test_zooming_keeps_the_point_under_the_pointer(scale: float, x: float, y: float, wanted: float) -> None:
    view = View(scale, 13, -70)
    point = view.to_photo(x, y)
    assert view.zoomed(wanted, (x, y)).to_photo(x, y) == pytest.approx(point, rel=1e-6, abs=1e-6)


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(40, 3000), st.integers(40, 3000))
def test_a_fitted_photo_is_seen_whole(width: int, height: int, across: int, down: int) -> None:
    view = fitted((width, height), (across, down))
    placed = view.placed(Box(0, 0, width, height))
    assert placed.x0 >= 0
    assert placed.y0 >= 0
    assert placed.x1 <= across
    assert placed.y1 <= down
    assert view.kept_in((width, height), (across, down)).x == pytest.approx(view.x, abs=1e-6)


@given(
    st.lists(st.tuples(st.integers(0, 760), st.integers(0, 560), st.integers(4, 400), st.integers(4, 400)), max_size=9)
)
def test_tags_stay_in_the_widget_and_clear_of_their_own_small_box(corners: list[tuple[int, int, int, int]]) -> None:
    around = [(x, y, min(x + w, 800), min(y + h, 600)) for x, y, w, h in corners]
    layout = Layout(800, 600, around)
    for box in around:
        x, y = layout.place(box, 110, 18)
        assert 0 <= x <= 690
        assert 0 <= y <= 582
        if box[2] - box[0] < 60:
            assert x >= box[2] or x + 110 <= box[0] or y >= box[3] or y + 18 <= box[1]
