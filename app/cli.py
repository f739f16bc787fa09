"""The subcommands, without a display and without Qt. What they print is a contract that others build on.

With ``--json`` standard output is one JSON document, whatever happens; logs and progress go to standard error.
Exit codes: 0 done, 1 some items failed, 2 refused, 3 an internal error, 130 cancelled.
"""

from __future__ import annotations

import contextlib
import json
import locale
import logging
import math
import os
import signal
import sys
import threading
import tomllib
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli_cases import COMMANDS as CASES
from app.cli_cleaning import COMMANDS as CLEANING
from app.cli_common import (
    CANCELLED,
    DONE,
    INTERNAL,
    PARTLY,
    REFUSED,
    Outcome,
    existing_workspace,
    new_folder,
    opened,
    progress,
    workspace_of,
)
from app.cli_datasets import COMMANDS as DATASETS
from app.cli_exchange import COMMANDS as EXCHANGE
from app.cli_experiment import COMMANDS as EXPERIMENT
from app.cli_parser import Common, HelpWanted, parser, take_common, wants_json
from app.cli_set_import import COMMANDS as SET_IMPORT
from app.cli_study import COMMANDS as STUDY
from app.cli_training import COMMANDS as TRAINING
from app.common.errors import UserError
from app.common.files import write_error
from app.common.logs import redact, stop_logging
from app.common.words import LANGUAGE, set_language
from app.common.workspace import Workspace
from app.training.events import leads

if TYPE_CHECKING:
    from app.common.packs import Pack
    from app.datasets.importing import Given
    from app.inference.diagnose import Diagnoser

_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    _choose_language()
    try:
        return _answered(words)
    except OSError as error:
        return _not_printed(error)
    finally:
        stop_logging()


def _answered(words: Sequence[str]) -> int:
    """Run and print. Raises OSError where standard output cannot be written."""
    try:
        with _stoppable(), contextlib.redirect_stdout(sys.stderr):  # what a library prints is no part of the document
            outcome = _guarded(words)
    except HelpWanted as wanted:
        _print_help(str(wanted), wants_json(words))
        return DONE
    if leads():
        _print(outcome, wants_json(words))
    return outcome.status


def _not_printed(error: OSError) -> int:
    """Standard output cannot be written: its reader has gone (that is the reader's right), or the disk is full."""
    with contextlib.suppress(OSError, ValueError):  # else Python complains once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return DONE
    sys.stderr.write(f"{write_error(error, Path('stdout'))}\n")
    return INTERNAL


def _run(words: Sequence[str]) -> Outcome:
    try:
        common, rest = take_common(words)
        options = parser().parse_args(rest)
        return _COMMANDS[_name(options)](common, options)
    except UserError as error:
        stopped = error.code == "training_stopped"
        return Outcome({"error": error.as_json()}, CANCELLED if stopped else REFUSED)
    except KeyboardInterrupt:
        return Outcome({"error": UserError("cancelled").as_json()}, CANCELLED)


def _guarded(words: Sequence[str]) -> Outcome:
    """Run, and put every failure in words."""
    try:
        return _run(words)
    except HelpWanted:
        raise
    except Exception as error:  # noqa: BLE001  the last door: whatever comes here is a bug, and it is logged
        details = redact("".join(traceback.format_exception(error)))
        sys.stderr.write(details)
        if logging.getLogger().handlers:  # else logging would write it to standard error once more
            _log.critical("not caught: %s", details)
        return Outcome({"error": UserError("internal_error", kind=type(error).__name__).as_json()}, INTERNAL)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Being told to end (by a service, a scheduler, a closing session) is a cancel: what was begun is cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _name(options: Namespace) -> str:
    action = getattr(options, "action", None)
    return f"{options.command} {action}" if action else str(options.command)


# -- commands without a workspace ------------------------------------------------------------------------------------


def _version(_common: Common, _options: Namespace) -> Outcome:
    import platform
    from importlib.metadata import version

    from app.datasets.store import SCHEMA
    from app.inference.device import choose_device

    document = {
        "version": _own_version(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "device": choose_device("auto").name,
        "database_schema": SCHEMA,
    }
    return Outcome(document)


def _own_version() -> str:
    """The checkout's own, whose installed metadata may be older; else what is installed."""
    from importlib.metadata import version

    from app.common.places import ROOT

    project = ROOT / "pyproject.toml"
    if not project.is_file():
        return version("squama")
    return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])


