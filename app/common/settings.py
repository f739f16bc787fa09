"""A person's preferences, in the workspace's ``settings.toml``; read before the first paint."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from app.common.files import write_atomically, write_error
from app.common.workspace import Workspace

LanguageChoice = Literal["auto", "en", "zh"]
Theme = Literal["auto", "light", "dark"]
Device = Literal["auto", "cpu", "cuda"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "language": ("auto", "en", "zh"),
    "theme": ("auto", "light", "dark"),
    "device": ("auto", "cpu", "cuda"),
    "save_format": ("voc", "yolo", "createml", "coco", "labelme", "xanylabeling"),
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every preference with its default. Change one with ``dataclasses.replace`` and save the result."""

    language: LanguageChoice = "auto"
    theme: Theme = "auto"
    device: Device = "auto"
    min_score: float = 0.5
    last_folder: str = ""
    last_image: int = 0  # the photo that lay open, so that the next start goes on there
    save_folder: str = ""  # empty: beside the photo
    save_format: str = "voc"
    person: str = ""  # who worked last; empty: the system's user
    detector: str = ""  # empty: the pack's default
    classifier: str = ""
    window_geometry: str = ""  # Qt's, base64
    window_state: str = ""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of the actions whose keys were changed
    keep_view: bool = False  # the next photo is shown at the same place and zoom
    keep_looks: bool = False  # ... and as bright, if that was changed
    kept_words: tuple[str, ...] = ()  # foreign labels that stay as they are: nobody is asked about them again
    crosshair: bool = False
    draw_many: bool = False  # drawing goes on after a box


def load_settings(workspace: Workspace) -> Settings:
    """The saved settings; a value that does not fit its place counts as the default.

    A file that is no TOML is set aside as ``settings.damaged-<time>.toml`` beside it, never lost.
    """
    try:
        raw = _read(workspace.settings)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        _set_aside(workspace.settings)
        return Settings()
    values = {f.name: raw[f.name] for f in fields(Settings) if _fits(f.name, raw.get(f.name))}
    if "keys" in values:
        values["keys"] = {name: tuple(keys) for name, keys in values["keys"].items() if _are_words(keys)}
    if "kept_words" in values:
        values["kept_words"] = tuple(values["kept_words"])
    return Settings(**values)


def save_settings(workspace: Workspace, settings: Settings) -> None:
    """Write the settings at once and whole; keys of a newer Squama in the file stay.

    Raises:
        UserError: as :func:`app.common.files.write_atomically`.
    """
    import tomli_w

    try:
        raw = _read(workspace.settings)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        _set_aside(workspace.settings)
        raw = {}
    write_atomically(workspace.settings, tomli_w.dumps({**raw, **asdict(settings)}).encode())


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise write_error(error, file) from error


def _fits(name: str, value: object) -> bool:
    default = getattr(Settings(), name)
    if name in _CHOICES:
        return value in _CHOICES[name]
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    if isinstance(default, tuple):
        return _are_words(value)
    return isinstance(value, type(default))


def _are_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _set_aside(file: Path) -> None:
    aside = file.with_name(f"settings.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.toml")
    try:
        file.replace(aside)
    except OSError as error:
        raise write_error(error, file) from error
    _log.warning("the settings file was damaged; it is kept as %s", aside.name)
