"""Running the command line in a test, and checking what it prints against the contract's schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from app import cli

SCHEMAS = Path(__file__).parent / "contract_schemas"


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


class CommandLine:
    """Runs subcommands with ``--json`` in this process."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capture

    def __call__(self, name: str, *words: object, status: int = 0) -> Any:
        """The document of a command; ``name`` is its schema's, the exit code must be ``status``."""
        self._capture.readouterr()
        found = cli.main([*map(str, words), "--json"])
        captured = self._capture.readouterr()
        document = json.loads(captured.out.decode("utf-8"))
        assert found == status, (document, captured.err.decode())
        jsonschema.validate(document, schema(name))
        return document

    def refused(self, *words: object, status: int = 2) -> str:
        """The code of the error."""
        return str(self("error", *words, status=status)["error"]["code"])