def _demo(_common: Common, options: Namespace) -> Outcome:
    from app.datasets.demo import make_demo

    result = make_demo(Path(options.folder), options.photos, options.seed, force=options.force, progress=progress)
    document = {
        "workspace": options.folder,
        "images": result.images,
        "cases": result.cases,
        "datasets": list(result.datasets),
    }
    return Outcome(document)


def _diagnose(common: Common, options: Namespace) -> Outcome:
    from app.datasets.importing import given_photos

    photos = list(given_photos(options.images))
    if options.boxes and (len(photos) != 1 or len(options.images) != 1):
        raise UserError("box_needs_one_photo")
    overlays = _Overlays(Path(options.overlay), options.force) if options.overlay else None
    if overlays is not None:
        overlays.refuse_existing(photos)
    workspace = existing_workspace(common)
    diagnoser = _diagnoser(workspace, options)
    answers = []
    for number, (given, image_id) in enumerate(zip(photos, _ids(workspace, photos), strict=True), start=1):
        answers.append(_answer(diagnoser, given, image_id, options, overlays))
        progress(number, len(photos))
    return Outcome(answers, PARTLY if any("error" in a for a in answers) else DONE)


def _ids(workspace: Workspace | None, photos: Sequence[Given]) -> Sequence[int | None]:
    """What the workspace calls its own photos; None for the others."""
    from app.datasets.store import ids_in

    return ids_in(workspace, [given.path for given in photos]) if workspace else [None] * len(photos)


def _diagnoser(workspace: Workspace | None, options: Namespace) -> Diagnoser:
    from app.inference.diagnose import load_diagnoser
    from app.inference.models import find_model

    detector = find_model(options.detector, "detect", workspace)
    classifier = find_model(options.classifier, "classify", workspace)
    return load_diagnoser(detector, classifier, options.device)


def _answer(
    diagnoser: Diagnoser, given: Given, image_id: int | None, options: Namespace, overlays: _Overlays | None
) -> dict[str, Any]:
    from app.inference.diagnosis import failed_as_json

    try:
        if given.problem is not None:
            raise given.problem
        diagnosis = diagnoser.diagnose(given.path, options.boxes, options.min_score)
        if overlays is not None:
            overlays.write(given, diagnosis, diagnoser.pack)
    except UserError as error:
        return failed_as_json(given.name, error, image_id)
    return diagnosis.as_json(given.name, image_id)


class _Overlays:
    """The pictures with boxes; two photos of one stem do not overwrite each other's."""

    def __init__(self, folder: Path, force: bool) -> None:
        self.folder = folder
        self.force = force
        self.written: set[Path] = set()

    def refuse_existing(self, photos: Sequence[Given]) -> None:
        """Before any work: pictures of an earlier call stay as they are, and the folder is there."""
        try:
            found = [] if self.force else [t for t in map(self._target, photos) if t.exists()]
            if not found:
                self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(error, self.folder) from error
        if found:
            raise UserError("output_exists", path=str(found[0]))

    def write(self, given: Given, diagnosis: Any, pack: Pack) -> None:
        from app.common.files import write_atomically
        from app.inference.overlay import overlay_png

        target = self._target(given)
        if target in self.written:
            raise UserError("overlay_twice", file=target.name)
        write_atomically(target, overlay_png(given.path, diagnosis, pack))
        self.written.add(target)

    def _target(self, given: Given) -> Path:
        return self.folder / f"{given.path.stem}.overlay.png"


def _convert_annotations(_common: Common, options: Namespace) -> Outcome:
    from app.annotation.file_commands import convert

    out = new_folder(options.out, options.force)
    images, classes = (Path(v) if v else None for v in (options.images, options.classes))
    result = convert(options.source, out, options.from_format, options.to_format, images, classes, progress)
    failed = [{"item": item, "error": error.as_json()} for item, error in result.failed]
    return Outcome({"images": result.images, "boxes": result.boxes, "failed": failed}, PARTLY if failed else DONE)


