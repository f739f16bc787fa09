"""What a look through a workspace found, as the command line and the window show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from app.common.words import text


@dataclass(frozen=True, slots=True)
class Problem:
    """``code`` is a stable snake_case word, ``text`` one sentence; ``damage``: something is lost or could be."""

    code: str
    text: str
    repaired: bool = False
    damage: bool = True

    def as_repaired(self) -> Problem:
        return replace(self, repaired=True)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "text": self.text, "repaired": self.repaired}


def counted(names: list[str], shown: int = 3) -> str:
    """The first few of a list of names, and how many more there are."""
    more = f" (+ {len(names) - shown})" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def open_damage(problems: tuple[Problem, ...]) -> bool:
    """Whether something is damaged and was not repaired."""
    return any(p.damage and not p.repaired for p in problems)


def media_missing(file: str) -> Problem:
    return Problem("media_missing", text("problem.media_missing", file=file))


def media_changed(file: str) -> Problem:
    return Problem("media_changed", text("problem.media_changed", file=file))
