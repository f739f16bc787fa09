"""The case card: the visit that the photo belongs to, editable in place; folded it is one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.common.case_words import centre_of, centre_words, note_words, site_of, site_words, sites
from app.common.errors import UserError
from app.common.packs import Pack
from app.common.words import text
from app.datasets.records import CaseRecord
from app.views.choice import Choice
from app.views.icons import icon
from app.views.parts import Elided, label, tool_button
from app.views.workbench.case_fields import NoteField, WordField

_LINES = ("patient", "age", "duration_months", "visited", "centre")
_NOTES = ("history", "pathology")
Field = QLineEdit | NoteField


class CaseCard(QFrame):
    """``edited`` carries a CaseRecord to store (id 0: the photo had no case yet)."""

    edited = Signal(object)
    refused = Signal(object)  # UserError
    patient_wanted = Signal(str)

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self._pack = pack
        self._record = CaseRecord(0, "")
        self._photos = 0
        self._is_open = False
        self._captions: dict[str, QLabel] = {}
        self.fields: dict[str, Field] = {name: QLineEdit() for name in _LINES}
        self.site = WordField(lambda: [str(words) for words in sites().values()])
        self.site.setProperty("kind", "inplace")
        self.site.picked.connect(self._finished)
        self.fields["site"] = self.site.line
        self.fields.update({name: NoteField() for name in _NOTES})
        self._stands = dict.fromkeys(self.fields, "")  # what each field was last filled with
        for name, field in self.fields.items():
            if name != "site":
                field.setProperty("kind", "inplace")
            field.editingFinished.connect(self._finished)
        self.sex = Choice(_sexes)
        self.sex.setProperty("kind", "inplace")
        self.sex.picked.connect(lambda _: self._finished())
        self.final = Choice(self._answers)
        self.final.setMinimumWidth(148)  # beside a scroll bar there is no more room
        self.final.picked.connect(lambda _: self._finished())
        self._heading = label("section")
        self._code = Elided("soft")
        self._summary = Elided("soft")
        self.fold = tool_button("down", lambda: self.set_open(not self._is_open))
        self.photos = QPushButton()
        self.photos.setProperty("kind", "flat")
        self.photos.clicked.connect(lambda: self.patient_wanted.emit(self._record.patient))
        self._final_caption = label("caption")
        self.source = Elided("soft")  # where the final diagnosis comes from, if not from who fills in the card
        self._body = QWidget()
        self._lay_out()
        self.set_open(False)
        self.retranslate()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._heading)
        head.addWidget(self._code, 1)
        head.addWidget(self.fold)
        grid = QGridLayout(self._body)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        places = (
            ("patient", 0, 0, 3), ("age", 1, 0, 1), ("sex", 1, 2, 1), ("site", 2, 0, 3), ("duration_months", 3, 0, 3),
            ("visited", 4, 0, 3), ("centre", 5, 0, 3), ("history", 6, 0, 3), ("pathology", 7, 0, 3),
        )  # fmt: skip
        for name, row, column, span in places:
            caption = label("caption")
            self._captions[name] = caption
            if name in _NOTES:  # beside the first line
                caption.setContentsMargins(0, 6, 0, 0)
                grid.addWidget(caption, row, column, Qt.AlignmentFlag.AlignTop)
            else:
                grid.addWidget(caption, row, column)
            field: QWidget = {"sex": self.sex, "site": self.site}.get(name) or self.fields[name]
            field.setMinimumWidth(84 if name == "sex" else 40)
            grid.addWidget(field, row, column + 1, 1, span)
            caption.setBuddy(field)
        grid.addWidget(self.photos, 8, 0, 1, 4, Qt.AlignmentFlag.AlignLeft)
        last = QHBoxLayout()
        last.setSpacing(8)
        last.addWidget(self._final_caption)
        last.addWidget(self.final, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 8)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self._summary)
        layout.addWidget(self._body)
        layout.addLayout(last)
        layout.addWidget(self.source)

    @property
    def record(self) -> CaseRecord:
        return self._record

    def set_open(self, is_open: bool) -> None:
        self._body.setVisible(is_open)
        self._is_open = is_open
        self._show_summary()
        self.fold.setIcon(icon("up" if is_open else "down"))
        self.fold.setIconSize(QSize(16, 16))

    def _show_summary(self) -> None:
        self._summary.setVisible(not self._is_open and bool(self._line()))
        self._code.setText("" if self._is_open else self._record.patient or text("case.none"))

    def show_case(self, record: CaseRecord | None, photos: int = 0) -> None:
        """``photos``: how many the patient has. None: the photo belongs to no case yet; the first entry makes one."""
        self._record = record or CaseRecord(0, "")
        self._photos = photos
        for name, words in self._words_of(self._record).items():
            self._fill(name, words)
        self.sex.set_key(self._record.sex or "")
        self.final.set_key(self._record.final_diagnosis or "")
        self.retranslate()

    def _fill(self, name: str, words: str) -> None:
        field = self.fields[name]
        field.setText(words)
        if isinstance(field, QLineEdit):
            field.setCursorPosition(0)
            field.setToolTip(words)
        self._stands[name] = field.text()

    def _fill_anew(self) -> None:
        """In another language, or as it was understood; what is being typed stays."""
        for name, words in self._words_of(self._record).items():
            if words != self._stands[name] == self.fields[name].text():
                self._fill(name, words)

    @staticmethod
    def _words_of(record: CaseRecord) -> dict[str, str]:
        return {
            "patient": record.patient,
            "age": _words(record.age),
            "site": site_words(record.site or ""),
            "duration_months": _words(record.duration_months),
            "visited": record.visited.isoformat() if record.visited else "",
            "centre": centre_words(record.centre or ""),
            "history": note_words(record.history or ""),
            "pathology": note_words(record.pathology or ""),
        }

    def enter(self) -> None:
        """Take what is still being typed, as leaving the field would."""
        if any(field.text() != self._stands[name] for name, field in self.fields.items()):
            self._finished()

    def adopt(self, record: CaseRecord, photos: int) -> None:
        """The card is stored: take over id and version, and leave alone what is being typed."""
        self._photos = photos
        source = record.diagnosis_source if record.final_diagnosis == self._record.final_diagnosis else None
        self._record = replace(self._record, id=record.id, version=record.version, diagnosis_source=source)
        if not self._record.patient:
            self._record = replace(self._record, patient=record.patient)
        self.retranslate()

    def _finished(self) -> None:
        try:
            new = self._read()
        except UserError as error:
            sender: QObject | None = self.sender()
            self.show_case(self._record if self._record.id else None, self._photos)
            if isinstance(sender, (QLineEdit, NoteField)):
                sender.selectAll()
            self.refused.emit(error)
            return
        self._stands = {name: field.text() for name, field in self.fields.items()}
        if new != self._record:
            self._record = new
            self.retranslate()
            self.edited.emit(new)

    def _read(self) -> CaseRecord:
        words = {name: field.text().strip() or None for name, field in self.fields.items()}
        old = self._record
        kept = {
            name: stored if self.fields[name].text() == shown else words[name]
            for name, stored, shown in (
                ("history", old.history, note_words(old.history or "")),
                ("pathology", old.pathology, note_words(old.pathology or "")),
            )
        }
        age = _number(words["age"], "age", text("case.age"))
        return replace(
            self._record,
            patient=words["patient"] or self._record.patient,
            age=None if age is None else int(age),
            sex=self.sex.key or None,
            site=site_of(words["site"]) if words["site"] else None,
            duration_months=_number(words["duration_months"], "duration", text("case.duration_months")),
            visited=_date(words["visited"]),
            centre=centre_of(words["centre"]) if words["centre"] else None,
            history=kept["history"],
            pathology=kept["pathology"],
            final_diagnosis=self.final.key or None,
        )

    def _answers(self) -> list[tuple[str, str]]:
        return [("", text("case.final_open")), *((d.key, str(d.name)) for d in self._pack.labels)]

    def retranslate(self) -> None:
        self._heading.setText(text("case.heading"))
        self._fill_anew()
        self._summary.setText(self._line())
        self._show_summary()
        self._summary.setToolTip(self._line())
        self._final_caption.setText(text("case.final"))
        told = _sources().get(self._record.diagnosis_source or "", "") if self._record.final_diagnosis else ""
        self.source.setText(told)
        self.source.setVisible(bool(told))
        self.fold.setToolTip(text("case.fold"))
        self.fold.setAccessibleName(text("case.fold"))
        self.photos.setText(text("case.photos", n=self._photos))
        self.photos.setVisible(self._photos > 1)
        captions = {"patient": text("case.patient"), "age": text("case.age"), "sex": text("case.sex"),
                    "site": text("case.site"), "duration_months": text("case.duration_months"),
                    "visited": text("case.visited"), "centre": text("case.centre"), "history": text("case.history"),
                    "pathology": text("case.pathology")}  # fmt: skip
        for name, words in captions.items():
            self._captions[name].setText(words)
            field: QWidget = {"sex": self.sex, "site": self.site}.get(name) or self.fields[name]
            field.setAccessibleName(words)
        self.fields["visited"].setPlaceholderText(text("case.date_form"))
        self.final.setAccessibleName(text("case.final"))

    def _line(self) -> str:
        r = self._record
        parts = [
            dict(_sexes()).get(r.sex or "", "") if r.sex else "",
            text("case.years", n=r.age) if r.age is not None else "",
            site_words(r.site or ""),
            _duration(r.duration_months) if r.duration_months is not None else "",
        ]
        return " · ".join(p for p in parts if p)


def _sexes() -> list[tuple[str, str]]:
    return [("", text("case.sex_open")), ("female", text("case.female")), ("male", text("case.male"))]


def _sources() -> dict[str, str]:
    return {
        "pathology": text("cases.source_pathology"),
        "clinical": text("cases.source_clinical"),
        "other": text("cases.source_other"),
    }


def _duration(months: float) -> str:
    """``for 8 mo``; from two years on as a person says it."""
    if months < 24:
        return text("case.ill_months", n=f"{months:g}")
    years, rest = divmod(round(months), 12)
    return text("case.ill_years_months", years=years, n=rest) if rest else text("case.ill_years", years=years)


def _words(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _number(words: str | None, field: str, name: str) -> float | None:
    if words is None:
        return None
    try:
        value = float(words.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1560:
        raise UserError("case_number", field=name, value=words)
    return value


def _date(words: str | None) -> date | None:
    if words is None:
        return None
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        raise UserError("case_date", value=words) from error
