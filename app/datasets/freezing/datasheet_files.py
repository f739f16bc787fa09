"""A datasheet as files: Markdown and HTML to read, CSV to compute with, and a figure."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.common import tones
from app.common.case_words import centre_words, site_words
from app.common.cells import safe_cell
from app.common.files import write_atomically, write_error
from app.common.packs import Pack
from app.common.words import text
from app.datasets.freezing.datasheet import REST, SEVERAL, UNKNOWN, Count, Coverage, Datasheet
from app.datasets.freezing.splits import PARTS, Part

PART_NAMES: dict[Part, str] = {"train": "datasheet.train", "val": "datasheet.val", "test": "datasheet.test"}
FIELD_NAMES = {
    "tone": "datasheet.tone",
    "age": "datasheet.age",
    "sex": "case.sex",
    "site": "case.site",
    "centre": "case.centre",
}
_SEXES = {"female": "case.female", "male": "case.male"}
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{border-bottom:1px solid #ccc;padding:.2rem .8rem;"
    "text-align:right}td:first-child,th:first-child{text-align:left}img{max-width:100%}"
)

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a table (the first row is its heading, empty where it needs none) and notes below it."""

    title: str
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()


def write_datasheet(sheet: Datasheet, out: Path, pack: Pack, check_name: Callable[[str], str]) -> tuple[str, ...]:
    """Write ``datasheet.md``, ``.html``, ``.csv`` (in the present language), ``.png`` and ``.pdf``; their names.

    ``check_name``: a check's key in words.

    Raises:
        UserError: those of writing files.
    """
    from app.datasets.freezing.datasheet_figure import draw

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, out) from error
    parts = sections(sheet, pack, check_name)
    figures = draw(sheet, pack)
    files = {
        "datasheet.md": _markdown(sheet.dataset, parts).encode(),
        "datasheet.html": _html(sheet.dataset, parts).encode(),
        "datasheet.csv": _csv(sheet, parts),
        **{f"datasheet.{suffix}": data for suffix, data in figures.items()},
    }
    for name, data in files.items():
        write_atomically(out / name, data)
    return tuple(files)


def sections(sheet: Datasheet, pack: Pack, check_name: Callable[[str], str]) -> tuple[Section, ...]:
    """The datasheet in the present language, as the window and the files show it."""
    return (
        Section(text("datasheet.version"), tuple(_facts(sheet))),
        _counts(sheet, pack),
        _left_out(sheet, check_name),
        *(_coverage(coverage, pack) for coverage in sheet.coverage if coverage.groups),
        _checks(sheet, check_name),
        Section(text("datasheet.limits"), notes=tuple(_limits(sheet, pack))),
    )


def disease_name(key: str, pack: Pack) -> str:
    if key == SEVERAL:
        return text("datasheet.several")
    return next((str(d.name) for d in pack.labels if d.key == key), key)


def group_name(field: str, group: str) -> str:
    """A group of a coverage in words."""
    if group == UNKNOWN:
        return text("datasheet.unknown")
    if group == REST:
        return text("datasheet.rest")
    if field == "sex" and group in _SEXES:
        return text(_SEXES[group])
    if field == "tone":
        return tones.tone_name(group)
    return {"site": site_words, "centre": centre_words}.get(field, str)(group)


# -- sections --------------------------------------------------------------------------------------------------------


def _facts(sheet: Datasheet) -> Iterable[Row]:
    yield text("datasheet.dataset"), sheet.dataset
    yield text("datasheet.parent"), sheet.parent or "–"
    yield text("datasheet.author"), sheet.author or "–"
    yield text("datasheet.created"), f"{sheet.created:%Y-%m-%d %H:%M} UTC" if sheet.created else "–"
    yield text("datasheet.photos"), str(sheet.total.photos)
    yield text("datasheet.patients"), str(sheet.total.patients)
    yield text("datasheet.boxes"), str(sheet.total.boxes)
    yield text("datasheet.split"), text("datasheet.by_centre") if sheet.by_centre else text("datasheet.by_patient")
    if sheet.folds:
        yield text("datasheet.folds"), f"{sheet.repeats} × {sheet.folds}"
    yield text("datasheet.seed"), str(sheet.seed)
    yield text("datasheet.leakage"), str(sheet.leaks) if sheet.leaks else text("datasheet.none")
    yield text("datasheet.masked"), str(sheet.masked)
    if sheet.synthetic:
        yield text("datasheet.synthetic"), str(sheet.synthetic)


def _counts(sheet: Datasheet, pack: Pack) -> Section:
    heading = (text("datasheet.disease"), *(text(PART_NAMES[p]) for p in PARTS), text("datasheet.all"))
    rows = [
        (disease_name(r.disease, pack), *(_count(r.parts[p]) for p in PARTS), _count(r.all)) for r in sheet.diseases
    ]
    whole = (text("datasheet.all"), *(_count(sheet.parts[p]) for p in PARTS), _count(sheet.total))
    return Section(text("datasheet.counts"), (heading, *rows, whole), (text("datasheet.counts_note"),))


def _count(count: Count) -> str:
    return f"{count.photos} / {count.patients} / {count.boxes}"


