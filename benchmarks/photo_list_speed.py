"""The list of photos at 100,000 rows: filled, filtered, jumped through, against Qt's list of plain strings."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QStringListModel
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QListView

from app.datasets.records import ImageRow
from app.views.background import Background
from app.views.photo_list import PhotoPanel
from app.views.thumbnails import Thumbnails
from benchmarks.common import keep, median_ms

ROWS = 100_000


def rows(count: int) -> list[ImageRow]:
    return [
        ImageRow(n + 1, f"photo {n}.jpg", Path(f"photo {n}.jpg"), True, False, None, None, None, None, n % 3, False)
        for n in range(count)
    ]


def measure(runs: int) -> list[list[str]]:
    background = Background("benchmark")
    panel, plain = PhotoPanel(Thumbnails(background)), QListView()
    names = QStringListModel()
    plain.setUniformItemSizes(True)
    plain.setModel(names)
    for widget in (panel, plain):
        widget.resize(240, 700)
        widget.show()
    target = QPixmap(240, 700)
    photos = rows(ROWS)
    texts = [photo.name for photo in photos]

    def fill() -> None:
        panel.show_rows(photos)
        panel.render(target)

    def fill_plain() -> None:
        names.setStringList(texts)
        plain.render(target)

    steps = iter(range(1, 10_000_000))

    def jump() -> None:
        row = next(steps) * 7919 % ROWS
        panel.view.scrollTo(panel.model.index(row))
        panel.view.render(target)

    def jump_plain() -> None:
        row = next(steps) * 7919 % ROWS
        plain.scrollTo(names.index(row))
        plain.render(target)

    def search() -> None:
        panel.model.set_words("99")
        panel.model.set_words("")

    result = []
    for what, ours, theirs in (("filled and painted", fill, fill_plain), ("jump and paint", jump, jump_plain)):
        a, b = median_ms(ours, runs), median_ms(theirs, runs)
        result.append([f"List of {ROWS:,} photos: {what}, against a plain list of names", "", f"{a:.1f} / {b:.1f} ms"])
    result.append([f"List of {ROWS:,} photos: filter typed and cleared", "", f"{median_ms(search, runs):.0f} ms"])
    background.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    app = QApplication([])
    keep("photo-list-speed", {"rows": measure(31 if options.full else 9)}, options.full)
    app.quit()


if __name__ == "__main__":
    main()
