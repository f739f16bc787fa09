"""The command line's grammar, after the contract; nothing here does any work."""

from __future__ import annotations

import argparse
import getpass
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from app.annotation.formats.kinds import FORMATS
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.packs import DEFAULT_PACK
from app.common.words import text

_VALUED = ("--workspace", "--actor")
_MAY_BE_NEGATIVE = ("--box",)


@dataclass(frozen=True, slots=True)
class Common:
    """What is accepted anywhere on the line."""

    workspace: str | None
    actor: str
    json: bool


class HelpWanted(Exception):
    """``--help`` was asked for; the text is its argument."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError("wrong_call", reason=message, usage=" ".join(self.format_usage().split()))

    _mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Options may stand between the words of one subcommand: ``diagnose a.jpg --device cpu b.jpg``."""
        if self._mixing or self._subparsers is not None or "--" in (args or ()):
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False

    def print_help(self, file: object = None) -> None:
        raise HelpWanted(self.format_help())


def take_common(argv: Sequence[str]) -> tuple[Common, list[str]]:
    """The common options, wherever they stand before ``--``, and the rest of the line.

    Raises:
        UserError: ``wrong_call`` for one without its value; whether ``--json`` stands on the line is known before.
    """
    if "" in argv:  # mostly a shell's variable that is not set; as a path it would be the folder one stands in
        raise UserError("wrong_call", reason="an argument is empty", usage="squama --help")
    values: dict[str, str] = {}
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif name in _VALUED:
            values[name] = _next(iter([value] if value else ()), name) if equals else _next(words, name)
        elif name in _MAY_BE_NEGATIVE and not equals:
            rest.append(f"{name}={_next(words, name)}")
        elif word != "--json":
            rest.append(word)
    actor = values.get("--actor") or os.environ.get("SQUAMA_ACTOR") or _system_user()
    return Common(values.get("--workspace"), actor, wants_json(argv)), rest


def wants_json(argv: Sequence[str]) -> bool:
    line = list(argv)
    return "--json" in (line[: line.index("--")] if "--" in line else line)


def parser() -> argparse.ArgumentParser:
    root = _Parser(prog="squama", allow_abbrev=False, description=text("cli.about"), epilog=text("cli.common"))
    commands = root.add_subparsers(dest="command", required=True, metavar="SUBCOMMAND", parser_class=_Parser)
    _command(commands, "version", text("cli.version"))
    _demo(_command(commands, "demo", text("cli.demo")))
    _import(_command(commands, "import", text("cli.import")))
    _diagnose(_command(commands, "diagnose", text("cli.diagnose")))
    _annotations(_command(commands, "annotations", text("cli.annotations")))
    _patches(_command(commands, "patches", text("cli.patches")))
    _cases(_command(commands, "cases", text("cli.cases")))
    _patient(_command(commands, "patient", text("cli.patient")))
    _clean(_command(commands, "clean", text("cli.clean")))
    _dataset(_command(commands, "dataset", text("cli.dataset")))
    _train(_command(commands, "train", text("cli.train")))
    _runs(_command(commands, "runs", text("cli.runs")))
    _evaluate(_command(commands, "evaluate", text("cli.evaluate")))
    _experiment(_command(commands, "experiment", text("cli.experiment")))
    _models(_command(commands, "models", text("cli.models")))
    _study(_command(commands, "study", text("cli.study")))
    _backup(_command(commands, "backup", text("cli.backup")))
    _restore(_command(commands, "restore", text("cli.restore")))
    check = _command(commands, "check-workspace", text("cli.check_workspace"))
    check.add_argument("--repair", action="store_true")
    return root


_Commands = argparse._SubParsersAction  # argparse has no public name for what add_subparsers gives


def _command(commands: _Commands[_Parser], name: str, about: str) -> _Parser:
    return commands.add_parser(name, help=about, description=about, allow_abbrev=False)


def _inner(p: _Parser) -> _Commands[_Parser]:
    return p.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Parser)


def _demo(p: _Parser) -> None:
    p.add_argument("folder", metavar="DIR")
    p.add_argument("--photos", type=int, default=24)
    p.add_argument("--seed", type=seed, default=0)
    p.add_argument("--force", action="store_true")


def _import(p: _Parser) -> None:
    p.add_argument("paths", metavar="PATH", nargs="+")
    p.add_argument("--pack", default=DEFAULT_PACK)
    p.add_argument("--link", action="store_true")


