"""Which language the setting means."""

from __future__ import annotations

from PySide6.QtCore import QLocale

from app.common.words import Language


def chosen_language(choice: str) -> Language:
    """The language behind the setting ``auto``, ``en`` or ``zh``; ``auto``: Chinese where the system's is."""
    if choice == "zh" or (choice == "auto" and QLocale.system().name().startswith("zh")):
        return "zh"
    return "en"
