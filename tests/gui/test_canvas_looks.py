"""What is for looking only: brightness and the like, the glass, the cross-hair, the view that is kept, flashes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.annotation.document import Annotation, Document
from app.common.geometry import Box
from app.common.packs import load_pack
from app.common.words import set_language
from app.views.canvas import Looks, PhotoCanvas
from app.views.canvas.looks import grey_world, looked
from app.views.canvas.magnifier import RADIUS, TIMES

WIDTH, HEIGHT = 800, 600
NOTHING = Qt.KeyboardModifier.NoModifier
SKIN = QColor(160, 100, 90)
BOX = Annotation("00box", Box(100, 100, 300, 250), "psoriasis")


def filled(width: int = WIDTH, height: int = HEIGHT, colour: QColor = SKIN) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(colour)
    return image


@pytest.fixture
def canvas(qtbot: QtBot) -> PhotoCanvas:
    canvas = PhotoCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(WIDTH + 16, HEIGHT + 16)
    canvas.set_pack(load_pack())
    canvas.set_photo(filled(), (WIDTH, HEIGHT))
    canvas.set_document(Document(WIDTH, HEIGHT, (BOX,)))
    with qtbot.waitExposed(canvas):
        canvas.show()
    return canvas


def at(canvas: PhotoCanvas, x: float, y: float) -> QPoint:
    return canvas.to_widget(x, y).toPoint()


def seen(canvas: PhotoCanvas, x: float, y: float) -> QColor:
    return canvas.grab().toImage().pixelColor(at(canvas, x, y))


# -- looks as a function of pixels -------------------------------------------------------------------------------------

pixels = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).integers(0, 256, (6, 7, 4), np.uint8))
looks = st.builds(
    Looks, st.integers(-30, 30), st.integers(-30, 30), st.floats(0, 9), st.sampled_from([0.0, 2.0]), st.booleans()
)


@given(pixels, looks)
def test_looks_keep_shape_and_fourth_channel_and_leave_the_photo_alone(photo: np.ndarray, wanted: Looks) -> None:
    before = photo.copy()
    result = looked(photo, wanted.clamped(), (1.2, 1.0, 0.9))
    assert np.array_equal(photo, before)
    assert result.shape == photo.shape
    assert result.dtype == np.uint8
    if not wanted.clamped().clahe:
        assert np.array_equal(result[..., 3], photo[..., 3])


@given(pixels)
def test_plain_looks_change_nothing(photo: np.ndarray) -> None:
    assert np.array_equal(looked(photo, Looks()), photo)


@given(st.integers(-12, 12), st.integers(0, 255), st.integers(0, 255))
def test_brighter_is_brighter_and_keeps_the_order(steps: int, a: int, b: int) -> None:
    photo = np.array([[[a, a, a, 255], [b, b, b, 255]]], np.uint8)
    result = looked(photo, Looks(brightness=steps)).astype(int)
    assert (result[0, 0, 0] - a) * steps >= 0
    assert (result[0, 0, 0] - result[0, 1, 0]) * (a - b) >= 0


def test_contrast_gamma_and_local_contrast() -> None:
    ramp = np.zeros((64, 256, 4), np.uint8)
    ramp[..., :3] = np.arange(256)[None, :, None]
    assert looked(ramp, Looks(contrast=5))[0, 60, 0] < 60
    assert looked(ramp, Looks(contrast=5))[0, 190, 0] > 190
    assert looked(ramp, Looks(gamma=2.0))[0, 60, 0] > 100
    flat = np.full((256, 256, 4), 120, np.uint8)
    flat[..., :3] += np.random.default_rng(0).integers(0, 6, (256, 256, 1), np.uint8)
    assert looked(flat, Looks(clahe=4.0))[..., 1].std() > 2 * flat[..., 1].std()


def test_white_balance_makes_the_mean_grey_and_leaves_burnt_and_black_out() -> None:
    photo = np.zeros((40, 40, 4), np.uint8)
    photo[:, :20] = (90, 100, 160, 255)
    photo[:, 20:30] = 255
    gains = grey_world(photo)
    balanced = looked(photo, Looks(white_balance=True), gains)[0, 0, :3].astype(int)
    assert balanced.max() - balanced.min() <= 2
    assert grey_world(np.zeros((8, 8, 4), np.uint8)) == (1.0, 1.0, 1.0)


def test_looks_are_brought_into_their_range() -> None:
    assert Looks(99, -99, 0.0, 50.0).clamped() == Looks(12, -10, 0.4, 4.0)


# -- on the canvas -----------------------------------------------------------------------------------------------------


def test_looks_are_shown_with_a_sign_and_reset(canvas: PhotoCanvas) -> None:
    told: list[Looks] = []
    canvas.looks_changed.connect(told.append)
    plain = canvas.grab().toImage()
    canvas.set_looks(Looks(brightness=3, contrast=2))
    assert seen(canvas, 500, 300).red() > SKIN.red() + 30
    corner = [canvas.grab().toImage().pixelColor(x, canvas.height() - 16) for x in range(10, 60)]
    assert any(c.lightness() < 60 for c in corner)
    canvas.set_looks(Looks(brightness=3, contrast=2))
    canvas.reset_looks()
    assert told == [Looks(brightness=3, contrast=2), Looks()]
    assert canvas.grab().toImage() == plain


def test_equalising_is_done_off_the_gui_thread_and_shown_when_it_comes(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    speckled = filled(1600, 1200)
    for n in range(0, 1600 * 600, 7):
        speckled.setPixelColor(n % 1600, n // 1600, SKIN.darker(110))
    canvas.set_photo(speckled, (1600, 1200))
    canvas.set_zoom(1.0)
    canvas.set_looks(Looks(clahe=4.0))
    with qtbot.waitSignal(canvas._looker.ready):
        soft = canvas.grab().toImage()
    sharp = canvas.grab().toImage()
    assert sharp != soft
    canvas.set_looks(Looks(clahe=1.0))
    with qtbot.waitSignal(canvas._looker.ready):
        meanwhile = canvas.source()
    assert meanwhile is not None
    assert meanwhile.size() == speckled.size()  # the last looks are shown, and not softer, until the new ones come
    assert canvas.grab().toImage() != sharp


def test_the_next_photo_is_plain_unless_looks_are_kept(canvas: PhotoCanvas) -> None:
    canvas.set_looks(Looks(brightness=4))
    canvas.set_photo(filled(), (WIDTH, HEIGHT))
    assert canvas.looks().plain
    canvas.set_keep_looks(True)
    canvas.set_looks(Looks(brightness=4))
    canvas.set_photo(filled(), (WIDTH, HEIGHT))
    assert canvas.looks() == Looks(brightness=4)
    assert seen(canvas, 500, 300).red() > SKIN.red() + 30


def test_the_sign_says_what_is_changed_in_both_languages(canvas: PhotoCanvas) -> None:
    canvas.set_looks(Looks(2, -1, 1.5, 2.0, True))
    assert canvas._badges() == [
        "Shown with: brightness +2 · contrast -1 · gamma 1.5 · local contrast 2 · white balance"
    ]
    set_language("zh")
    assert canvas._badges() == ["显示已调整：亮度 +2 · 对比度 -1 · 伽马 1.5 · 局部对比度 2 · 白平衡"]


def test_the_glass_shows_three_times_as_much_and_moves_nothing(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    before = canvas.view()
    canvas.set_magnifier(True)
    pointer = QPointF(at(canvas, 110, 160))
    qtbot.mouseMove(canvas, pointer.toPoint())
    image = canvas.grab().toImage()
    orange = QColor(load_pack().disease("psoriasis").colour)
    row = int(pointer.y()) + 40
    left = range(int(pointer.x()) - RADIUS, int(pointer.x()))
    line = [x for x in left if image.pixelColor(x, row) == orange]
    assert line
    assert pointer.x() - max(line) == pytest.approx(10 * TIMES, abs=2)
    assert canvas.view() == before
    canvas.set_magnifier(False)
    assert canvas.grab().toImage() != image


def test_the_cross_hair_is_there_on_wish_and_while_drawing(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    def crossed() -> bool:
        return canvas.grab().toImage().pixelColor(400, 560).lightness() > 200

    qtbot.mouseMove(canvas, QPoint(400, 320))
    assert not crossed()
    canvas.start_drawing()
    assert crossed()  # at once, where the pointer already is
    canvas.stop_drawing()
    assert not crossed()
    canvas.set_crosshair(True)
    assert crossed()


@pytest.mark.parametrize("size", [(800, 600), (4000, 3000), (600, 800)])
def test_the_view_is_kept_for_the_next_photo_on_wish(canvas: PhotoCanvas, size: tuple[int, int]) -> None:
    def middle(of: tuple[int, int]) -> tuple[float, float]:
        x, y = canvas.to_photo(QPointF(canvas.width() / 2, canvas.height() / 2))
        return x / of[0], y / of[1]

    canvas.set_zoom(3, QPointF(300, 200))
    centre = middle((WIDTH, HEIGHT))
    canvas.set_photo(filled(), (WIDTH, HEIGHT))
    assert canvas.zoom() == pytest.approx(1)
    canvas.set_keep_view(True)
    canvas.set_zoom(3, QPointF(300, 200))
    canvas.set_photo(filled(), size)
    assert middle(size) == pytest.approx(centre, abs=0.02)
    whole = min(800 / size[0], 600 / size[1])
    assert canvas.zoom() / whole == pytest.approx(3, rel=0.01)
    canvas.fit_width()
    canvas.set_photo(filled(), (WIDTH, HEIGHT))
    assert canvas.view().to_photo(8, 0)[0] == pytest.approx(0, abs=1)
    canvas.actual_size()
    canvas.set_photo(filled(), (4000, 3000))
    assert canvas.zoom() == pytest.approx(1)


def test_two_canvases_can_look_at_the_same(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    other = PhotoCanvas()
    qtbot.addWidget(other)
    other.resize(canvas.size())
    other.set_photo(filled(), (WIDTH, HEIGHT))
    canvas.view_changed.connect(lambda _: other.set_view(canvas.view()))
    other.view_changed.connect(lambda _: canvas.set_view(other.view()))
    canvas.set_zoom(4, QPointF(100, 100))
    assert other.view() == canvas.view()
    other.pan_by(-30, 10)
    assert other.view() == canvas.view()


def test_a_flash_lights_boxes_and_places_and_goes_out(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    def white(x: float, y: float) -> bool:
        image, where = canvas.grab().toImage(), at(canvas, x, y)
        return any(image.pixelColor(where.x() + n, where.y()).lightness() > 240 for n in range(-8, 0))

    canvas.set_tags_visible(False)
    canvas.flash([BOX.id], gone=[Box(500, 300, 600, 400)])
    assert white(100, 170)
    assert any(white(500, y) for y in range(320, 340, 2))
    assert canvas.flashing()
    qtbot.waitUntil(lambda: not canvas.flashing())
    assert not white(100, 170)


def test_a_flash_out_of_sight_is_brought_into_view(canvas: PhotoCanvas) -> None:
    canvas.set_zoom(6, QPointF(800, 600))
    assert not canvas.rect().contains(at(canvas, *BOX.box.centre))
    canvas.flash([BOX.id])
    assert canvas.rect().contains(at(canvas, *BOX.box.centre))


def test_the_size_of_a_box_is_told_in_pixels_and_per_cent(qtbot: QtBot, canvas: PhotoCanvas) -> None:
    told: list[str] = []
    canvas.box_measured.connect(told.append)
    canvas.select(BOX.id)
    assert told == ["200 × 150 px · 6.2 %"]
    canvas.setFocus()
    qtbot.keyPress(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert told[1:] == ["201 × 150 px · 6.3 %"]
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    canvas.select("")
    assert told[-1] == ""
    set_language("zh")
    canvas.retranslate()
    canvas.select(BOX.id)
    assert told[-1] == "200 × 150 像素 · 6.2 %"
