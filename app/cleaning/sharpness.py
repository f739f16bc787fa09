"""Out of focus, or moved: judged inside the lesion boxes at native scale, or over the whole photo where there are none.

A linear model over spectra (``spectrum.features``) says sharp, blurred or moved; ``benchmarks/sharpness_fit.py`` fitted
it. The largest cameras' finest detail is their own softness, not the lens's: above 2 megapixels a box is looked at in
steps of so many pixels as make its photo about 1,500 high (12 megapixels: 2).

A photo far too dark, burnt out or without contrast has lost its fine detail to that: both scores give way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.exposure import spoilt
from app.cleaning.findings import Finding, Found
from app.cleaning.spectrum import F32, SECTORS, TILE, features, moved_along, moved_length, spectrum, work_scale
from app.cleaning.subject import Subject
from app.common.geometry import Box
from app.common.places import RESOURCES

MODEL = RESOURCES / "cleaning" / "sharpness.json"
WHOLE_SIDE = 256
"""A whole photo's shorter side, at most, when it is judged: finer detail no model sees."""
CAMERA_SIDE = 1500
MOST_BOXES = 24
SPREAD = 3.0
"""Divides the log odds, so that scores do not crowd at 0 and 1."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores 0..1; ``angle``: degrees from the x axis towards y; ``length``: of the movement, in pixels judged."""

    blur: float
    moved: float
    angle: float
    length: float


@dataclass(frozen=True, eq=False, slots=True)
class Model:
    """Log odds, up to a constant, of sharp, blurred and moved: ``weights`` (3 x n) on features, and ``offsets``."""

    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]


def examine(subject: Subject) -> Found:
    if subject.boxes:
        return _in_boxes(subject)
    grey = work_scale(subject.grey, WHOLE_SIDE)
    judged = judge(spectrum(grey), decidable(subject))
    full = min(subject.width, subject.height) / min(grey.shape)  # pixels of the photo per pixel judged
    return Found(
        (
            Finding("blur", judged.blur, "check.blur.why", {}),
            Finding("motion_blur", judged.moved, "check.motion_blur.why", _movement(judged, full)),
        ),
        {"blur": round(judged.blur, 4), "motion_blur": round(judged.moved, 4)},
    )


def decidable(subject: Subject) -> float:
    """1 in ordinary light; from where the photo's light is a fault in itself, down to 0."""
    return min(1.0, 2 * (1 - spoilt(subject.levels)))


def judge(bands: F32, decidable: float = 1.0) -> Judged:
    """What ``spectrum`` gave, judged by the shipped model; the scores times ``decidable``."""
    fitted = model()
    sharp, blurred, moved = (fitted.weights @ features(bands) + fitted.offsets).tolist()
    along = moved_along(bands)
    return Judged(
        decidable * _score(blurred - np.logaddexp(sharp, moved)),
        decidable * _score(moved - np.logaddexp(sharp, blurred)),
        along * 180 / SECTORS,
        moved_length(bands, along),
    )


@cache
def model() -> Model:
    raw = json.loads(MODEL.read_text(encoding="utf-8"))
    return Model(np.array(raw["weights"]), np.array(raw["offsets"]))


def box_grey(full: NDArray[np.uint8], box: Box, step: int) -> F32:
    """The box of ``full`` (RGB), and as much around it as a tile needs, grey, reduced ``step`` times.

    A photo smaller than a tile comes enlarged by its mirror image.
    """
    height, width = full.shape[:2]
    left, right = _window(box.x0, box.x1, TILE * step, width)
    top, bottom = _window(box.y0, box.y1, TILE * step, height)
    grey = np.asarray(cv2.cvtColor(full[top:bottom, left:right], cv2.COLOR_RGB2GRAY), np.uint8)
    if step > 1:
        size = (max(1, grey.shape[1] // step), max(1, grey.shape[0] // step))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    return work_scale(grey, max(grey.shape))


def camera_step(width: int, height: int) -> int:
    return max(1, round(min(width, height) / CAMERA_SIDE))


def _in_boxes(subject: Subject) -> Found:
    step = camera_step(subject.width, subject.height)
    largest = sorted((b.box for b in subject.boxes), key=lambda b: -(b.x1 - b.x0) * (b.y1 - b.y0))[:MOST_BOXES]
    clear = decidable(subject)
    judged = {box: judge(spectrum(box_grey(subject.full, box, step)), clear) for box in largest}
    blurred = sorted(largest, key=lambda b: -judged[b].blur)
    moved = sorted(largest, key=lambda b: -judged[b].moved)
    worst = judged[blurred[0]].blur, judged[moved[0]].moved
    facts = {"n": sum(j.blur >= 0.5 for j in judged.values()), "of": len(largest)}
    return Found(
        (
            Finding("blur", worst[0], "check.blur.why_boxes", facts,
                    _worst(blurred, [judged[b].blur for b in blurred])),
            Finding("motion_blur", worst[1], "check.motion_blur.why", _movement(judged[moved[0]], step),
                    _worst(moved, [judged[b].moved for b in moved])),
        ),
        {"blur": round(worst[0], 4), "motion_blur": round(worst[1], 4)},
    )  # fmt: skip


def _worst(boxes: list[Box], scores: list[float]) -> tuple[Box, ...]:
    """The boxes that are about as bad as the first."""
    return tuple(b for b, score in zip(boxes, scores, strict=True) if score >= min(0.5, scores[0]))


def _movement(judged: Judged, scale: float) -> dict[str, int]:
    return {"angle": round(judged.angle), "length": max(1, round(judged.length * scale))}


def _window(low: float, high: float, least: int, whole: int) -> tuple[int, int]:
    """Whole pixels around low..high, at least ``least`` of them where the photo has so many."""
    start, end = int(low), int(np.ceil(high))
    if end - start < least:
        start = (start + end - least) // 2
        end = start + least
    shift = max(0, -start) - max(0, end - whole)
    return max(0, start + shift), min(whole, end + shift)


def _score(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds / SPREAD)))
