"""From a seed to photos: plan, choose the renderer, draw, take the true boxes from the mask."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from .a_render import render_a
from .b_render import render_b
from .nuisances import watermark
from .patients import make_patient
from .plan import Camera, PlannedLesion, make_body, make_camera, plan_lesions
from .types import DISTANCES, U8, Distance, Nuisances, PhantomLesion, PhantomPhoto, Renderer, stream

WORK_SIDE = 1600  # larger photos are drawn at this size and enlarged: skin holds nothing finer in a phantom
MIN_SIDE = 12.0  # px at 800 x 600: smaller lesions are not drawn, a doctor would not box them


def _seen(lesion: PlannedLesion, camera: Camera, least: float) -> bool:
    """Whether enough of the lesion lies inside the photo, and large enough, to be boxed."""
    px, py = camera.to_pixels(*lesion.centre)
    rx = ry = math.sqrt(lesion.semi[0] * lesion.semi[1]) * camera.per_cm
    if 2 * min(lesion.semi) * camera.per_cm < least:
        return False
    w, h = camera.size
    inside = max(0.0, min(w, px + rx) - max(0.0, px - rx)) * max(0.0, min(h, py + ry) - max(0.0, py - ry))
    return inside > 0.33 * min(4 * rx * ry, 0.5 * w * h)


def boxes(mask: U8, names: tuple[str, ...], disease: str, least: float) -> tuple[U8, tuple[PhantomLesion, ...]]:
    """Tight boxes of the labels 1..n; labels too small or hidden are erased and the rest renumbered."""
    out = np.zeros_like(mask)
    found: list[PhantomLesion] = []
    for k, name in enumerate(names, 1):
        x, y, w, h = cv2.boundingRect((mask == k).astype(np.uint8))
        if min(w, h) < least:
            continue
        found.append(PhantomLesion((float(x), float(y), float(x + w), float(y + h)), disease, name))
        out[mask == k] = len(found)
    return out, tuple(found)


def render(
    patient_seed: int,
    index: int,
    renderer: Renderer,
    distance: Distance,
    size: tuple[int, int] = (800, 600),
    nuisances: Nuisances | None = None,
) -> PhantomPhoto:
    """One photo of patient `index`; size is (width, height) in pixels; nuisances None means a mild mixture."""
    patient = make_patient(patient_seed, index, renderer)
    which = ord(renderer)
    shrink = min(1.0, WORK_SIDE / max(size))
    work = (max(16, round(size[0] * shrink)), max(16, round(size[1] * shrink)))
    rng = stream(patient_seed, index, which, 2)
    body = make_body(patient.site, rng)
    lesions = plan_lesions(patient, body, rng)
    shot = stream(patient_seed, index, which, 3, DISTANCES.index(distance))
    camera = make_camera(lesions, distance, work, shot)
    chosen = Nuisances.mild(shot) if nuisances is None else nuisances
    seed = int(shot.integers(2**31))
    least = MIN_SIDE * min(work) / 600
    drawn = tuple(p for k, p in enumerate(lesions) if k == 0 or _seen(p, camera, least))
    draw = render_a if renderer == "A" else render_b
    pixels, mask = draw(drawn, patient.disease, patient.skin_type, patient.site, body, camera, chosen, seed)
    if shrink < 1.0:
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    pixels, hidden = watermark(pixels, chosen, stream(seed, 40))
    mask = np.asarray(mask * (1 - hidden), np.uint8)
    mask, found = boxes(mask, tuple(p.name for p in drawn), patient.disease, least / shrink / 2)
    return PhantomPhoto(pixels, mask, found, patient, distance, renderer, chosen, f"{renderer}-{index:06d}-{distance}")


def photos(
    renderer: Renderer,
    patients: int,
    seed: int,
    size: tuple[int, int] = (800, 600),
    nuisances: Nuisances | None = None,
    distances: tuple[Distance, ...] = ("far", "mid", "near"),
) -> Iterator[PhantomPhoto]:
    """All photos of a collection, patient by patient."""
    for index in range(patients):
        for distance in distances:
            yield render(seed, index, renderer, distance, size, nuisances)
