"""Hair and cloth: recall and false alarms on phantoms (drawn, so known) and on dermoscopic photos labelled by eye.

Developed on isic2016_lesions (ranked by length, looked at) and phantoms of seed 77. The 150 photos of ham10000_small
were drawn by the seed below and labelled on 2026-11-20 as thumbnails of 100 pixels by one person without medical
training, before the check had seen any: hair that anybody would see; those marked unsure count nowhere.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import cv2
import numpy as np

from app.cleaning.checks import default_thresholds
from app.cleaning.cover import examine
from app.cleaning.subject import Subject
from app.common.images import encode_jpeg
from app.common.phantoms import Nuisances, render
from benchmarks.clinical_split import photos as clinical_photos
from benchmarks.common import DATA, Share, keep, log_look

SEED = 20261120
HAIRY = frozenset((0, 3, 13, 17, 27, 35, 37, 41, 48, 53, 69, 70, 75, 92, 105, 107, 116, 131, 138))
UNSURE = frozenset((18, 34, 39, 42, 49, 50, 52, 60, 63, 74, 100, 113, 119, 123, 125, 129, 141, 149))
PHANTOM_SEED = 78
KINDS = {"bare": Nuisances(), "hair": Nuisances(hair=True), "clothing": Nuisances(clothing=True)}


def past(data: bytes) -> set[str]:
    limits = default_thresholds()
    return {f.check for f in examine(Subject("a.jpg", data)).findings if f.score >= limits[f.check]}


def on_phantoms(patients: int) -> dict[str, Any]:
    hits: dict[str, list[set[str]]] = {kind: [] for kind in KINDS}
    for index in range(patients):
        for kind, wanted in KINDS.items():
            photo = render(PHANTOM_SEED, index, "AB"[index % 2], ("far", "mid", "near")[index % 3], (800, 600), wanted)
            hits[kind].append(past(encode_jpeg(photo.pixels)))
    return {
        "hair recall": _share("hair" in found for found in hits["hair"]),
        "hair false alarms": _share("hair" in found for found in hits["bare"]),
        "clothing recall": _share("clothing" in found for found in hits["clothing"]),
        "clothing false alarms": _share("clothing" in found for found in hits["bare"]),
    }


def on_ham() -> dict[str, Any]:
    files = sorted((DATA / "ham10000_small" / "images").glob("*"))
    picked = sorted(np.random.default_rng(SEED).choice(len(files), 150, replace=False))
    found = [past(files[i].read_bytes()) for i in picked]
    bald = [k for k in range(len(found)) if k not in HAIRY and k not in UNSURE]
    flagged = [k for k, f in enumerate(found) if "hair" in f and k not in UNSURE]
    return {
        "hair recall": _share("hair" in found[k] for k in sorted(HAIRY)),
        "hair false alarms": _share("hair" in found[k] for k in bald),
        "hair precision": _share(k in HAIRY for k in flagged),
        "clothing false alarms": _share("clothing" in f for f in found),
        "missed": sorted(k for k in HAIRY if "hair" not in found[k]),
        "false": sorted(k for k in bald if "hair" in found[k]),
    }


def on_clinical() -> dict[str, Any]:
    """Nobody labelled these: how many are flagged, and which, to look at by eye."""
    found = {file.name: past(file.read_bytes()) for file, _ in clinical_photos("test")}
    return {check: sorted(n for n, f in found.items() if check in f) for check in ("hair", "clothing")}


def _share(hits: Any) -> dict[str, Any]:
    seen = list(hits)
    return Share(sum(seen), len(seen)).as_json()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="phantoms only")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    result: dict[str, Any] = {"phantoms": on_phantoms(6 if options.quick else 60)}
    if not options.quick:
        result |= {"ham10000_small": on_ham(), "clinical_sample": on_clinical()}
        seen = {name: part["value"] for name, part in result["ham10000_small"].items() if isinstance(part, dict)}
        what = "150 of ham10000_small labelled for hair; clinical_sample (47): hair and cloth"
        said = ", ".join(f"{name} {value:.3f}" for name, value in seen.items())
        log_look(what, "first look with the committed thresholds", said)
    keep("cover", result, not options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
