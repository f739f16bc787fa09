"""How a JSON file writes things, and changes made in its own manner: see :mod:`app.annotation.formats.json_text`."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.annotation.formats.json_text import Span, Splice, after_space, elements, members


@dataclass(frozen=True, slots=True)
class Style:
    """``unit``: one step of indentation, "" for a file on one line."""

    unit: str
    newline: str
    comma: str
    colon: str
    escapes: bool


def style_of(body: str, escapes: bool) -> Style:
    """``escapes``: what to assume of a file without a single foreign letter."""
    newline = "\r\n" if "\r\n" in body else "\n"
    first = re.match(r"\s*[\[{](?:\r?\n([ \t]*))?", body)
    unit = (first.group(1) or "") if first else ""
    if not unit and (inner := re.search(r"\n([ \t]+)\S", body)):
        unit = inner.group(1)
    colon = re.search(r'"[ ]?:[ ]?', body)
    comma = re.search(r'[0-9"\]}](,[ ]?)[^\s]', body)
    if not body.isascii():
        escapes = False
    elif "\\u" in body:
        escapes = True
    return Style(unit, newline, comma.group(1) if comma else ", ", colon.group()[1:] if colon else ": ", escapes)


def indent_at(body: str, at: int) -> str:
    """The white space with which the line of ``at`` begins."""
    start = body.rfind("\n", 0, at) + 1
    return body[start : after_space(body, start)] if "\n" not in body[start : after_space(body, start)] else ""


def rendered(value: Any, style: Style, indent: str, inline: bool) -> str:
    """A new value; ``indent`` is that of the line on which it starts."""
    if inline or not style.unit:
        return json.dumps(value, ensure_ascii=style.escapes, separators=(style.comma, style.colon))
    laid_out = json.dumps(value, ensure_ascii=style.escapes, indent=style.unit, separators=(",", style.colon))
    return laid_out.replace("\n", style.newline + indent)


# -- changes ---------------------------------------------------------------------------------------------------------


def with_member(body: str, span: Span, name: str, value: Any, style: Style) -> Splice:
    """A member set, or put behind the last one."""
    found = members(body, span)
    for one in reversed(found):
        if one.name == name:
            inline = "\n" not in body[slice(*one.value)]
            return *one.value, rendered(value, style, indent_at(body, one.key.start), inline)
    new = rendered(value, style, "", inline=True)
    if not found:
        return *span, f'{{"{name}"{style.colon}{new}}}'
    last = found[-1]
    gap = _gap(body, [m.key.start for m in found], [m.value.end for m in found], span, style)
    return last.value.end, last.value.end, f'{gap}"{name}"{style.colon}{new}'


def _gap(body: str, starts: Sequence[int], ends: Sequence[int], span: Span, style: Style) -> str:
    """What stands between one part and the next, the comma included."""
    if len(starts) > 1:
        return body[ends[-2] : starts[-1]]
    lead = body[span.start + 1 : starts[0]]
    return "," + lead if "\n" in lead else style.comma


def with_elements(body: str, span: Span, gone: Collection[int], new: Sequence[str], style: Style) -> list[Splice]:
    """An array without the elements at the places ``gone``, and with new ones at its end."""
    found = elements(body, span)
    if not found:
        return [(*span, _array(body, span, new, style))] if new else []
    kept = [n for n in range(len(found)) if n not in gone]
    gap = _gap(body, [e.start for e in found], [e.end for e in found], span, style)
    if not kept:
        inside = gap.join(new)
        if not inside:
            return [(span.start + 1, span.end - 1, "")]
        return [(found[0].start, found[-1].end, inside)]
    splices: list[Splice] = []
    for n in sorted(gone):
        if n < kept[0]:
            splices.append((found[n].start, found[n + 1].start, ""))
        else:
            splices.append((found[n - 1].end, found[n].end, ""))
    end = found[-1].end
    if new:
        splices.append((end, end, "".join(gap + one for one in new)))
    return splices


def _array(body: str, span: Span, new: Sequence[str], style: Style) -> str:
    if not style.unit:
        return f"[{style.comma.join(new)}]"
    indent = indent_at(body, span.start)
    line = style.newline + indent + style.unit
    return f"[{line}{f',{line}'.join(new)}{style.newline}{indent}]"


def object_like(body: str, span: Span, values: Mapping[str, Any], style: Style) -> str:
    """A new object in the order and layout of the one at ``span``: its members that ``values`` has, then the rest."""
    found = {m.name: m for m in members(body, span) if m.name in values}
    ordered = list(found.values())
    if not ordered:
        return rendered(dict(values), style, indent_at(body, span.start), "\n" not in body[slice(*span)])
    every = members(body, span)
    lead = body[span.start + 1 : every[0].key.start]
    gap = _gap(body, [m.key.start for m in every], [m.value.end for m in every], span, style)
    colon = body[every[0].key.end : every[0].value.start]
    indent = indent_at(body, every[0].key.start) if "\n" in lead else indent_at(body, span.start)
    parts = []
    for name in (*found, *(v for v in values if v not in found)):
        inline = "\n" not in body[slice(*found[name].value)] if name in found else "\n" not in lead
        if name in found and values[name] and body[slice(*found[name].value)] in ("[]", "{}"):
            inline = "\n" not in lead
        parts.append(f'"{name}"{colon}{rendered(values[name], style, indent, inline)}')
    return "{" + lead + gap.join(parts) + body[every[-1].value.end : span.end]


# -- numbers ---------------------------------------------------------------------------------------------------------


def tidy(value: float, whole: bool) -> float:
    """A coordinate as a file has it: see :func:`app.annotation.formats.splices.number`."""
    return round(value) if whole else round(float(value), 6)


def in_place_of(old: float, new: float) -> float:
    """``new`` written as ``old`` was: a whole number without a point stays one where it can."""
    return int(new) if isinstance(old, int) and new == int(new) else float(new)
