"""Cases from a hospital's table: which column means what, what would happen row by row, then all of it in one go."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.common.errors import UserError
from app.common.words import text
from app.views.background import Changed
from app.views.choice import Choice
from app.views.datasets import case_desk
from app.views.datasets.rows_table import RowsTable
from app.views.forms import FormSheet
from app.views.parts import Elided, label

if TYPE_CHECKING:
    from app.datasets.case_tables.mapping import Mapping
    from app.datasets.case_tables.plan import CasePlan
    from app.datasets.case_tables.table import Table
    from app.views.services import Services
    from app.views.window import Window

CASES = Changed(frozenset({"cases", "images", "photos"}))
PREVIEW, LISTED = 6, 2_000


class CasesSheet(FormSheet):
    def __init__(self, services: Services, window: Window) -> None:
        super().__init__(services, window)
        self._path: Path | None = None
        self._table: Table | None = None
        self._mapping: Mapping | None = None
        self._plan: CasePlan | None = None
        self._asked = 0
        self._busy = False
        self._words = label("soft", wrap=True)
        self.choose_table, self.choose_mapping, self.keep_mapping = QPushButton(), QPushButton(), QPushButton()
        self._shown = Elided()
        self._captions: dict[str, QLabel] = {name: label("caption") for name in case_desk.FIELDS}
        self.columns = {name: Choice(self._headings) for name in case_desk.FIELDS}
        self._by_caption, self._pattern_caption, self._source_caption = (
            label("caption"),
            label("caption"),
            label("caption"),
        )
        self.by = Choice(_ways)
        self.pattern = QLineEdit()
        self.source = Choice(_sources)
        self.take = QPushButton()
        self.take.setProperty("kind", "primary")
        self._summary = label("section")
        self._detail = label("soft", wrap=True)
        self._preview_caption, self._rejected_caption = label("section"), label("section")
        self.preview, self.rejected = RowsTable(PREVIEW), RowsTable(LISTED, stretch=True)
        self._lay_out()
        self._connect()
        self.setFocusProxy(self.choose_table)
        self.retranslate()

    def _lay_out(self) -> None:
        column = self.panel.column
        for part in (self._words, self.choose_table, self._shown, self.choose_mapping):
            column.addWidget(part)
        self._form = QWidget()
        form = QVBoxLayout(self._form)
        form.setContentsMargins(0, 8, 0, 0)
        form.setSpacing(4)
        for name in case_desk.FIELDS:
            form.addWidget(self._captions[name])
            form.addWidget(self.columns[name])
        for caption, field in (
            (self._by_caption, self.by), (self._pattern_caption, self.pattern), (self._source_caption, self.source),
        ):  # fmt: skip
            form.addWidget(caption)
            form.addWidget(field)
        column.addWidget(self._form)
        column.addStretch()
        self.panel.foot.addWidget(self.keep_mapping)
        self.panel.foot.addWidget(self.take)
        right = self.beside
        right.setSpacing(8)
        for widget in (self._summary, self._detail, self._preview_caption):
            right.addWidget(widget)
        right.addWidget(self.preview, 2)
        right.addWidget(self._rejected_caption)
        right.addWidget(self.rejected, 3)
        right.addStretch()

    def _connect(self) -> None:
        self.choose_table.clicked.connect(lambda: self._ask_for_table())
        self.choose_mapping.clicked.connect(lambda: self._ask_for_mapping())
        self.keep_mapping.clicked.connect(lambda: self._ask_where_to_keep())
        self.take.clicked.connect(lambda: self._import())
        for choice in (*self.columns.values(), self.by, self.source):
            choice.picked.connect(lambda _: self.look())
        self.pattern.editingFinished.connect(lambda: self.look())

    def title(self) -> str:
        return text("cases.title")

    def purpose(self) -> str:
        return text("cases.purpose")

    def may_close(self) -> bool:
        if self._busy:
            self._window.messages.info("cases_busy", lambda: text("cases.busy"))
        return not self._busy

    # -- table and mapping -------------------------------------------------------------------------------------------
    def _ask_for_table(self) -> None:
        start = self._services.settings.last_folder
        file, _ = QFileDialog.getOpenFileName(self, text("cases.choose_table"), start, text("cases.table_filter"))
        if file:
            self.open_table(Path(file))

    def _ask_for_mapping(self) -> None:
        start = str(self._path.parent) if self._path else self._services.settings.last_folder
        file, _ = QFileDialog.getOpenFileName(self, text("cases.choose_mapping"), start, text("cases.mapping_filter"))
        if file:
            read = partial(case_desk.mapping_in, Path(file))
            self._services.background.work(read, self._take_mapping, self._window.show_error, owner=self)

    def _ask_where_to_keep(self) -> None:
        start = str(self._path.with_suffix(".toml")) if self._path else ""
        file, _ = QFileDialog.getSaveFileName(self, text("cases.keep_mapping"), start, text("cases.mapping_filter"))
        if file and self._mapping is not None:
            keep = partial(case_desk.save_mapping, self._mapping, Path(file))
            self._services.background.work(keep, lambda _: None, self._window.show_error, owner=self)

    def _take_mapping(self, mapping: Mapping) -> None:
        if self._path is not None:
            self.open_table(self._path, mapping)

    def open_table(self, path: Path, mapping: Mapping | None = None) -> None:
        """Read a table, and look at once what it would do. ``mapping``: None for what its headings seem to say."""
        self._path = path
        self._plan = self._table = None
        self._asked += 1
        read = partial(case_desk.opened, path, mapping)
        self._services.background.work(read, self._opened, self._not_looked, owner=self)
        self.retranslate()

    def _opened(self, found: tuple[Table, Mapping]) -> None:
        self._table, self._mapping = found
        mapping = self._mapping
        for name, choice in self.columns.items():
            choice.retranslate()
            choice.set_key(getattr(mapping.columns, name))
        self.by.set_key(mapping.photos.by)
        self.pattern.setText(mapping.photos.pattern)
        self.source.set_key(mapping.diagnosis_source)
        self.preview.show_rows(self._table.columns, self._table.rows[:PREVIEW])
        self.look()

    # -- a look ------------------------------------------------------------------------------------------------------
    def look(self) -> None:
        """What would happen to each row; nothing is changed."""
        if self._table is None or self._mapping is None:
            return
        self._asked += 1
        self._plan = None
        columns = {name: choice.key for name, choice in self.columns.items()}
        photos = {"by": self.by.key, "pattern": self.pattern.text().strip()}
        try:
            self._mapping = case_desk.changed(self._mapping, columns, photos=photos, diagnosis_source=self.source.key)
        except UserError as error:
            self._not_looked(error)
            return
        make = partial(case_desk.plan, table=self._table, mapping=self._mapping)
        asked = self._asked
        self._services.background.read(make, partial(self._looked, asked), partial(self._failed, asked), owner=self)
        self.retranslate()

    def _looked(self, asked: int, plan: CasePlan) -> None:
        if asked == self._asked:
            self._plan = plan
            self.retranslate()

    def _failed(self, asked: int, error: UserError) -> None:
        if asked == self._asked:
            self._not_looked(error)

    def _not_looked(self, error: UserError) -> None:
        self._window.show_error(error)
        self.retranslate()

    # -- all of it ---------------------------------------------------------------------------------------------------
    def _import(self) -> None:
        if self._plan is None or self._table is None or self._mapping is None:
            return
        self._busy = True
        run = partial(case_desk.import_cases, table=self._table, mapping=self._mapping)
        self._services.background.through(run, CASES, self._imported, self._not_imported, owner=self)
        self._window.status.set_work(lambda: text("cases.working"))
        self.retranslate()

    def _imported(self, plan: CasePlan) -> None:
        self._finish()
        placed, rejected = plan.placed, len(plan.rejected)
        self._window.messages.info("cases_imported", lambda: text("cases.done", placed=placed, rejected=rejected))
        if not rejected:
            self.back_wanted.emit()
        else:
            self.look()

    def _not_imported(self, error: UserError) -> None:
        self._finish()
        self._window.show_error(error)

    def _finish(self) -> None:
        self._busy = False
        self._window.status.set_work(lambda: "")
        self.retranslate()

    # -- words -------------------------------------------------------------------------------------------------------
    def _headings(self) -> list[tuple[str, str]]:
        headings = self._table.columns if getattr(self, "_table", None) is not None and self._table else ()
        return [("", text("cases.no_column")), *((h, h) for h in dict.fromkeys(headings) if h)]

    def retranslate(self) -> None:
        plan = self._plan
        self._words.setText(text("cases.words"))
        self.choose_table.setText(text("cases.choose_table"))
        self.choose_table.setToolTip(text("cases.choose_table_tip"))
        self.choose_mapping.setText(text("cases.choose_mapping"))
        self.choose_mapping.setToolTip(text("cases.choose_mapping_tip"))
        self.keep_mapping.setText(text("cases.keep_mapping"))
        self.keep_mapping.setToolTip(text("cases.keep_mapping_tip"))
        self._shown.setText(self._path.name if self._path else text("cases.nothing_chosen"))
        self._shown.setToolTip(str(self._path or ""))
        for name, caption in self._captions.items():
            words = case_desk.field_words(name)
            caption.setText(words)
            self.columns[name].setAccessibleName(words)
            self.columns[name].setToolTip(text("cases.column_tip", field=words))
        for caption, field, words, tip in (
            (self._by_caption, self.by, text("cases.by"), text("cases.by_tip")),
            (
                self._pattern_caption,
                self.pattern,
                text("cases.pattern"),
                text("cases.pattern_tip", patient="{patient}", visit="{visit}"),
            ),
            (self._source_caption, self.source, text("cases.source"), text("cases.source_tip")),
        ):
            caption.setText(words)
            field.setAccessibleName(words)
            field.setToolTip(tip)
        has_table = self._table is not None
        by_pattern = self.by.key == "pattern"
        for widget in (self._pattern_caption, self.pattern):
            widget.setVisible(by_pattern)
        self._form.setVisible(has_table)
        self.choose_mapping.setEnabled(has_table)
        self.keep_mapping.setEnabled(has_table)
        self.take.setEnabled(plan is not None and plan.placed > 0 and not self._busy)
        self.take.setText(text("cases.take", n=plan.placed) if plan else text("cases.do"))
        self.take.setToolTip(text("cases.take_tip"))
        self._show_plan(plan)

    def _show_plan(self, plan: CasePlan | None) -> None:
        for widget in (self._preview_caption, self.preview):
            widget.setVisible(self._table is not None)
        listed = plan is not None and bool(plan.rejected)
        for widget in (self._rejected_caption, self.rejected):
            widget.setVisible(listed)
        self._preview_caption.setText(text("cases.preview"))
        self.preview.setAccessibleName(text("cases.preview"))
        self.rejected.setAccessibleName(text("cases.rejected_name"))
        if plan is None:
            self._summary.setText(text("cases.looking") if self._table is not None else text("cases.head"))
            self._detail.setText("" if self._table is not None else text("cases.head_words"))
            return
        self._summary.setText(text("cases.summary", placed=plan.placed, rows=plan.rows))
        counts = text("cases.counts", cases=len(plan.cases), new=plan.new_cases, photos=plan.photos)
        self._detail.setText("  ".join(p for p in (counts, self._changes(plan)) if p))
        self._rejected_caption.setText(text("cases.rejected", n=len(plan.rejected)))
        heads = (text("cases.row"), text("cases.why"), text("cases.remedy"))
        self.rejected.show_rows(heads, [(str(r.row), r.error.what, r.error.remedy) for r in plan.rejected[:LISTED]])

    @staticmethod
    def _changes(plan: CasePlan) -> str:
        return text("cases.changes", n=len(plan.changes)) if plan.changes else ""


def _ways() -> list[tuple[str, str]]:
    return [("name", text("cases.by_name")), ("folder", text("cases.by_folder")), ("pattern", text("cases.by_pattern"))]


def _sources() -> list[tuple[str, str]]:
    return [
        ("", text("cases.source_unsaid")), ("pathology", text("cases.source_pathology")),
        ("clinical", text("cases.source_clinical")), ("other", text("cases.source_other")),
    ]  # fmt: skip
