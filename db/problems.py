"""What can go wrong with the database and a person can act on; the rooms put it in words."""

from __future__ import annotations


class DatabaseProblem(Exception):
    """``code`` is a stable word of the catalogue; ``reason`` is the driver's own text."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
