"""An experiment's figures: bars with intervals, and the best row's confusion. In English, as a paper wants them.

matplotlib is imported here only inside functions; the window never calls this.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.common.files import write_atomically
from app.training.experiments.figures import Figures
from app.training.experiments.rows import Kind, published

_TITLES = {
    "balanced_accuracy": "Balanced accuracy, % (95 % interval over patients)",
    "map50_voc": "mAP@0.5, % (95 % interval over patients)",
}
_OWN, _SOURCE = "#0072b2", "#e69f00"


def draw(
    kind: Kind, classes: Sequence[str], lines: Sequence[tuple[str, Figures]], quick: bool, out: Path
) -> tuple[Path, ...]:
    """Write ``figure.png``, ``figure.pdf`` and, for classifiers, ``confusion.png`` and ``.pdf``; their paths."""
    if not lines:
        return ()
    from matplotlib import rc_context

    metric = "map50_voc" if kind == "fusion" else "balanced_accuracy"
    note = " (quick look: says nothing)" if quick else ""
    with rc_context({"font.family": "DejaVu Sans", "font.size": 9, "text.parse_math": False}):
        made = _saved(_bars(kind, metric, lines, note), out / "figure")
        name, best = max(lines, key=lambda line: line[1].values[metric])
        if best.confusion is not None:
            made += _saved(_confusion(name + note, best, classes), out / "confusion")
    return made


def _bars(kind: Kind, metric: str, lines: Sequence[tuple[str, Figures]], note: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1.4 + 0.42 * len(lines)), layout="constrained")
    axes = figure.subplots()
    shown, places = lines[::-1], list(range(len(lines)))
    values = [100 * f.values[metric] for _, f in shown]
    ends = [f.intervals[metric] for _, f in shown]
    below = [max(v - 100 * low, 0.0) for v, (low, _) in zip(values, ends, strict=True)]
    above = [max(100 * high - v, 0.0) for v, (_, high) in zip(values, ends, strict=True)]
    axes.barh(places, values, xerr=[below, above], color=_OWN, height=0.6, capsize=3, label="here")
    of_source = published()[kind]
    marks = [(p, of_source[name]) for p, (name, _) in zip(places, shown, strict=True) if name in of_source]
    if marks:
        label = "published in the source: mAP" if kind == "fusion" else "published in the source: accuracy"
        axes.scatter(
            [m.value for _, m in marks], [p for p, _ in marks], marker="D", color=_SOURCE, label=label, zorder=3
        )
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    axes.set_yticks(places, [name for name, _ in shown])
    axes.set_xlim(0, 100)
    axes.set_xlabel(_TITLES[metric] + note)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _confusion(name: str, figures: Figures, classes: Sequence[str]) -> Any:
    """Counts of a repeat and, in colour, per cent of the row."""
    import numpy as np
    from matplotlib.figure import Figure

    assert figures.confusion is not None  # asked for by draw
    kept = [k for k in range(len(classes)) if figures.confusion[k].sum() or figures.confusion[:, k].sum()]
    counts = figures.confusion[np.ix_(kept, kept)]
    shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1e-9)
    figure = Figure(figsize=(1.6 + 0.85 * len(kept), 1.8 + 0.7 * len(kept)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for row in range(len(kept)):
        for column in range(len(kept)):
            dark = shares[row, column] > 55
            words = f"{shares[row, column]:.0f} %\n{counts[row, column]:.4g}"
            axes.text(column, row, words, ha="center", va="center", color="white" if dark else "black", fontsize=8)
    labels = [classes[k] for k in kept]
    axes.set_xticks(range(len(kept)), labels, rotation=35, ha="right")
    axes.set_yticks(range(len(kept)), labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.set_title(name, fontsize=9)
    return figure


def _saved(figure: Any, stem: Path) -> tuple[Path, ...]:
    made = []
    for suffix in ("png", "pdf"):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix, dpi=150)
        file = stem.with_suffix(f".{suffix}")
        write_atomically(file, buffer.getvalue())
        made.append(file)
    return tuple(made)