def _left_out(sheet: Datasheet, check_name: Callable[[str], str]) -> Section:
    rows = [(check_name(check), str(n)) for check, n in sheet.cleaning.exclusions.items()]
    if sheet.cleaning.unlabelled:
        rows.append((text("datasheet.unlabelled"), str(sheet.cleaning.unlabelled)))
    if not rows:
        return Section(text("datasheet.left_out"), notes=(text("datasheet.nothing_left_out"),))
    return Section(text("datasheet.left_out"), ((text("datasheet.reason"), text("datasheet.photos")), *rows))


def _coverage(coverage: Coverage, pack: Pack) -> Section:
    names = [group_name(coverage.field, group) for group in coverage.groups]
    rows = [
        (disease_name(disease, pack), *(str(of[group]) for group in coverage.groups))
        for disease, of in coverage.photos.items()
    ]
    whole = (text("datasheet.all"), *(str(coverage.of_group(group)) for group in coverage.groups))
    title = text("datasheet.coverage", field=text(FIELD_NAMES[coverage.field]))
    notes = (tones.tone_limits(),) if coverage.field == "tone" and coverage.known else ()
    return Section(title, ((text("datasheet.disease"), *names), *rows, whole), notes)


def _checks(sheet: Datasheet, check_name: Callable[[str], str]) -> Section:
    rows = tuple((check_name(check), f"{limit:g}") for check, limit in sheet.cleaning.thresholds.items())
    if not rows:
        return Section(text("datasheet.checks"), notes=(text("datasheet.no_checks"),))
    parts = ", ".join(f"{part} {version}" for part, version in sheet.cleaning.checks.items())
    heading = (text("datasheet.check"), text("datasheet.threshold"))
    return Section(text("datasheet.checks"), (heading, *rows), (text("datasheet.parts", parts=parts),) if parts else ())


def _limits(sheet: Datasheet, pack: Pack) -> Iterable[str]:
    yield text("datasheet.limit_use")
    for disease, part in sheet.missing:
        yield text("datasheet.missing", disease=disease_name(disease, pack), part=text(PART_NAMES[part]))
    if sheet.without_patient:
        yield text("datasheet.limit_patient", n=sheet.without_patient)
    for coverage in sheet.coverage:
        unknown = sheet.total.photos - coverage.known
        if unknown:
            yield text("datasheet.limit_unknown", field=text(FIELD_NAMES[coverage.field]), n=unknown)
    if not sheet.cleaning.thresholds:
        yield text("datasheet.limit_checks")
    if sheet.synthetic:
        yield text("datasheet.limit_synthetic", n=sheet.synthetic)


# -- files -----------------------------------------------------------------------------------------------------------


def _markdown(dataset: str, parts: Sequence[Section]) -> str:
    lines = [f"# {_in_markdown(dataset)}", "", "![](datasheet.png)", ""]
    for part in parts:
        lines += [f"## {_in_markdown(part.title)}", ""]
        if part.rows:
            rows = part.rows if len(part.rows[0]) > 2 or part.rows is not parts[0].rows else (("", ""), *part.rows)
            head, *rest = [" | ".join(map(_in_markdown, row)) for row in rows]
            lines += [f"| {head} |", "|" + " --- |" * len(rows[0]), *(f"| {row} |" for row in rest), ""]
        lines += [f"- {_in_markdown(note)}" for note in part.notes]
        lines.append("")
    return "\n".join(lines)


def _in_markdown(words: str) -> str:
    return html.escape(" ".join(words.split()), quote=False).replace("|", "\\|")


def _html(dataset: str, parts: Sequence[Section]) -> str:
    body = [f"<h1>{html.escape(dataset)}</h1>", '<img src="datasheet.png" alt="">']
    for number, part in enumerate(parts):
        body.append(f"<h2>{html.escape(part.title)}</h2>")
        if part.rows:
            rows = [_html_row(row, "th" if n == 0 and number else "td") for n, row in enumerate(part.rows)]
            body.append(f"<table>{''.join(rows)}</table>")
        body += [f"<p>{html.escape(note)}</p>" for note in part.notes]
    head = f'<meta charset="utf-8"><title>{html.escape(dataset)}</title><style>{_STYLE}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{''.join(body)}</body></html>\n"


def _html_row(row: Row, tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in row)}</tr>"


def _csv(sheet: Datasheet, parts: Sequence[Section]) -> bytes:
    """One number a row, with the keys of the program rather than words, so that scripts read any language's file."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("table", "row", "column", "value"))
    table.writerows([safe_cell(cell) for cell in row] for row in _numbers(sheet))
    return out.getvalue().encode("utf-8-sig")


def _numbers(sheet: Datasheet) -> Iterable[tuple[str, str, str, object]]:
    for row in sheet.diseases:
        for part, count in [*row.parts.items(), ("all", row.all)]:
            for name in ("photos", "patients", "boxes"):
                yield f"{name}_by_part", row.disease, part, getattr(count, name)
    for check, n in sheet.cleaning.exclusions.items():
        yield "excluded", check, "photos", n
    for coverage in sheet.coverage:
        for disease, of in coverage.photos.items():
            for group, n in of.items():
                yield f"photos_by_{coverage.field}", disease, group, n
    for check, limit in sheet.cleaning.thresholds.items():
        yield "threshold", check, "score", limit
    for checking, version in sheet.cleaning.checks.items():
        yield "part_version", checking, "version", version
