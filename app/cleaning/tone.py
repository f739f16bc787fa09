"""Skin tone of a photo: ITA of its healthy skin, for the coverage of a data set. Finds no fault with any photo.

Healthy skin: pixels of a skin's hue outside the lesion boxes, without highlights, shadows and, where nobody drew a box,
the reddest. Kinyanjui et al. (2020) and Groh et al. (2021) measure photos so; see :mod:`app.common.tones` for limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.cleaning.findings import Found
from app.cleaning.subject import Subject
from app.common.tones import tone_group, typology_angle

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 128
"""Shorter side in pixels at which colours are measured; lone hairs and scales drown in the mean."""
MARGIN = 0.15
"""Share of a box's side that is left out around it: lesions have a red border."""
HUE = (10.0, 95.0)
"""Degrees in the a*b* plane between which skin lies, from flushed to sallow."""
CHROMA = (4.0, 55.0)
LEAST = 0.05
"""Share of the photo that has to be healthy skin."""
KEPT = (50, 95)
"""Percentiles of lightness between which skin is well lit but does not shine."""
REDDEST = 60


def examine(subject: Subject) -> Found:
    """``measured``: ``ita`` (degrees), ``group``, ``skin`` (share of the photo); without enough skin only ``skin``."""
    lab = _lab(subject.small)
    shrink = lab.shape[1] / subject.width
    skin = _skin(lab)
    for labelled in subject.boxes:
        box = labelled.box.with_margin(MARGIN).scaled(shrink).clipped(lab.shape[1], lab.shape[0])
        skin[int(box.y0) : int(np.ceil(box.y1)), int(box.x0) : int(np.ceil(box.x1))] = False
    share = float(skin.mean())
    if share < LEAST:
        return Found(measured={"skin": round(share, 3)})
    ita = _angle(lab[skin], boxed=bool(subject.boxes))
    return Found(measured={"ita": round(ita, 1), "group": tone_group(ita), "skin": round(share, 3)})


def _lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIELAB (h, w, 3): L* 0..100, a*, b*."""
    factor = SIDE / min(pixels.shape[:2])
    if factor < 1:
        size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _skin(lab: NDArray[np.float32]) -> NDArray[np.bool_]:
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    light = lab[..., 0]
    right = (hue > HUE[0]) & (hue < HUE[1]) & (chroma > CHROMA[0]) & (chroma < CHROMA[1])
    return np.asarray(right & (light > 8) & (light < 97), np.bool_)


def _angle(skin: NDArray[np.float32], boxed: bool) -> float:
    """ITA of skin pixels (N, 3): of the medians of L* and b* of those that are kept."""
    if not boxed:
        skin = skin[skin[:, 1] <= np.percentile(skin[:, 1], REDDEST)]
    low, high = np.percentile(skin[:, 0], KEPT)
    kept = skin[(skin[:, 0] >= low) & (skin[:, 0] <= high)]
    return typology_angle(float(np.median(kept[:, 0])), float(np.median(kept[:, 2])))
