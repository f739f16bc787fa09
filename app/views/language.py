"""Which language the setting means; and the words of Qt's own dialogs in it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from app.common.words import Language


def chosen_language(choice: str) -> Language:
    """The language behind the setting ``auto``, ``en`` or ``zh``; ``auto``: Chinese where the system's is."""
    if choice == "zh" or (choice == "auto" and QLocale.system().name().startswith("zh")):
        return "zh"
    return "en"


_qt_words: QTranslator | None = None


def use_qt_words(language: Language) -> None:
    """Buttons of Qt's own dialogs (file, print) speak the language too."""
    global _qt_words
    app = QCoreApplication.instance()
    if app is None:
        return
    if _qt_words is not None:
        app.removeTranslator(_qt_words)
        _qt_words = None
    if language == "zh":
        words = QTranslator(app)
        if words.load("qtbase_zh_CN", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            app.installTranslator(words)
            _qt_words = words
