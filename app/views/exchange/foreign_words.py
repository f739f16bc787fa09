"""Labels of foreign files that the disease list does not know: asked about, never dropped; a person may add them."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.common.words import text
from app.views.background import Changed
from app.views.exchange import desk

if TYPE_CHECKING:
    from app.views.workbench.workbench import Workbench

CODE = "unknown_words"
MOST = 6  # are said

Words = tuple[tuple[str, int], ...]


class ForeignWords(QObject):
    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._services = bench.services
        self._messages = bench.frame.messages
        self._asked: Words = ()
        bench.sitting.photo_shown.connect(self.ask)
        bench.services.pack_changed.connect(self.ask)
        bench.canvas.edited.connect(lambda _document, _edit: self._ask_less())

    def ask(self) -> None:
        """What becomes of the words on the photo that the list does not know, unless a person has said so before."""
        words = self._words()
        if words == self._asked and CODE in self._messages.codes:
            return
        self._asked = words
        self._messages.dismiss(CODE)
        if words:
            self._messages.note(
                CODE,
                lambda: text("unknown_words.ask", words=_said(words)),
                (lambda: text("unknown_words.add"), lambda: self.add(*(word for word, _ in words))),
                (lambda: text("unknown_words.keep"), lambda: self._keep(words)),
            )

    def add(self, *words: str) -> None:
        """From now on they are labels of the list, which people may give; no model learns them."""
        self._services.background.change(
            partial(desk.add_labels, pack=self._services.pack.key, words=words),
            Changed(frozenset()),
            lambda _: self._added(words),
            owner=self,
        )

    def _added(self, words: tuple[str, ...]) -> None:
        self._services.reload_pack()
        said = ", ".join(words)
        self._messages.info("words_added", lambda: text("unknown_words.added", words=said))

    def _keep(self, words: Words) -> None:
        kept = dict.fromkeys((*self._services.settings.kept_words, *(word for word, _ in words)))
        self._services.change_settings(kept_words=tuple(kept))

    def _ask_less(self) -> None:
        """A question that stands follows the boxes."""
        if CODE in self._messages.codes:
            self.ask()

    def _words(self) -> Words:
        document = self._bench.canvas.document()
        if document is None or not self._bench.sitting.shown:
            return ()
        pack, kept = self._services.pack, self._services.settings.kept_words
        counts = Counter(box.label for box in document.annotations if box.label)
        return tuple((word, n) for word, n in counts.items() if word not in kept and pack.resolve(word) is None)


def _said(words: Words) -> str:
    said = [text("unknown_words.times", word=word, n=n) for word, n in words[:MOST]]
    return ", ".join([*said, *(["…"] if len(words) > MOST else [])])
