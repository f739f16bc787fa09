"""A workspace's own packs: a new one made of a file's classes, or a shipped one with labels that people added."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.packs import DEFAULT_PACK, OTHER, Pack, load_pack, pack_keys

# Okabe and Ito's, then Tol's muted colours: told apart by colour-blind eyes as far as so many can be.
PALETTE = (
    "#E69F00", "#56B4E9", "#CC79A7", "#009E73", "#F0E442", "#D55E00", "#0072B2",
    "#88CCEE", "#44AA99", "#999933", "#DDCC77", "#CC6677", "#AA4499", "#882255",
)  # fmt: skip
_KEY = re.compile(r"[A-Za-z0-9\u3400-\u9fff][A-Za-z0-9\u3400-\u9fff_.-]{0,63}")


def check_new_pack(key: str, folder: Path) -> None:
    """Raises UserError ``bad_pack_key`` for a key that could not name a file, ``pack_exists`` for one that is taken."""
    if not _KEY.fullmatch(key):
        raise UserError("bad_pack_key", pack=key)
    if key.casefold() in {k.casefold() for k in pack_keys(folder)}:
        raise UserError("pack_exists", pack=key)


def new_pack(key: str, folder: Path, classes: Sequence[str]) -> Pack:
    """Write ``folder/<key>.toml``: the classes in their order, their own words as keys and names, colours in turn.

    A class called "other" is not among them: every pack has that answer, and no model learns it.

    Raises:
        UserError: as :func:`check_new_pack`, and those of writing files.
    """
    check_new_pack(key, folder)
    words = [w for w in dict.fromkeys(c.strip() for c in classes) if w and w.casefold() != OTHER]
    default = load_pack(DEFAULT_PACK).other
    raw = {
        "key": key,
        "modality": "photo",
        "name": {"en": key, "zh": key},
        "default_detector": "",
        "default_classifier": "",
        "diseases": [_entry(w, n) for n, w in enumerate(words)],
        "other": {
            "name": {"en": default.name.en, "zh": default.name.zh},
            "aliases": list(default.aliases),
            "colour": default.colour,
        },
    }
    _write(folder, key, raw)
    return load_pack(key, folder)


def add_labels(key: str, folder: Path, words: Iterable[str]) -> Pack:
    """Labels that a person wants in the pack ``key`` of this workspace; what it knows already is passed over.

    They are people's answers only: the classes of models, and their order, stay what they are.

    Raises:
        UserError: ``no_such_pack``, ``damaged_pack``, and those of writing files.
    """
    pack = load_pack(key, folder)
    new = [w for w in dict.fromkeys(word.strip() for word in words) if w and pack.resolve(w) is None]
    if not new:
        return pack
    raw: dict[str, Any] = {"extends": key, "more": []}
    file = folder / f"{key}.toml"
    if file.is_file():
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    taken = len(pack.labels) - 1
    raw["more"] = [*raw.get("more", []), *(_entry(w, taken + n) for n, w in enumerate(new))]
    _write(folder, key, raw)
    return load_pack(key, folder)


def aliases_in(file: Path) -> dict[str, str]:
    """Words of a foreign file and what the pack calls them, from the table ``[aliases]`` of a TOML file.

    Raises:
        UserError: ``damaged_aliases`` when it cannot be read or is not such a table.
    """
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError("damaged_aliases", file=file.name, reason=reason) from error
    table = raw.get("aliases")
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        raise UserError("damaged_aliases", file=file.name, reason="[aliases]")
    return dict(table)


def resolver(pack: Pack, aliases: Mapping[str, str]) -> dict[str, str]:
    """Each alias with the key that it stands for.

    Raises:
        UserError: ``unknown_disease`` where an alias leads to nothing that the pack knows.
    """
    found = {}
    for word, label in aliases.items():
        key = pack.resolve(label)
        if key is None:
            raise UserError("unknown_disease", disease=label, pack=pack.key)
        found[word.strip().casefold()] = key
    return found


def _entry(word: str, number: int) -> dict[str, Any]:
    return {"key": word, "name": {"en": word, "zh": word}, "colour": PALETTE[number % len(PALETTE)]}


def _write(folder: Path, key: str, raw: dict[str, Any]) -> None:
    import tomli_w

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error
    write_atomically(folder / f"{key}.toml", tomli_w.dumps(raw).encode())
