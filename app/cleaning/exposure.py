"""Light and size of a photo, from its quarter-scale pixels."""

from __future__ import annotations

import numpy as np

from app.cleaning.findings import Finding, Found
from app.cleaning.subject import Subject

ODD = 0.35
"""Shorter by longer side at which a score is 0.5."""


def examine(subject: Subject) -> Found:
    light = subject.small.mean(axis=2)
    dark = 1.0 - float(np.percentile(light, 99)) / 255
    aspect = min(subject.width, subject.height) / max(subject.width, subject.height)
    return Found(
        (
            Finding("dark", dark, "check.dark.why", {"light": round(100 * (1 - dark))}),
            Finding("odd_aspect", min(1.0, ODD / aspect / 2), "check.odd_aspect.why", {"ratio": round(1 / aspect, 1)}),
        ),
        {"light": float(light.mean())},
    )