def _diagnose(p: _Parser) -> None:
    p.add_argument("images", metavar="IMAGE", nargs="+")
    p.add_argument("--box", dest="boxes", action="append", type=box, default=[], metavar="x0,y0,x1,y1")
    p.add_argument("--min-score", type=share, default=0.5)
    p.add_argument("--overlay", metavar="DIR")
    p.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    p.add_argument("--detector", metavar="M")
    p.add_argument("--classifier", metavar="M")
    p.add_argument("--force", action="store_true")


def _annotations(p: _Parser) -> None:
    inner = _inner(p)
    convert = _command(inner, "convert", text("cli.annotations_convert"))
    convert.add_argument("source", metavar="IN")
    convert.add_argument("out", metavar="OUT")
    convert.add_argument("--from", dest="from_format", choices=FORMATS, required=True)
    convert.add_argument("--to", dest="to_format", choices=FORMATS, required=True)
    convert.add_argument("--images", metavar="DIR")
    convert.add_argument("--classes", metavar="FILE")
    convert.add_argument("--force", action="store_true")
    check = _command(inner, "check", text("cli.annotations_check"))
    check.add_argument("path", metavar="PATH")
    check.add_argument("--format", choices=FORMATS, required=True)
    check.add_argument("--fix", action="store_true")
    import_ = _command(inner, "import", text("cli.annotations_import"))
    import_.add_argument("path", metavar="PATH")
    import_.add_argument("--format", choices=FORMATS, required=True)
    _packs(import_)
    import_.add_argument("--on-unknown", choices=("refuse", "add"), default="refuse")
    import_.add_argument("--aliases", metavar="FILE.toml")
    export = _command(inner, "export", text("cli.annotations_export"))
    export.add_argument("out", metavar="OUT")
    export.add_argument("--format", choices=FORMATS, required=True)
    export.add_argument("--anonymous", action="store_true")
    export.add_argument("--force", action="store_true")


def _packs(p: _Parser) -> None:
    packs = p.add_mutually_exclusive_group()
    packs.add_argument("--pack", metavar="P")
    packs.add_argument("--new-pack", metavar="KEY")


def _patches(p: _Parser) -> None:
    p.add_argument("out", metavar="OUT")
    p.add_argument("--per-disease", type=int, required=True, metavar="N")
    p.add_argument("--margin", type=float, default=0.0, metavar="SHARE")
    p.add_argument("--seed", type=seed, default=0)
    p.add_argument("--min-size", type=float, default=1.0, metavar="PIXELS")
    p.add_argument("--padding", choices=("none", "square"), default="none")
    p.add_argument("--format", dest="encoding", choices=("png", "jpg"), default="png")
    p.add_argument("--force", action="store_true")


def _cases(p: _Parser) -> None:
    import_ = _command(_inner(p), "import", text("cli.cases_import"))
    import_.add_argument("table", metavar="TABLE")
    import_.add_argument("--mapping", metavar="FILE.toml")
    import_.add_argument("--dry-run", action="store_true")


def _patient(p: _Parser) -> None:
    erase = _command(_inner(p), "erase", text("cli.patient_erase"))
    erase.add_argument("code", metavar="CODE")


def _clean(p: _Parser) -> None:
    p.add_argument("path", metavar="PATH", nargs="?")
    p.add_argument("--checks", metavar="a,b")


def _dataset(p: _Parser) -> None:
    inner = _inner(p)
    freeze = _command(inner, "freeze", text("cli.dataset_freeze"))
    freeze.add_argument("name", metavar="NAME")
    freeze.add_argument("--split", type=numbers, metavar="70,10,20")
    freeze.add_argument("--folds", type=int, metavar="K")
    freeze.add_argument("--repeats", type=int, default=1, metavar="R")
    freeze.add_argument("--seed", type=seed, default=0)
    freeze.add_argument("--by-centre", action="store_true")
    voc = _command(inner, "import-voc", text("cli.dataset_import_voc"))
    voc.add_argument("folder", metavar="DIR")
    voc.add_argument("name", metavar="NAME")
    voc.add_argument("--splits", metavar="DIR")
    _packs(voc)
    folders = _command(inner, "import-folders", text("cli.dataset_import_folders"))
    folders.add_argument("folder", metavar="DIR")
    folders.add_argument("name", metavar="NAME")
    folders.add_argument("--groups", metavar="CSV")
    _packs(folders)
    table = _command(inner, "import-table", text("cli.dataset_import_table"))
    table.add_argument("table", metavar="CSV")
    table.add_argument("name", metavar="NAME")
    table.add_argument("--image", metavar="COL", required=True)
    table.add_argument("--label", metavar="COL", required=True)
    table.add_argument("--group", metavar="COL")
    table.add_argument("--images", metavar="DIR")
    _packs(table)
    show = _command(inner, "show", text("cli.dataset_show"))
    show.add_argument("dataset", metavar="D")
    diff = _command(inner, "diff", text("cli.dataset_diff"))
    diff.add_argument("a", metavar="A")
    diff.add_argument("b", metavar="B")
    export = _command(inner, "export", text("cli.dataset_export"))
    export.add_argument("dataset", metavar="D")
    export.add_argument("out", metavar="OUT")
    export.add_argument("--format", choices=(*FORMATS, "folders"), required=True)
    export.add_argument("--anonymous", action="store_true")
    export.add_argument("--original-names", action="store_true")
    export.add_argument("--force", action="store_true")
    sheet = _command(inner, "datasheet", text("cli.dataset_datasheet"))
    sheet.add_argument("dataset", metavar="D")
    sheet.add_argument("out", metavar="OUT")
    sheet.add_argument("--force", action="store_true")


