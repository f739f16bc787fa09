"""A test's pictures, in English as a paper wants them. matplotlib is imported inside functions only."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from app.evaluation.boxes import BoxFigures
from app.evaluation.cases import CaseFigures, in_per_cent
from app.evaluation.froc import RATES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE: dict[Any, Any] = {"font.family": "DejaVu Sans", "font.size": 9, "text.parse_math": False, "svg.fonttype": "none"}
BLUE = "#0072b2"
"""Okabe and Ito's: told from grey with any colour vision."""


def confusion(figures: CaseFigures) -> dict[str, bytes]:
    """Rows are the truth: per cent of the row, counts below."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    shares = in_per_cent(figures.confusion)
    side = 1.6 + 0.8 * len(figures.classes)
    with rc_context(STYLE):
        figure = Figure(figsize=(side + 0.6, side), layout="constrained")
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
        for row, values in enumerate(shares):
            for column, share in enumerate(values):
                words = f"{share:.0f} %\n{int(figures.confusion[row, column])}"
                colour = "white" if share > 55 else "black"
                axes.text(column, row, words, ha="center", va="center", color=colour, fontsize=8)
        names = [key.replace("_", " ") for key in figures.classes]
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("Answer")
        axes.set_ylabel("Truth")
        low, high = figures.intervals["balanced_accuracy"]
        value = figures.overall["balanced_accuracy"]
        axes.set_title(f"Balanced accuracy {value:.3f} [{low:.3f}, {high:.3f}], n = {figures.n}", fontsize=9)
        return _saved(figure, "confusion")


def reliability(figures: CaseFigures) -> dict[str, bytes]:
    """How often right against how sure, with Wilson's intervals; below, how many cases."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    bins = figures.bins
    with rc_context(STYLE):
        figure = Figure(figsize=(4.2, 4.8), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--")
        sure, right = [b.sure for b in bins], [b.right for b in bins]
        reach = [[max(b.right - b.interval[0], 0) for b in bins], [max(b.interval[1] - b.right, 0) for b in bins]]
        upper.errorbar(sure, right, yerr=reach, fmt="o", color=BLUE, capsize=2, markersize=4)
        upper.set_ylabel("Share right")
        upper.set_ylim(0, 1)
        upper.set_title(f"Expected calibration error {figures.overall['ece']:.3f}", fontsize=9)
        lower.bar([b.low for b in bins], [b.n for b in bins], [b.high - b.low for b in bins], align="edge", color=BLUE)
        lower.set_xlim(0, 1)
        lower.set_xlabel("Probability of the answer")
        lower.set_ylabel("Cases")
        return _saved(figure, "reliability")


def froc(figures: BoxFigures) -> dict[str, bytes]:
    """Share of lesions found against false alarms a photo, whatever the lesion is called."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    curve = figures.froc
    with rc_context(STYLE):
        figure = Figure(figsize=(4.8, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.step(curve.alarms, curve.sensitivity, where="post", color=BLUE)
        axes.plot(RATES, [curve.at(rate) for rate in RATES], "o", color=BLUE, markersize=4)
        axes.set_xscale("symlog", linthresh=RATES[0], base=2)
        axes.set_xlim(0, RATES[-1])
        axes.set_xticks(RATES, [f"{rate:g}" for rate in RATES])
        axes.minorticks_off()
        axes.set_ylim(0, 1)
        axes.set_xlabel("False alarms a photo")
        axes.set_ylabel("Lesions found")
        axes.set_title(f"Mean sensitivity {curve.mean:.3f}, {curve.lesions} lesions", fontsize=9)
        return _saved(figure, "froc")


def _saved(figure: Figure, name: str) -> dict[str, bytes]:
    made = {}
    for suffix in ("png", "pdf"):
        out = io.BytesIO()
        figure.savefig(out, format=suffix, dpi=200, metadata={"CreationDate": None} if suffix == "pdf" else None)
        made[f"{name}.{suffix}"] = out.getvalue()
    return made
