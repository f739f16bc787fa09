"""A window of pixels with its own frame in cm: geometry that both renderers use."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .plan import Camera, PlannedLesion
from .types import U8, F

VISIBLE = 0.3  # share of a lesion's full strength from which its soft border counts as the lesion


@dataclass(frozen=True)
class Grid:
    """Pixels x0..x0+w, y0..y0+h of the photo; local = (R(-turn) * (pixel - origin)) / per_cm, in cm within `reach`."""

    x0: int
    y0: int
    w: int
    h: int
    origin: tuple[float, float]
    turn: float
    per_cm: float
    reach: float

    def matrix(self, scale: float = 1.0, step: float = 1.0) -> F:
        """2 x 3 affine from (window pixel / step) to local cm * scale."""
        k = scale / self.per_cm
        c, s = math.cos(self.turn) * k, math.sin(self.turn) * k
        # Centre of a block of `step` pixels, in the frame where pixel centres have whole numbers plus a half.
        ox, oy = self.x0 + 0.5 * step - self.origin[0], self.y0 + 0.5 * step - self.origin[1]
        return np.array([[c * step, s * step, c * ox + s * oy], [-s * step, c * step, c * oy - s * ox]], np.float32)

    def local(self, step: int = 1) -> tuple[F, F]:
        """Local coordinates in cm, two arrays (ceil(h/step), ceil(w/step))."""
        m = self.matrix(1.0, step)
        px = np.arange(-(-self.w // step), dtype=np.float32)[None, :]
        py = np.arange(-(-self.h // step), dtype=np.float32)[:, None]
        return m[0, 0] * px + m[0, 1] * py + m[0, 2], m[1, 0] * px + m[1, 1] * py + m[1, 2]

    def points(self, xy: F) -> F:
        """Local points (n, 2) in cm to window pixels (n, 2)."""
        c, s = math.cos(self.turn), math.sin(self.turn)
        x, y = xy[:, 0] * self.per_cm, xy[:, 1] * self.per_cm
        return np.stack([c * x - s * y + self.origin[0] - self.x0, s * x + c * y + self.origin[1] - self.y0], 1).astype(
            np.float32
        )

    def coarse(self, k: int) -> Grid:
        """The same view at 1/k of the resolution; only for a whole photo, whose window starts at (0, 0)."""
        origin = (self.origin[0] / k, self.origin[1] / k)
        return Grid(0, 0, -(-self.w // k), -(-self.h // k), origin, self.turn, self.per_cm / k, self.reach)

    @property
    def window(self) -> tuple[slice, slice]:
        return slice(self.y0, self.y0 + self.h), slice(self.x0, self.x0 + self.w)


def lesion_grid(lesion: PlannedLesion, camera: Camera) -> Grid | None:
    """The window of a lesion, or None where it lies outside the photo."""
    ox, oy = camera.to_pixels(*lesion.centre)
    r = lesion.reach * camera.per_cm
    x0, y0 = max(0, math.floor(ox - r)), max(0, math.floor(oy - r))
    x1, y1 = min(camera.size[0], math.ceil(ox + r) + 1), min(camera.size[1], math.ceil(oy + r) + 1)
    if x1 - x0 < 8 or y1 - y0 < 8:
        return None
    return Grid(x0, y0, x1 - x0, y1 - y0, (ox, oy), camera.turn + lesion.turn, camera.per_cm, lesion.reach)


def photo_grid(camera: Camera) -> Grid:
    """The whole photo in the body's directions, the origin in the middle of the photo."""
    w, h = camera.size
    return Grid(0, 0, w, h, (w / 2, h / 2), camera.turn, camera.per_cm, math.hypot(w, h) / 2 / camera.per_cm)


def step(x: F, low: float, high: float) -> F:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((x - np.float32(low)) * np.float32(1.0 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def blur(x: F, sigma: float) -> F:
    """Gaussian blur; wide ones at a quarter of the size, which looks the same and costs a tenth."""
    if sigma < 0.3:
        return x
    if sigma > 8 and min(x.shape[:2]) > 32:
        small = cv2.resize(x, (max(2, x.shape[1] // 4), max(2, x.shape[0] // 4)), interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), sigma / 4)
        return np.asarray(cv2.resize(small, (x.shape[1], x.shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(cv2.GaussianBlur(x, (0, 0), sigma), np.float32)


def resized(x: F, w: int, h: int) -> F:
    return np.asarray(cv2.resize(x, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def filled(region: F, gap_px: float) -> U8:
    """Region >= VISIBLE with gaps up to about `gap_px` closed: the area that a doctor would call the lesion. 0 or 1."""
    h, w = region.shape
    k = max(1, round(gap_px / 6))  # at low resolution: the closing is wide and its edge soft anyway
    small = cv2.resize(region, (max(2, w // k), max(2, h // k)), interpolation=cv2.INTER_AREA)
    size = max(1, round(gap_px / k)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    padded = cv2.copyMakeBorder(
        (small >= VISIBLE).astype(np.uint8), size, size, size, size, cv2.BORDER_CONSTANT, value=0
    )
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[size:-size, size:-size]
    big = cv2.resize(closed, (w, h), interpolation=cv2.INTER_NEAREST)
    return np.asarray((big > 0) | (region >= VISIBLE), np.uint8)


def main_parts(region: U8, least: float = 0.08) -> U8:
    """The region without islands smaller than `least` of its largest part: they would widen the box for nothing."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(region, connectivity=8)
    if count <= 2:
        return region
    areas = stats[1:, cv2.CC_STAT_AREA]
    keep = np.concatenate([[False], areas >= least * areas.max()])
    return np.asarray(keep[labels], np.uint8)