def _check_annotations(_common: Common, options: Namespace) -> Outcome:
    from app.annotation.file_commands import check_files

    result = check_files(options.path, options.format, options.fix, progress)
    problems = [
        {"file": p.file, "line": p.problem.line, "code": p.problem.code, "text": p.problem.text, "fixed": p.fixed}
        for p in result.problems
    ]
    unread = any(p.problem.code == "damaged" and not p.fixed for p in result.problems)
    return Outcome({"files": result.files, "boxes": result.boxes, "problems": problems}, PARTLY if unread else DONE)


# -- commands in a workspace -----------------------------------------------------------------------------------------


def _import(common: Common, options: Namespace) -> Outcome:
    from app.datasets.importing import import_photos

    with opened(common) as (workspace, store):
        result = import_photos(
            store, workspace, options.paths, common.actor, options.pack, options.link, lambda n: progress(n, 0)
        )
    failed = [{"item": item, "error": error.as_json()} for item, error in result.failed]
    document = {"imported": result.imported, "already_there": result.already_there, "failed": failed}
    return Outcome(document, PARTLY if failed else DONE)


def _list_models(common: Common, _options: Namespace) -> Outcome:
    from app.inference.models import list_models

    return Outcome([model.as_json() for model in list_models(workspace_of(common))])


def _show_model(common: Common, options: Namespace) -> Outcome:
    from app.inference.models import show_model

    return Outcome(show_model(options.model, workspace_of(common)).as_json())


def _patches(common: Common, options: Namespace) -> Outcome:
    from app.cli_patches import patches

    return patches(common, options)


_COMMANDS: dict[str, Callable[[Common, Namespace], Outcome]] = {
    "version": _version,
    "demo": _demo,
    "import": _import,
    "diagnose": _diagnose,
    "annotations convert": _convert_annotations,
    "annotations check": _check_annotations,
    "patches": _patches,
    "models list": _list_models,
    "models show": _show_model,
    **CASES,
    **CLEANING,
    **DATASETS,
    **SET_IMPORT,
    **STUDY,
    **EXCHANGE,
    **EXPERIMENT,
    **TRAINING,
}


# -- help for the commands -------------------------------------------------------------------------------------------


def _choose_language() -> None:
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "")
    wanted = os.environ.get(LANGUAGE) or locale.getlocale()[0] or ""
    set_language("zh" if wanted.startswith(("zh", "Chinese")) else "en")


# -- output ----------------------------------------------------------------------------------------------------------


def _print(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        _write(_json(outcome.document), "utf-8")
    elif isinstance(outcome.document, dict) and "error" in outcome.document:
        error = outcome.document["error"]
        sys.stderr.write(f"{error['what']}\n{error['remedy']}\n")
    else:
        _write("\n".join(_plain(outcome.document)) + "\n")


def _print_help(words: str, as_json: bool) -> None:
    if as_json:
        _write(_json({"help": words}), "utf-8")
    else:
        _write(words)


def _write(words: str, encoding: str | None = None) -> None:
    """In the console's encoding unless one is given; a file name that is no text is written as JSON escapes it."""
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None:
        sys.stdout.write(words)
    else:
        raw.write(words.encode(encoding or sys.stdout.encoding, "backslashreplace"))
    sys.stdout.flush()


def _json(document: Any) -> str:
    return json.dumps(_finite(document), ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """JSON has no NaN: a score that could not be computed is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def _plain(value: Any, indent: str = "") -> Iterator[str]:
    """The document for a person: one line a value, lists of records set apart by dashes."""
    items = value.items() if isinstance(value, dict) else (("-", v) for v in value) if isinstance(value, list) else ()
    for key, inner in items:
        name = key if key == "-" else f"{key}:"
        if isinstance(inner, dict) or (isinstance(inner, list) and any(isinstance(v, dict | list) for v in inner)):
            yield f"{indent}{name}"
            yield from _plain(inner, f"{indent}  ")
        else:
            yield f"{indent}{name} {_short(inner)}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_short(v) for v in value) or "-"
    return "-" if value is None else str(value)
