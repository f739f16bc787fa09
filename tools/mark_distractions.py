"""What only looks like a mark over a photo, drawn into training photos: hair, flakes, bubbles, cloth, rims."""

from __future__ import annotations

import cv2
import numpy as np

from tools.mark_letters import F


def add_distraction(photo: F, rng: np.random.Generator) -> None:
    """What is none of the four: hair, coloured patches, flakes, bubbles, edges of cloth, dark rims."""
    h, w = photo.shape[:2]
    short = min(h, w)
    kind = int(rng.integers(7))
    layer = np.zeros((h, w), np.float32)
    colour = np.array((35, 28, 25), np.float32) * float(rng.uniform(0.4, 3))
    if kind <= 1:
        heading = float(rng.uniform(0, 6.3))
        for _ in range(int(rng.integers(3, 50))):
            angle = heading + rng.normal(0, 0.6) + np.linspace(0, rng.normal(0, 1.2), 10)
            steps = np.stack([np.cos(angle), np.sin(angle)], 1) * short * float(rng.uniform(0.01, 0.09))
            line = np.array([rng.uniform(0, w), rng.uniform(0, h)]) + np.cumsum(steps, 0)
            cv2.polylines(
                layer,
                [np.round(line * 8).astype(np.int32)],
                False,
                float(rng.uniform(0.4, 1)),
                1 + int(rng.random() < 0.3),
                cv2.LINE_AA,
                3,
            )
        if rng.random() < 0.15:
            colour = np.array((225, 220, 210), np.float32)
    elif kind == 2:
        centre = (int(rng.choice([0, w])) + int(rng.normal(0, w / 12)), int(rng.uniform(0, h)))
        cv2.circle(layer, centre, int(short * rng.uniform(0.1, 0.35)), 1.0, -1, cv2.LINE_AA)
        colour = rng.uniform(0, 255, 3).astype(np.float32)
    elif kind == 3:
        middle, spread = np.array([rng.uniform(0, w), rng.uniform(0, h)]), short * float(rng.uniform(0.05, 0.3))
        for _ in range(int(rng.integers(5, 160))):  # scales of one plaque, cracks between them
            size = max(1, int(short * rng.uniform(0.003, 0.03)))
            points = rng.normal(0, size, (6, 2)) + rng.normal(middle, spread)
            if rng.random() < 0.7:
                cv2.fillPoly(layer, [np.round(points).astype(np.int32)], float(rng.uniform(0.2, 0.9)), cv2.LINE_AA)
            else:
                cv2.polylines(
                    layer,
                    [np.round(points).astype(np.int32)],
                    False,
                    float(rng.uniform(0.3, 0.9)),
                    1 + size // 8,
                    cv2.LINE_AA,
                )
        colour = np.array((245, 240, 232), np.float32)
    elif kind == 4:
        for _ in range(int(rng.integers(1, 6))):
            axes = (int(short * rng.uniform(0.01, 0.06)) + 1, int(short * rng.uniform(0.01, 0.06)) + 1)
            centre = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
            cv2.ellipse(
                layer, centre, axes, float(rng.uniform(0, 180)), 0, float(rng.uniform(120, 360)), 0.6, 1, cv2.LINE_AA
            )
        colour = np.array((250, 250, 250), np.float32)
    elif kind == 5:
        x = int(rng.uniform(0, 0.3) * w)
        points = np.array([(0, 0), (x, 0), (int(x * rng.uniform(0, 2)), h), (0, h)], np.int32)
        if rng.random() < 0.5:
            points[:, 0] = w - points[:, 0]
        cv2.fillPoly(layer, [points], 1.0, cv2.LINE_AA)
        if rng.random() < 0.6:  # woven
            layer *= 0.85 + 0.15 * np.sin(np.arange(w, dtype=np.float32) * float(rng.uniform(0.5, 2.5)))
        colour = rng.uniform(0, 255, 3).astype(np.float32)
    else:
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
        away = np.hypot((xx - w / 2) / w, (yy - h / 2) / h)
        layer = np.clip((away - float(rng.uniform(0.42, 0.6))) * float(rng.uniform(4, 80)), 0, 1)
        colour = np.zeros(3, np.float32)
    photo += (colour - photo) * (layer * float(rng.uniform(0.6, 1)))[..., None]