def _train(p: _Parser) -> None:
    p.add_argument("plan", metavar="PLAN.toml", nargs="?")
    p.add_argument("--task", choices=("classify", "detect"))
    p.add_argument("--network", metavar="N")
    p.add_argument("--dataset", metavar="D")
    p.add_argument("--start", metavar="imagenet|scratch|FILE|MODEL")
    p.add_argument("--recipe", metavar="default|frozen|FILE")
    p.add_argument("--epochs", type=int)
    p.add_argument("--seed", type=seed)
    p.add_argument("--out", metavar="RUN")
    p.add_argument("--dry-run", action="store_true", help=text("cli.train_dry_run"))
    p.add_argument("--force", action="store_true")


def _runs(p: _Parser) -> None:
    inner = _inner(p)
    _command(inner, "list", text("cli.runs_list"))
    _command(inner, "show", text("cli.runs_show")).add_argument("run", metavar="RUN")
    _command(inner, "stop", text("cli.runs_stop")).add_argument("run", metavar="RUN")
    _command(inner, "resume", text("cli.runs_resume")).add_argument("run", metavar="RUN")


def _evaluate(p: _Parser) -> None:
    p.add_argument("model", metavar="MODEL")
    p.add_argument("--dataset", metavar="D", required=True)
    p.add_argument("--part", choices=("train", "val", "test", "all"), default="test")
    p.add_argument("--out", metavar="DIR")
    p.add_argument("--force", action="store_true")


def _experiment(p: _Parser) -> None:
    p.add_argument("kind", choices=("visual-features", "cnn", "fusion"))
    p.add_argument("--dataset", metavar="D", required=True)
    p.add_argument("--folds", type=int, default=3, metavar="K")
    p.add_argument("--repeats", type=int, default=10, metavar="R")
    p.add_argument("--networks", metavar="a,b")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--recipe", metavar="NAME|FILE")
    p.add_argument("--engine", choices=("local", "ray"), default="local")
    p.add_argument("--workers", type=int, metavar="N")
    p.add_argument("--out", metavar="DIR", required=True)
    p.add_argument("--force", action="store_true")


def _study(p: _Parser) -> None:
    analyse = _command(_inner(p), "analyse-table", text("cli.study_analyse_table"))
    analyse.add_argument("table", metavar="CSV")


def _models(p: _Parser) -> None:
    inner = _inner(p)
    _command(inner, "list", text("cli.models_list"))
    show = _command(inner, "show", text("cli.models_show"))
    show.add_argument("model", metavar="M")


def _backup(p: _Parser) -> None:
    p.add_argument("file", metavar="FILE")
    p.add_argument("--force", action="store_true")


def _restore(p: _Parser) -> None:
    p.add_argument("file", metavar="FILE")
    p.add_argument("folder", metavar="DIR")


def _next(words: object, name: str) -> str:
    value = next(words, None)  # type: ignore[call-overload]
    if not isinstance(value, str) or value.startswith("--"):
        raise UserError("wrong_call", reason=f"argument {name}: expected one argument", usage="squama --help")
    return value


# The four below are named as argparse's messages name them: "invalid box value: ...".


def numbers(word: str) -> tuple[float, ...]:
    values = tuple(float(part) for part in word.split(","))
    if not all(math.isfinite(v) for v in values):
        raise ValueError(word)
    return values


def box(word: str) -> Box:
    x0, y0, x1, y1 = numbers(word)
    return Box(x0, y0, x1, y1)


def share(word: str) -> float:
    value = float(word)
    if not 0 <= value <= 1:
        raise ValueError(word)
    return value


def seed(word: str) -> int:
    value = int(word)
    if not 0 <= value < 2**32:
        raise ValueError(word)
    return value


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without an entry in the system's table
        return "user"
