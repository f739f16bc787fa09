"""The datasheet's figure: photos per disease and part, and whom they show. In English, as a paper wants it.

matplotlib is imported here only inside functions; the window never calls this.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from app.common import tones
from app.common.packs import Pack
from app.common.words import catalogue
from app.datasets.freezing.datasheet import REST, SEVERAL, UNKNOWN, Coverage, Datasheet
from app.datasets.freezing.splits import PARTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PARTS = {"train": "#333333", "val": "#8c8c8c", "test": "#cccccc"}
_DISEASES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
"""After Okabe and Ito: told apart with any colour vision."""
_TITLES = {"tone": "Skin tone (ITA)", "age": "Age (years)", "sex": "Sex", "site": "Body site", "centre": "Centre"}
_LONGEST = 28
_FEWEST = 4


def draw(sheet: Datasheet, pack: Pack) -> dict[str, bytes]:
    """``png`` and ``pdf``."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"font.family": "DejaVu Sans", "font.size": 9, "text.parse_math": False}):
        figure = Figure(figsize=(11, 7), layout="constrained")
        axes = figure.subplots(2, 3).ravel()
        _counts(axes[0], sheet, pack)
        for place, coverage in zip(axes[1:], sheet.coverage, strict=True):
            _coverage(place, coverage, pack)
        for letter, place in zip("abcdef", axes, strict=True):
            place.spines[["top", "right"]].set_visible(False)
            place.set_title(f"{letter}  {place.get_title(loc='left')}", loc="left")
            place.xaxis.get_major_locator().set_params(integer=True, nbins=6)
        handles, labels = next((a.get_legend_handles_labels() for a in axes[1:] if a.patches), ([], []))
        if handles:
            figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, title="b–f: disease")
        figure.suptitle(_plain(sheet.dataset))
        made = {}
        for suffix in ("png", "pdf"):
            out = io.BytesIO()
            figure.savefig(out, format=suffix, dpi=200)
            made[suffix] = out.getvalue()
    return made


def _counts(axes: Axes, sheet: Datasheet, pack: Pack) -> None:
    rows = [row for row in sheet.diseases if row.all.photos][::-1]
    left = [0] * len(rows)
    places = list(range(len(rows)))
    for part in PARTS:
        widths = [row.parts[part].photos for row in rows]
        axes.barh(places, widths, left=left, color=_PARTS[part], label=part)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_yticks(places, [_disease(row.disease, pack) for row in rows])
    axes.set_title("Photos per disease and part", loc="left")
    axes.set_ylim(-1.2, max(len(rows), _FEWEST) - 0.4)
    axes.legend(frameon=False, ncols=3, loc="lower right", columnspacing=1, handlelength=1)


def _coverage(axes: Axes, coverage: Coverage, pack: Pack) -> None:
    groups = coverage.groups[::-1]
    places, left = list(range(len(groups))), [0] * len(groups)
    for number, (disease, of) in enumerate(coverage.photos.items()):
        widths = [of[group] for group in groups]
        axes.barh(places, widths, left=left, color=_DISEASES[number % len(_DISEASES)], label=_disease(disease, pack))
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_yticks(places, [_group(coverage.field, group) for group in groups])
    axes.set_ylim(min(0, len(groups) - _FEWEST) - 0.6, len(groups) - 0.4)  # a single bar fills no panel
    axes.set_title(f"Photos: {_TITLES[coverage.field]}", loc="left")


def _disease(key: str, pack: Pack) -> str:
    if key == SEVERAL:
        return "several, or not said"
    return _plain(next((d.name.en for d in pack.labels if d.key == key), key))


def _group(field: str, group: str) -> str:
    if group in (UNKNOWN, REST):
        return "not known" if group == UNKNOWN else "others"
    return _plain(catalogue()[tones.NAMES[group]]["en"] if field == "tone" else group)


def _plain(words: str) -> str:
    """What the figure's font can show."""
    return "".join(c if ord(c) < 0x2000 and c.isprintable() else "?" for c in words[:_LONGEST])
