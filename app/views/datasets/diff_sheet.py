"""Two versions beside each other: photos that came, went, or are different."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from app.common.words import text
from app.views.choice import Choice
from app.views.datasets.words import part_words
from app.views.parts import label
from app.views.photo_rows import PhotoLine, PhotoRows
from app.views.sheets import Sheet
from app.views.thumbnails import Thumbnails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.datasets.freezing.comparing_versions import VersionDiff
    from app.datasets.freezing.frozen import FrozenImage
    from app.views.services import Services
    from app.views.window import Window

_ASPECTS = {
    "photo": "diff.photo",
    "label": "diff.label",
    "boxes": "diff.boxes",
    "masks": "diff.masks",
    "patient": "diff.patient",
    "lesion": "diff.lesion",
    "facts": "diff.facts",
}


class DiffSheet(Sheet):
    """``version`` against another of ``versions``, at first its parent."""

    def __init__(self, services: Services, window: Window, version: str, versions: Sequence[str], first: str) -> None:
        super().__init__()
        self._services = services
        self._window = window
        self.version = version
        self._diff: VersionDiff | None = None
        others = [v for v in versions if v != version]
        self._caption = label()
        self.other = Choice(lambda: [(v, v) for v in others])
        self.other.set_key(first)
        self.other.picked.connect(lambda _: self._compare())
        self._summary = label("section", wrap=True)
        self.rows = PhotoRows(Thumbnails(services.background, self))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._caption)
        head.addWidget(self.other)
        head.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(self._summary)
        layout.addWidget(self.rows, 1)
        self.retranslate()

    def title(self) -> str:
        return text("diff.title")

    def purpose(self) -> str:
        return text("diff.purpose")

    def begin(self) -> None:
        self._compare()

    def _compare(self) -> None:
        ask = partial(_diff, before=self.other.key, after=self.version)
        self._services.background.read(ask, self._show, self._window.show_error, self)

    def _show(self, found: VersionDiff) -> None:
        self._diff = found
        self.retranslate()

    def retranslate(self) -> None:
        self._caption.setText(text("diff.against", version=self.version))
        self.other.setAccessibleName(text("diff.other"))
        self.other.setToolTip(text("diff.other"))
        found = self._diff
        if found is None:
            return
        counts = {"added": len(found.added), "removed": len(found.removed), "changed": len(found.changed)}
        self._summary.setText(text("diff.summary", moved=len(found.moved), **counts))
        lines = [_line(image, text("diff.added")) for image in found.added]
        lines += [_line(image, text("diff.removed")) for image in found.removed]
        for changed in found.changed:
            lines.append(_line(changed.image, ", ".join(text(_ASPECTS[a]) for a in changed.aspects)))
        seen = {changed.image.id for changed in found.changed}
        lines += [_line(i, text("diff.moved", part=part_words(i.split))) for i in found.moved if i.id not in seen]
        self.rows.show_lines(lines)


def _line(image: FrozenImage, words: str) -> PhotoLine:
    return PhotoLine(image.path, image.path.name, words)


def _diff(session: Any, before: str, after: str) -> VersionDiff:
    from app.datasets.freezing.comparing_versions import diff
    from app.datasets.freezing.versions import find_dataset

    return diff(find_dataset(session, before), find_dataset(session, after))
