"""The rows of the list against a plain list of them, whatever is done in whatever order."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.datasets.records import ImageRow
from app.views.photo_model import SHOWS, PhotoModel, Show

WORDS = st.sampled_from(["", "1", "a", "P7", "nothing"])
NAMES = st.sampled_from(["a1.jpg", "b1.jpg", "A2.png", "c.jpg"])
FACTS = st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from(["", "too loose"]), st.booleans())


def shown_by(show: Show, row: ImageRow) -> bool:
    answers: dict[Show, bool] = {
        "all": True,
        "needs": not row.verified or row.rejected != "",
        "empty": row.boxes == 0,
        "boxed": row.boxes != 0,
        "unverified": not row.verified,
        "verified": row.verified,
        "rejected": row.rejected != "",
        "mine": row.mine,
    }
    return answers[show]


class Rows(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model = PhotoModel()
        self.tester = QAbstractItemModelTester(self.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        self.rows: dict[int, ImageRow] = {}
        self.shown: list[int] = []
        self.words, self.show = "", "all"
        self.next_id = 1

    def new_row(self, name: str, facts: tuple[int, bool, str, bool]) -> ImageRow:
        boxes, verified, rejected, mine = facts
        patient = "P7" if self.next_id % 3 == 0 else None
        row = ImageRow(
            self.next_id, name, f"/{name}", True, False, None, None, None, patient, boxes, verified, rejected, mine
        )
        self.next_id += 1
        return row

    def lets_through(self, row: ImageRow) -> bool:
        words = self.words.casefold()
        return shown_by(self.show, row) and (words in row.name.casefold() or words in (row.patient or "").casefold())  # type: ignore[arg-type]

    @rule(new=st.lists(st.tuples(NAMES, FACTS), max_size=5))
    def set_rows(self, new: list[tuple[str, tuple[int, bool, str, bool]]]) -> None:
        rows = [self.new_row(*one) for one in new]
        self.rows = {row.id: row for row in rows}
        self.words, self.show, self.shown = "", "all", list(self.rows)
        self.model.set_rows(rows)

    @rule(new=st.lists(st.tuples(NAMES, FACTS), max_size=4), again=st.booleans())
    def append(self, new: list[tuple[str, tuple[int, bool, str, bool]]], again: bool) -> None:
        rows = [self.new_row(*one) for one in new]
        known = list(self.rows.values())[:1] if again else []
        self.rows |= {row.id: row for row in rows}
        self.shown += [row.id for row in rows if self.lets_through(row)]
        self.model.append_rows([*known, *rows])

    @rule(at=st.integers(0, 9), facts=FACTS)
    def update(self, at: int, facts: tuple[int, bool, str, bool]) -> None:
        if self.rows:
            id_ = list(self.rows)[at % len(self.rows)]
            boxes, verified, rejected, mine = facts
            self.rows[id_] = replace(self.rows[id_], boxes=boxes, verified=verified, rejected=rejected, mine=mine)
            self.model.update_rows([self.rows[id_]])

    @rule(words=WORDS)
    def search(self, words: str) -> None:
        self.words = words
        self.shown = [row.id for row in self.rows.values() if self.lets_through(row)]
        self.model.set_words(words)

    @rule(show=st.sampled_from(SHOWS))
    def filter(self, show: Show) -> None:
        self.show = show
        self.shown = [row.id for row in self.rows.values() if self.lets_through(row)]
        self.model.set_show(show)

    @invariant()
    def is_the_same(self) -> None:
        model = self.model
        there = [model.index(n).data(Qt.ItemDataRole.UserRole) for n in range(model.rowCount())]
        assert there == [self.rows[id_] for id_ in self.shown]
        assert model.total == len(self.rows)
        for id_, row in self.rows.items():
            assert model.find(id_) == row
            index = model.index_of(id_)
            assert index.isValid() == (id_ in self.shown)
            assert not index.isValid() or model.row_of(index) == row
        counts = model.counts()
        assert all(counts[show] == sum(shown_by(show, row) for row in self.rows.values()) for show in SHOWS)


TestRows = Rows.TestCase
