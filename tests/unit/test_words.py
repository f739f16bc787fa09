"""Every sentence stands in both languages, every key in the code exists, and no string is left behind in the code."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.common.errors import UserError
from app.common.places import RESOURCES, ROOT
from app.common.words import LANGUAGES, catalogue, language, set_language, text

FILES = sorted((RESOURCES / "words").glob("*.toml"))
CHINESE = re.compile(r"[\u3400-\u9fff]")
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
# Keys whose last part is made in the code: the code of an error or a warning, which must stand there as a literal.
BY_CODE = re.compile(r"(error|warning)\.([a-z0-9_]+)(\.what|\.remedy|\.text)?")
# The names of the languages are written in themselves.
LANGUAGE_KEY = re.compile(r"(^|[._])languages?($|[._])")
LANGUAGE_NAMES = {"中文", "简体中文"}
SHOWN = frozenset(
    [
        "setText",
        "setToolTip",
        "setStatusTip",
        "setWindowTitle",
        "setPlaceholderText",
        "setTitle",
        "setLabelText",
        "setInformativeText",
        "setWhatsThis",
        "setAccessibleName",
        "setAccessibleDescription",
        "addAction",
        "addTab",
        "addMenu",
        "QLabel",
        "QPushButton",
        "QAction",
        "QCheckBox",
        "QGroupBox",
        "QRadioButton",
        "QToolButton",
    ]
)


def entries(table: dict[str, object], prefix: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Every table that holds something else than tables, by its dotted path."""
    if any(not isinstance(value, dict) for value in table.values()):
        yield prefix, table
    for name, inner in table.items():
        if isinstance(inner, dict):
            yield from entries(inner, f"{prefix}.{name}" if prefix else name)


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def has_words(sentence: str) -> bool:
    return re.search(r"[A-Za-z]{2,}", re.sub(r"\{.*?\}", "", sentence)) is not None


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_both_languages_say_the_same(file: Path) -> None:
    wrong: dict[str, str] = {}
    for key, entry in entries(tomllib.loads(file.read_text(encoding="utf-8"))):
        if set(entry) != set(LANGUAGES) or not all(isinstance(v, str) and v.strip() for v in entry.values()):
            wrong[key] = "needs exactly en and zh, both filled"
            continue
        en, zh = str(entry["en"]), str(entry["zh"])
        if placeholders(en) != placeholders(zh) or "" in placeholders(en):
            wrong[key] = "the placeholders differ, or have no names"
        elif CHINESE.search(en) and not LANGUAGE_KEY.search(key):
            wrong[key] = "Chinese in the English text"
        elif has_words(en) and en != zh and not CHINESE.search(zh) and not LANGUAGE_KEY.search(key):
            wrong[key] = "no Chinese in the Chinese text"
    assert wrong == {}


# Where the number before the word is never one.
NEVER_ONE = {"answer.accept_all", "case.ill_years", "error.photo_ambiguous.what"}


def test_no_number_in_english_can_be_wrong() -> None:
    """``1 boxes``: the number comes behind the word instead (``Boxes: 1``)."""
    counted = (
        r"\} (boxes|photos|files|patches|labels|images|entries|lesions|problems|patients|months|years|suggestions)\b"
    )
    wrong = {
        key
        for file in FILES
        if not file.name.startswith("errors_")
        for key, entry in entries(tomllib.loads(file.read_text(encoding="utf-8")))
        if re.search(counted, str(entry["en"])) and key not in NEVER_ONE
    }
    assert wrong == set()


def test_no_key_stands_twice() -> None:
    seen: dict[str, str] = {}
    twice = []
    for file in FILES:
        for key, _ in entries(tomllib.loads(file.read_text(encoding="utf-8"))):
            if key in seen:
                twice.append(f"{key}: {seen[key]} and {file.name}")
            seen[key] = file.name
    assert twice == []
    assert set(seen) == set(catalogue())


def test_errors_say_what_and_what_to_do() -> None:
    codes = {key.split(".")[1] for key in catalogue() if key.startswith("error.")}
    assert [c for c in sorted(codes) if not {f"error.{c}.what", f"error.{c}.remedy"} <= set(catalogue())] == []


