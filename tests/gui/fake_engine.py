"""An engine without models, for tests and pictures: the engine's JSON lines, at once, with lesions that never change.

A photo whose name holds ``crash`` kills it, one with ``strange`` is unlike the training data, ``plain`` has no lesion.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

MODELS = {
    "detector": {"name": "fake-detector", "version": "1.0.0", "sha256": "d" * 64},
    "classifier": {"name": "fake-classifier", "version": "1.0.0", "sha256": "c" * 64},
}
STATE = {"device": "cpu", "device_reason": "no_gpu", "models": MODELS}
# Shares of the photo's width and height, the detector's score, the top 3.
LESIONS = (
    ((0.20, 0.20, 0.45, 0.50), 0.91, (("psoriasis", 0.87), ("eczema", 0.09), ("parapsoriasis", 0.02))),
    ((0.55, 0.55, 0.80, 0.85), 0.62, (("eczema", 0.58), ("psoriasis", 0.31), ("lichen_planus", 0.06))),
    ((0.60, 0.10, 0.75, 0.30), 0.30, (("lichen_planus", 0.44), ("eczema", 0.40), ("psoriasis", 0.10))),
)
OWN = (("lupus_erythematosus", 0.71), ("psoriasis", 0.2), ("eczema", 0.05))


def top3(ranked: tuple[tuple[str, float], ...]) -> list[dict[str, Any]]:
    return [{"disease": disease, "probability": share} for disease, share in ranked]


def answer(request: dict[str, Any]) -> dict[str, Any]:
    from app.common.images import photo_size

    photo = Path(request["path"])
    width, height = photo_size(photo)
    lesions = [
        {
            "number": number,
            "box": [x0 * width, y0 * height, x1 * width, y1 * height],
            "disease": ranked[0][0],
            "score": score,
            "top3": top3(ranked),
        }
        for number, ((x0, y0, x1, y1), score, ranked) in enumerate(LESIONS, 1)
        if request.get("detect", True) and "plain" not in photo.name
    ]
    boxes = [{"box": box, "top3": top3(OWN)} for box in request["boxes"]]
    strange = "strange" in photo.name
    return {
        "image": "",
        "width": width,
        "height": height,
        "device": "cpu",
        "models": MODELS,
        "lesions": lesions,
        "boxes": boxes,
        "top3": boxes[0]["top3"] if boxes else lesions[0]["top3"] if lesions else top3(OWN),
        "top3_of": "box" if boxes else "lesion" if lesions else "photo",
        "unlike_training": {"flag": strange, "score": 2.0 if strange else 0.1, "threshold": 1.0, "method": "fake"},
        "warnings": [],
        "timings_ms": {"decode": 40.0, "detect": 180.0, "classify": 60.0, "total": 280.0},
    }


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    say(event="ready", load_ms=1.0, **STATE)
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "stop":
            return
        if request["op"] == "diagnose":
            say(event="started", id=request["id"])
            if "crash" in request["path"]:
                os._exit(9)
            say(event="answer", id=request["id"], result=answer(request), **STATE)


if __name__ == "__main__":
    main()
