"""One disease of a plan of patches: how many are there and taken, and a few of them to look at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.common.packs import Pack
from app.common.words import text
from app.views.background import Background
from app.views.images import image_of
from app.views.parts import label, line
from app.views.theme import current

if TYPE_CHECKING:
    from app.datasets.patches import Patch, PatchPlan

SIDE = 76
GAP = 6
MOST = 16
WORDS_WIDTH = 236
DECODED = 640  # the photo's shorter side when a patch is only looked at


class PatchRow(QWidget):
    def __init__(self, pack: Pack, disease: str, background: Background) -> None:
        super().__init__()
        self._disease = pack.disease(disease)
        self._background = background
        self._plan: PatchPlan | None = None
        self._shown: tuple[str, ...] = ()
        self._name = label("section")
        self._count = label("soft")
        self._note = label("caption", wrap=True)
        self._bar = _Bar(self._disease.colour)
        self._pictures = [QLabel() for _ in range(MOST)]
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addStretch()
        for part in (self._name, self._count, self._bar, self._note):
            words.addWidget(part)
        words.addStretch()
        left = QWidget()
        left.setFixedWidth(WORDS_WIDTH)
        words.setContentsMargins(0, 0, 16, 0)
        left.setLayout(words)
        row = QHBoxLayout()
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(GAP)
        row.addWidget(left)
        for picture in self._pictures:
            picture.setFixedSize(SIDE, SIDE)
            picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
            row.addWidget(picture)
        row.addStretch()
        self._strip = QWidget()
        self._strip.setLayout(row)
        self._strip.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._strip)
        layout.addWidget(line())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = (self.width() - WORDS_WIDTH) // (SIDE + GAP)
        for place, picture in enumerate(self._pictures):
            picture.setVisible(place < room)

    def show_plan(self, plan: PatchPlan) -> None:
        self._plan = plan
        self.retranslate()
        mine = [p for p in plan.patches if p.disease == self._disease.key][:MOST]
        shown = tuple(f"{p.box_id} {plan.options.margin} {plan.options.padding}" for p in mine)
        if shown == self._shown:
            return
        self._shown = shown
        for picture in self._pictures:
            picture.clear()
            picture.setToolTip("")
        for place, patch in enumerate(mine):
            self._background.work(
                partial(_look, patch, plan.options.margin, plan.options.padding == "square"),
                partial(self._came, shown, place, patch),
                lambda _: None,
                owner=self,
            )

    def _came(self, shown: tuple[str, ...], place: int, patch: Patch, image: QImage) -> None:
        if shown == self._shown:
            self._pictures[place].setPixmap(QPixmap.fromImage(image))
            who = patch.patient or text("patches.no_patient")
            self._pictures[place].setToolTip(text("patches.of", photo=patch.photo, patient=who, by=patch.annotator))

    def retranslate(self) -> None:
        self._name.setText(str(self._disease.name))
        if self._plan is None:
            return
        taken = self._plan.per_disease.get(self._disease.key, 0)
        available = self._plan.available.get(self._disease.key, 0)
        wanted = self._plan.options.per_disease
        self._count.setText(text("patches.taken", n=taken, available=available))
        self._bar.show_shares(taken, available, wanted)
        short = self._disease.key in self._plan.short
        self._note.setText(text("patches.short", n=wanted - taken) if short else "")
        self._note.setVisible(short)


class _Bar(QWidget):
    """What is taken, of what is there; the line is what was wanted."""

    def __init__(self, colour: str) -> None:
        super().__init__()
        self._colour = colour
        self._taken, self._available, self._wanted = 0, 0, 1
        self.setFixedHeight(8)

    def sizeHint(self) -> QSize:
        return QSize(200, 8)

    def show_shares(self, taken: int, available: int, wanted: int) -> None:
        self._taken, self._available, self._wanted = taken, available, wanted
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = max(self._available, self._wanted, 1)
        width = self.width()
        painter.setBrush(QColor(current().line))
        painter.drawRoundedRect(QRectF(0, 2, width, 4), 2, 2)
        painter.setBrush(QColor(self._colour))
        painter.drawRoundedRect(QRectF(0, 2, width * self._taken / whole, 4), 2, 2)
        painter.fillRect(QRectF(min(width * self._wanted / whole, width - 2), 0, 2, 8), QColor(current().text_soft))


def _look(patch: Patch, margin: float, square: bool) -> QImage:
    """The patch as it will be, small; the photo is decoded no larger than that needs."""
    from app.common.images import read_photo

    photo = read_photo(patch.file, DECODED)
    whole = image_of(photo)
    scale = whole.width() / photo.width
    x0, y0, x1, y1 = (round(v * scale) for v in patch.region(margin, photo.width, photo.height))
    cut = whole.copy(x0, y0, max(1, x1 - x0), max(1, y1 - y0))
    small = cut.scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    if not square:
        return small
    made = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    made.fill(QColor(128, 128, 128))
    painter = QPainter(made)
    painter.drawImage((SIDE - small.width()) // 2, (SIDE - small.height()) // 2, small)
    painter.end()
    return made
