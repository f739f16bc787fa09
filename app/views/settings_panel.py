"""Language, theme, device, where and how boxes are saved, backup; and the keys: taken at once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.common.words import text
from app.views.actions import Actions
from app.views.choice import Choice
from app.views.exchange import format_words
from app.views.keys_panel import KeysPanel
from app.views.parts import Elided, Switch, label
from app.views.services import Services
from app.views.window import retranslate_all


class SettingsPanel(QDialog):
    def __init__(
        self,
        services: Services,
        actions: Actions,
        use_language: Callable[[str], None],
        use_theme: Callable[[str], None],
        use_device: Callable[[str], None],
        say_device: Callable[[], str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._services = services
        settings = services.settings
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(560, 560)
        self.resize(600, 680)
        self._title = label("page")
        self.language = _choice(_languages, settings.language, use_language)
        self.theme = _choice(_themes, settings.theme, use_theme)
        self.device = _choice(_devices, settings.device, use_device)
        self._say_device = say_device
        self._device_note = label("caption", wrap=True)
        self._device_note.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._folder = Elided()
        self._choose = QPushButton()
        self._choose.clicked.connect(lambda: self._choose_folder())
        self._beside = QPushButton()
        self._beside.clicked.connect(lambda: self._set_folder(""))
        self.save_format = _choice(format_words.options, settings.save_format, self._set_format)
        self.backup = QPushButton()
        self.backup.clicked.connect(actions["backup"].trigger)
        self._backup_note = label("caption", wrap=True)
        self._captions = [label() for _ in range(6)]
        self.keys = KeysPanel(actions)
        self._pages = QStackedWidget()
        self.pages = Switch([lambda: text("settings.general"), lambda: text("settings.keys")])
        self.pages.chosen.connect(self._pages.setCurrentIndex)
        self._close = QPushButton()
        self._close.clicked.connect(self.accept)
        self._lay_out()
        self.retranslate()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        folder = QHBoxLayout()
        folder.addWidget(self._folder, 1)
        folder.addWidget(self._choose)
        folder.addWidget(self._beside)
        fields = (self.language, self.theme, self.device)
        for caption, field in zip(self._captions, fields, strict=False):
            form.addRow(caption, field)
            caption.setBuddy(field)
        form.addRow(QLabel(), self._device_note)
        form.addRow(self._captions[3], folder)
        form.addRow(self._captions[4], self.save_format)
        self._captions[4].setBuddy(self.save_format)
        form.addRow(self._captions[5], self.backup)
        form.addRow(QLabel(), self._backup_note)
        general = QWidget()
        column = QVBoxLayout(general)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addStretch()
        self._pages.addWidget(general)
        self._pages.addWidget(self.keys)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.pages)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._close, 0, Qt.AlignmentFlag.AlignRight)

    def show_keys(self) -> None:
        self.pages.choose(1)
        self.keys.search.setFocus()

    def show_device(self) -> None:
        """What the models run on at this moment, and why."""
        self._device_note.setText(text("settings.device_now", device=self._say_device()))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, text("settings.save_folder"), self._services.settings.save_folder
        )
        if folder:
            self._set_folder(folder)

    def _set_folder(self, folder: str) -> None:
        self._services.change_settings(save_folder=folder)
        self.retranslate()

    def _set_format(self, key: str) -> None:
        self._services.change_settings(save_format=key)
        retranslate_all()

    def retranslate(self) -> None:
        self.setWindowTitle(text("settings.title"))
        self._title.setText(text("settings.title"))
        words = (
            text("settings.language"),
            text("settings.theme"),
            text("settings.device"),
            text("settings.save_folder"),
            text("settings.save_format"),
            text("settings.backup"),
        )
        for caption, said in zip(self._captions, words, strict=True):
            caption.setText(said)
        self.show_device()
        folder = self._services.settings.save_folder
        self._folder.setText(folder or text("settings.beside"))
        self._choose.setText(text("settings.choose"))
        self._beside.setText(text("settings.beside"))
        self._beside.setVisible(bool(folder))
        self.backup.setText(text("settings.backup_now"))
        self.backup.setToolTip(text("menu.backup"))
        self._backup_note.setText(text("settings.backup_note"))
        self._close.setText(text("message.close"))


def _choice(options: Callable[[], list[tuple[str, str]]], key: str, picked: Callable[[str], None]) -> Choice:
    choice = Choice(options)
    choice.setMinimumWidth(220)
    choice.set_key(key)
    choice.picked.connect(picked)
    return choice


def _languages() -> list[tuple[str, str]]:
    return [("auto", text("settings.system")), ("en", "English"), ("zh", "简体中文")]


def _themes() -> list[tuple[str, str]]:
    return [("auto", text("settings.system")), ("light", text("settings.light")), ("dark", text("settings.dark"))]


def _devices() -> list[tuple[str, str]]:
    return [
        ("auto", text("settings.device_auto")),
        ("cpu", text("settings.device_cpu")),
        ("cuda", text("settings.device_gpu")),
    ]
