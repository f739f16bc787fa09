"""The 67 clinical photos, split once: 20 to develop on, 47 to test on.

Near-duplicates stand on the same side. They were found by SIFT matches (ratio 0.75) that a homography explains (RANSAC,
4 px at 600 px, at least 13 inliers, the watermark's band cut off), between photos of one disease: eczema 07-08, 09-10,
21-22; lichen planus 06-26, 08-17, 21-22, 23-24; psoriasis 05-06. The development side holds every photo that anybody
looked at while the phantoms were made. Fixed on 2026-11-20, before any model was trained.
"""

from __future__ import annotations

import csv
from pathlib import Path

from benchmarks.common import DATA

FOLDER = DATA / "clinical_sample"
DEVELOPMENT = frozenset(
    [f"psoriasis_{n:02d}.jpg" for n in range(7)]
    + [f"eczema_{n:02d}.jpg" for n in (0, 1, 3, 5, 6, 21, 22)]
    + [f"lichen_planus_{n:02d}.jpg" for n in (2, 4, 6, 8, 17, 26)]
)


def photos(part: str) -> list[tuple[Path, str]]:
    """``(photo, disease)`` of ``part`` ("development" or "test")."""
    with (FOLDER / "labels.csv").open(encoding="utf-8", newline="") as table:
        rows = [(row["image"], row["disease"]) for row in csv.DictReader(table)]
    wanted = [(n, d) for n, d in rows if (n in DEVELOPMENT) == (part == "development")]
    return [(FOLDER / "images" / name, disease) for name, disease in wanted]