@cache
def sources() -> dict[str, ast.Module]:
    files = [ROOT / "main.py", *sorted((ROOT / "app").rglob("*.py")), *sorted((ROOT / "db").rglob("*.py"))]
    return {f.relative_to(ROOT).as_posix(): ast.parse(f.read_text(encoding="utf-8")) for f in files}


@cache
def nodes() -> tuple[tuple[str, ast.AST], ...]:
    return tuple((name, node) for name, tree in sources().items() for node in ast.walk(tree))


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """File, function or method name, call."""
    for file, node in nodes():
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            yield file, name, node


def literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@cache
def literals() -> frozenset[str]:
    """Every string in the code that is not a docstring; the parts of an f-string too."""
    return frozenset(n.value for _, n in nodes() if isinstance(n, ast.Constant) and isinstance(n.value, str))


def test_every_key_in_the_code_is_in_the_catalogue() -> None:
    missing = []
    for file, name, call in calls():
        key = literal(call.args[0]) if call.args else None
        if key is None:
            continue
        if name == "text" and key not in catalogue():
            missing.append(f"{file}:{call.lineno} text {key}")
        if name == "UserError" and f"error.{key}.what" not in catalogue():
            missing.append(f"{file}:{call.lineno} error {key}")
    assert missing == []


def test_what_looks_like_a_key_of_the_window_is_one() -> None:
    pages = {key.split(".")[0] for key in catalogue()} - {"error", "warning"}
    views = [(f, n) for f, n in nodes() if f.startswith("app/views/") and isinstance(n, ast.Constant)]
    suspects = {
        f"{file}:{node.lineno} {node.value}"
        for file, node in views
        if isinstance(node.value, str)
        and KEY.fullmatch(node.value)
        and node.value.split(".")[0] in pages
        and node.value not in catalogue()
        and not any(key.startswith(f"{node.value}.") for key in catalogue())
        and Path(node.value).suffix not in (".py", ".toml", ".png", ".jpg", ".svg", ".json", ".xml")
    }
    assert suspects == set()


def test_every_key_in_the_catalogue_is_used() -> None:
    unused = []
    for key in catalogue():
        code = BY_CODE.fullmatch(key)
        if key not in literals() and not (code and code.group(2) in literals()):
            unused.append(key)
    assert unused == []


def test_every_placeholder_is_filled_where_the_code_names_the_key() -> None:
    wrong = []
    for file, name, call in calls():
        key = literal(call.args[0]) if call.args else None
        if key is None or name not in ("text", "UserError") or any(k.arg is None for k in call.keywords):
            continue
        keys = (key,) if name == "text" else (f"error.{key}.what", f"error.{key}.remedy")
        needed = set().union(*(placeholders(catalogue()[k]["en"]) for k in keys if k in catalogue()))
        given = {str(k.arg) for k in call.keywords}
        if needed - given:
            wrong.append(f"{file}:{call.lineno} {key} lacks {sorted(needed - given)}")
    assert wrong == []


def test_no_string_is_left_behind_in_the_window() -> None:
    """Words that a widget is given must come from the catalogue."""
    left = []
    for file, name, call in calls():
        if file.startswith("app/views/") and name in SHOWN:
            for argument in call.args:
                word = literal(argument)
                if word and re.search(r"[A-Za-z]{2,}", word) and word not in catalogue():
                    left.append(f"{file}:{call.lineno} {name}({word!r})")
    assert left == []


def test_no_chinese_stands_in_the_code() -> None:
    """The phantoms' invented patients are data, not words of the window."""
    docstrings = {
        id(tree.body[0].value)
        for _, tree in nodes()
        if isinstance(tree, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and tree.body
        and isinstance(tree.body[0], ast.Expr)
    }
    left = [
        f"{file}:{node.lineno} {node.value!r}"
        for file, node in nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHINESE.search(node.value)
        if node.value not in LANGUAGE_NAMES
        and id(node) not in docstrings
        and not file.startswith("app/common/phantoms/")
    ]
    assert left == []


def test_a_text_follows_the_language() -> None:
    error = UserError("file_empty", file="a.jpg")
    assert "a.jpg is empty" in str(error)
    set_language("zh")
    assert "a.jpg 是空" in str(error)
    assert language() == "zh"
    assert error.as_json() == {"code": "file_empty", "what": error.what, "remedy": error.remedy}


def test_there_is_no_third_language() -> None:
    with pytest.raises(ValueError, match="fr"):
        set_language("fr")  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        text("no.such.key")
