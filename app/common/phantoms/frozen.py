"""The generator's hash: numbers measured on phantoms name it, so that nobody compares two different generators."""

from __future__ import annotations

import hashlib
from pathlib import Path

FROZEN_FILE = "FROZEN"


def generator_hash() -> str:
    """SHA-256 over the package's Python files in the order of their names, with newlines normalised."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py"), key=lambda p: p.name):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def frozen_hash() -> str:
    """The hash written when the generator was frozen."""
    return (Path(__file__).parent / FROZEN_FILE).read_text(encoding="ascii").strip()
