"""The one error a person ever reads."""

from __future__ import annotations

from app.common.words import text


class UserError(Exception):
    """Something that a person can understand and act on: what happened, and what to do.

    ``code`` is a stable snake_case word. The catalogue holds ``error.<code>.what`` and ``error.<code>.remedy`` in both
    languages; ``facts`` fill their placeholders. The sentences are looked up when they are read, so a message that is
    already on screen follows a change of language.
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    @property
    def what(self) -> str:
        return text(f"error.{self.code}.what", **self.facts)

    @property
    def remedy(self) -> str:
        return text(f"error.{self.code}.remedy", **self.facts)

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"

    def as_json(self) -> dict[str, str]:
        """E of the command line's contract."""
        return {"code": self.code, "what": self.what, "remedy": self.remedy}
