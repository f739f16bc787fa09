"""One door: the window, a subcommand, or a child process of either (``engine``, ``cleaning``,
``training``).

Nothing heavy is imported here: the window paints before numpy, torch or the database are loaded.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

# Words that the command line takes as subcommands, even where a folder of that name lies here (`make demo` makes one).
SUBCOMMANDS = frozenset(
    (
        "annotations",
        "backup",
        "cases",
        "check-workspace",
        "clean",
        "dataset",
        "demo",
        "diagnose",
        "evaluate",
        "experiment",
        "import",
        "models",
        "patches",
        "patient",
        "pool",
        "report",
        "restore",
        "retrain",
        "reviews",
        "runs",
        "study",
        "train",
        "version",
    )
)
_WITH_VALUE = ("--workspace", "--actor")


def main(argv: Sequence[str] | None = None) -> int:
    """Run Squama with the arguments behind the program's name; the exit code is the command line's contract."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    multiprocessing.freeze_support()
    # torch's threads sleep between their tasks instead of spinning: beside other busy programs a model loads and
    # answers in an eighth of the processor time. Read when torch is first imported (GNU's and Intel's OpenMP).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    if arguments[:1] == ["engine"]:
        from app.inference.engine import main as engine

        return engine() or 0
    if arguments[:1] == ["cleaning"]:
        from app.cleaning.child import main as cleaning

        return cleaning(arguments[1:])
    if arguments[:1] == ["training"]:
        from app.training.runner import main as training

        return training(arguments[1:])
    if wants_window(arguments):
        return _window(arguments)
    from app.cli import main as command_line

    return command_line(arguments) or 0


def wants_window(arguments: Sequence[str]) -> bool:
    """Nothing, a workspace, photos or folders: the window. A subcommand, or anything misspelt: the command line."""
    words, options = _split(arguments)
    if options:
        return False
    return all(_is_path(w) for w in words) and not (words and words[0] in SUBCOMMANDS)


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of a line, and the options that the window does not know."""
    words, options = [], []
    rest = iter(arguments)
    for argument in rest:
        if argument in _WITH_VALUE:
            if next(rest, None) is None:
                options.append(argument)
        elif argument.startswith("-"):
            if not argument.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
                options.append(argument)
        else:
            words.append(argument)
    return words, options


def _is_path(word: str) -> bool:
    return Path(word).exists() or "/" in word or "\\" in word or "." in word


def _window(arguments: list[str]) -> int:
    if not has_display():
        from app.common.errors import UserError

        sys.stderr.write(f"{UserError('no_display')}\n")
        return 2
    from app.application import main as window

    return window(arguments) or 0


def has_display() -> bool:
    """Whether a window can open: Qt aborts the whole process where none can."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


if __name__ == "__main__":
    sys.exit(main())
